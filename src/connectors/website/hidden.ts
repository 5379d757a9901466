import { parseColour, parseDeclarations, parseStyleSheet, pixels } from './css.ts';
import type { Colour, Declarations } from './css.ts';
import { isComment, isElement, isText, textOf, walk } from './dom.ts';
import type { DomDocument, DomElement, DomNode } from './dom.ts';
import { indexStyles } from './selectors.ts';

/** Elements whose text is never shown as text of the page, or only where something else failed. */
const NEVER_SHOWN = new Set(
  'script style template noscript noframes noembed iframe object embed applet canvas svg math audio video select datalist textarea input button meter progress map frameset'.split(
    ' ',
  ),
);

const RELEVANT =
  /^(display|visibility|opacity|font(-size)?|color|background(-color|-image|-clip)?|-webkit-(text-fill-color|background-clip)|position|left|right|top|bottom|inset|text-indent|margin(-left|-top)?|clip|clip-path|(max-)?(width|height)|overflow(-[xy])?|transform|scale|content-visibility|filter|zoom|mso-hide)$/;

// Site builders and scroll libraries serve text transparent and fade it in by script; these attributes mark it. A visitor reads it.
const FADES_IN = [
  'data-w-id',
  'data-framer-appear-id',
  'data-aos',
  'data-animate',
  'data-scroll',
  'data-sal',
];

const OFF_SCREEN_PX = -500;
const FAINT = 0.1;
const TINY_FONT_PX = 2.5;

/** Inherited from element to element: what decides whether text inside can be seen. */
type Seen = {
  invisible: boolean;
  fontPx: number;
  colour: Colour | null;
  background: Colour | null;
  clipped: boolean;
};

function isMovedOff(style: Declarations): boolean {
  const position = style.get('position');
  const positioned =
    position === 'absolute' || position === 'fixed' || position === 'relative' || position === 'sticky';
  const offsets = ['left', 'top', 'right', 'bottom'].map((side) => pixels(style.get(side)) ?? 0);
  if (positioned && offsets.some((offset) => offset <= OFF_SCREEN_PX)) return true;
  const shifts = ['text-indent', 'margin-left', 'margin-top'].map((side) => pixels(style.get(side)) ?? 0);
  if (shifts.some((shift) => shift <= OFF_SCREEN_PX)) return true;
  const margins = (style.get('margin') ?? '').split(/\s+/).map((each) => pixels(each) ?? 0);
  if (margins.some((margin) => margin <= OFF_SCREEN_PX)) return true;
  const moves = /translate(?:x|y|3d)?\(([^)]*)\)/.exec(style.get('transform') ?? '')?.[1] ?? '';
  return moves.split(',').some((move) => (pixels(move) ?? 0) <= 2 * OFF_SCREEN_PX);
}

function isCutAway(style: Declarations): boolean {
  const clip = /rect\(([^)]*)\)/.exec(style.get('clip') ?? '')?.[1];
  if (clip !== undefined) {
    const [top = 0, right = 0, bottom = 0, left = 0] = clip
      .split(/[\s,]+/)
      .map((side) => pixels(side) ?? Number.NaN);
    if (right - left <= 1 && bottom - top <= 1) return true;
  }
  const path = style.get('clip-path') ?? '';
  if (
    /^(inset\((5\d|[6-9]\d|100)(\.\d+)?%|circle\(0|ellipse\(0|polygon\(0(px|%)? 0(px|%)?\s*(,\s*0(px|%)? 0(px|%)?\s*)*\))/.test(
      path,
    )
  )
    return true;
  const overflow = style.get('overflow') ?? style.get('overflow-y') ?? style.get('overflow-x') ?? '';
  if (!/hidden|clip/.test(overflow)) return false;
  return ['width', 'height', 'max-width', 'max-height'].some((side) => {
    const size = pixels(style.get(side));
    return size !== null && size <= 1;
  });
}

/** True when nothing inside the element can be seen, whatever its children say. */
function hidesAll(element: DomElement, style: Declarations): boolean {
  if (element.getAttribute('hidden') !== null) return true;
  if (element.localName === 'dialog' && element.getAttribute('open') === null) return true;
  if (style.get('display') === 'none' || style.get('content-visibility') === 'hidden') return true;
  if (style.get('mso-hide') === 'all' || pixels(style.get('zoom')) === 0 || style.get('zoom') === '0')
    return true;
  const opacity = style.get('opacity');
  if (opacity !== undefined) {
    const share = opacity.endsWith('%') ? Number(opacity.slice(0, -1)) / 100 : Number(opacity);
    if (share < FAINT && !FADES_IN.some((name) => element.getAttribute(name) !== null)) return true;
  }
  if (/opacity\(\s*(0|0?\.0\d*|\d(\.\d+)?%)\s*\)/.test(style.get('filter') ?? '')) return true;
  if (/scale(x|y|3d)?\(\s*0?\.?0*\s*[,)]/.test(style.get('transform') ?? '') || style.get('scale') === '0')
    return true;
  return isMovedOff(style) || isCutAway(style);
}

function nextFont(style: Declarations, element: DomElement, fontPx: number): number {
  const shorthand = /(?:^|\s)([\d.]+(?:px|pt|r?em|%))(?:\/|\s|$)/.exec(style.get('font') ?? '')?.[1];
  const size = style.get('font-size') ?? shorthand;
  if (element.localName === 'font' && element.getAttribute('size') === '0') return 0;
  if (size === undefined) return fontPx;
  const relative = /^([\d.]+)(em|%)$/.exec(size);
  if (relative !== null)
    return fontPx * (relative[2] === 'em' ? Number(relative[1]) : Number(relative[1]) / 100);
  return pixels(size) ?? (fontPx < TINY_FONT_PX ? 16 : fontPx);
}

function nextBackground(style: Declarations, element: DomElement, background: Colour | null): Colour | null {
  const shorthand = style.get('background');
  const image = style.get('background-image');
  if ((image !== undefined && image !== 'none') || /url\(|gradient\(/.test(shorthand ?? '')) return null;
  const value = style.get('background-color') ?? shorthand ?? element.getAttribute('bgcolor')?.toLowerCase();
  if (value === undefined) return background;
  const colour = parseColour(value);
  return colour !== null && colour.alpha < FAINT ? background : colour;
}

function inherit(seen: Seen, style: Declarations, element: DomElement): Seen {
  const visibility = style.get('visibility');
  const fill = style.get('-webkit-text-fill-color') ?? style.get('color');
  const fontColour = element.localName === 'font' ? element.getAttribute('color')?.toLowerCase() : undefined;
  const value = fill ?? fontColour;
  const clip = style.get('background-clip') ?? style.get('-webkit-background-clip');
  return {
    invisible:
      visibility === undefined ? seen.invisible : visibility === 'hidden' || visibility === 'collapse',
    fontPx: nextFont(style, element, seen.fontPx),
    colour: value === undefined || value === 'inherit' ? seen.colour : parseColour(value),
    background: nextBackground(style, element, seen.background),
    // Letters cut out of a gradient are transparent and yet plain to see.
    clipped: seen.clipped || clip === 'text',
  };
}

const SAME_SHADE = 12;

function canBeRead({ invisible, fontPx, colour, background, clipped }: Seen): boolean {
  if (invisible || fontPx < TINY_FONT_PX) return false;
  if (colour === null || clipped) return true;
  if (colour.alpha < FAINT) return false;
  if (background === null) return true;
  return (
    Math.abs(colour.red - background.red) > SAME_SHADE ||
    Math.abs(colour.green - background.green) > SAME_SHADE ||
    Math.abs(colour.blue - background.blue) > SAME_SHADE
  );
}

const WHITE: Colour = { red: 255, green: 255, blue: 255, alpha: 1 };
const NO_STYLE: Declarations = new Map();

function stylesOf(root: DomElement) {
  const sheets: string[] = [];
  let linked = false;
  walk(root, (node) => {
    if (!isElement(node)) return false;
    if (node.localName === 'style' && !/print/i.test(node.getAttribute('media') ?? ''))
      sheets.push(textOf(node));
    if (node.localName === 'link' && /stylesheet/i.test(node.getAttribute('rel') ?? '')) linked = true;
    return true;
  });
  const matters = (declarations: Declarations) =>
    [...declarations.keys()].some((property) => RELEVANT.test(property));
  return { index: indexStyles(sheets.flatMap(parseStyleSheet), matters), linked };
}

/**
 * Takes out of a document everything that a visitor does not see: comments, scripts, templates and fallbacks, hidden attributes,
 * and what style attributes and the page's own style sheets hide by any of the usual tricks. Linked style sheets are not
 * fetched. Text that is only taken from screen readers (aria-hidden) or faded in on scroll is seen and stays; `html` and `body` themselves are never
 * judged, since many pages show themselves by script. Metadata in `head` stays.
 * @returns false when the page has too many style rules to tell
 */
export function removeHidden(document: DomDocument): boolean {
  const root = document.documentElement;
  if (root === null) return true;
  const { index, linked } = stylesOf(root);
  const start: Seen = {
    invisible: false,
    fontPx: 16,
    colour: null,
    background: linked ? null : WHITE,
    clipped: false,
  };
  const stack: Seen[] = [start];
  const doomed: DomNode[] = [];

  walk(
    root,
    (node) => {
      const seen = stack.at(-1) ?? start;
      if (isComment(node)) doomed.push(node);
      if (isText(node) && !canBeRead(seen)) doomed.push(node);
      if (!isElement(node)) return false;
      if (node.localName === 'head') return false;
      if (NEVER_SHOWN.has(node.localName)) {
        doomed.push(node);
        return false;
      }
      const inline = node.getAttribute('style');
      const sheet = index.styleOf(node);
      const style =
        inline === null
          ? (sheet ?? NO_STYLE)
          : new Map([...(sheet ?? NO_STYLE), ...parseDeclarations(inline)]);
      const outermost = node.localName === 'html' || node.localName === 'body';
      if (!outermost && hidesAll(node, style)) {
        doomed.push(node);
        return false;
      }
      const next = inherit(seen, style, node);
      stack.push(outermost ? { ...start, background: next.background, colour: next.colour } : next);
      return true;
    },
    () => {
      stack.pop();
    },
  );
  for (const node of doomed) node.remove();
  return !index.exhausted();
}
