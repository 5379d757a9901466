// The type in which every rival sets a block: font, size in points, space above.
export const STYLES = {
  title: { font: 'serif-bold', size: 25, above: 0 },
  facts: { font: 'sans', size: 9.5, above: 6 },
  heading: { font: 'serif-bold', size: 13, above: 14 },
  label: { font: 'sans-bold', size: 9, above: 6 },
  quote: { font: 'serif', size: 10, above: 2 },
  text: { font: 'sans', size: 9, above: 3 },
  item: { font: 'sans', size: 9, above: 2 },
  small: { font: 'sans', size: 7.6, above: 2 },
};
export const PAGE = { width: 595.28, height: 841.89, margin: 48, bottom: 56 };
export const LEADING = 1.35;
