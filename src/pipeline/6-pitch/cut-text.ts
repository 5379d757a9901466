// How far back a cut may go to end with a whole word.
const LOOK_BACK = 24;
// The longest picture of several characters that Unicode lists takes 15 (emoji-test.txt); letters with more accents than that are cut.
const LONGEST_LETTER = 20;

const letters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A text of at most `most` characters: what is longer ends with "…", behind a whole word where one ends near. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const window = text.slice(0, end + LONGEST_LETTER);
  const letter = letters.segment(window).containing(end);
  const begun = letter !== undefined && letter.segment.length <= LONGEST_LETTER ? letter.index : end;
  const cut = window
    .slice(0, begun)
    .toWellFormed()
    .replace(/\uFFFD$/, '');
  const space = cut.lastIndexOf(' ');
  return `${(space > Math.max(0, cut.length - LOOK_BACK) ? cut.slice(0, space) : cut).trimEnd()}…`;
}
