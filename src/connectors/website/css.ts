/** One declaration block as property → value, lower case; a later one wins. */
export type Declarations = Map<string, string>;

const ESCAPE = /\\(?:([0-9a-f]{1,6})\s?|(.))/gi;

function unescapeCss(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (_, hex: string | undefined, character: string | undefined) => {
    if (hex === undefined) return character ?? '';
    const code = Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}

/** Takes out CSS comments in one pass. */
function dropComments(css: string): string {
  let kept = '';
  let from = 0;
  for (;;) {
    const start = css.indexOf('/*', from);
    if (start === -1) return kept + css.slice(from);
    kept += css.slice(from, start);
    const end = css.indexOf('*/', start + 2);
    if (end === -1) return kept;
    from = end + 2;
  }
}

/** `display:none; COLOR: #fff !important` → declarations. Important ones are not overridden by others of the block. */
export function parseDeclarations(block: string): Declarations {
  const declarations: Declarations = new Map();
  const important = new Set<string>();
  for (const part of dropComments(block).split(';')) {
    const colon = part.indexOf(':');
    if (colon === -1) continue;
    const property = unescapeCss(part.slice(0, colon)).trim().toLowerCase();
    const raw = unescapeCss(part.slice(colon + 1))
      .trim()
      .toLowerCase();
    const value = raw.replace(/\s*!\s*important$/, '');
    if (value !== raw) important.add(property);
    else if (important.has(property)) continue;
    declarations.set(property, value);
  }
  return declarations;
}

export type StyleRule = { selector: string; declarations: Declarations };

// Conditions that hold for a visitor at a desk; other media (print, narrow screens) say nothing about what is seen here.
const EVERYDAY_MEDIA = /^@(layer\b.*|supports\b.*|media\s+(only\s+)?(all|screen))$/;

/** The rules of a style sheet, one per selector, in order. Broken CSS yields what can be read; time grows with length only. */
export function parseStyleSheet(css: string): StyleRule[] {
  const text = dropComments(css);
  const rules: StyleRule[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{', at);
    if (open === -1) break;
    const head = (text.slice(at, open).split(/[;}]/).at(-1) ?? '').trim().toLowerCase();
    if (head.startsWith('@')) {
      at = EVERYDAY_MEDIA.test(head) ? open + 1 : endOfBlock(text, open);
      continue;
    }
    const close = text.indexOf('}', open);
    const end = close === -1 ? text.length : close;
    const declarations = parseDeclarations(text.slice(open + 1, end));
    const prelude = (text.slice(at, open).split(/[;}]/).at(-1) ?? '').trim();
    for (const selector of prelude.split(',')) rules.push({ selector: selector.trim(), declarations });
    at = end + 1;
  }
  return rules;
}

function endOfBlock(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** A length in pixels, as far as it can be told without a layout; null for anything else. 1 em is taken as 16 px. */
export function pixels(value: string | undefined): number | null {
  const match = /^([-+]?(?:\d+\.?\d*|\.\d+))(px|pt|em|rem|ex|ch|vw|vh|%)?$/.exec(value?.trim() ?? '');
  if (match === null) return null;
  const number = Number(match[1]);
  const unit = match[2];
  // Percent and viewport lengths as on a window of 1000 px.
  const perUnit: Record<string, number> = {
    px: 1,
    pt: 4 / 3,
    em: 16,
    rem: 16,
    ex: 8,
    ch: 8,
    vw: 10,
    vh: 10,
    '%': 10,
  };
  if (unit === undefined) return number === 0 ? 0 : null;
  return number * (perUnit[unit] ?? 1);
}

const NAMED_COLOURS: Record<string, string> = {
  white: '#ffffff',
  black: '#000000',
  snow: '#fffafa',
  ivory: '#fffff0',
  ghostwhite: '#f8f8ff',
  whitesmoke: '#f5f5f5',
  floralwhite: '#fffaf0',
  red: '#ff0000',
  green: '#008000',
  blue: '#0000ff',
  yellow: '#ffff00',
  gray: '#808080',
  grey: '#808080',
  silver: '#c0c0c0',
};

export type Colour = { red: number; green: number; blue: number; alpha: number };

/** A colour as numbers 0–255 (alpha 0–1); null when it is none that we can read. */
export function parseColour(value: string | undefined): Colour | null {
  const text = value?.trim() ?? '';
  if (text === 'transparent') return { red: 0, green: 0, blue: 0, alpha: 0 };
  const hex = /^#?([0-9a-f]{3,8})$/.exec(NAMED_COLOURS[text] ?? text)?.[1];
  if (hex !== undefined && [3, 4, 6, 8].includes(hex.length)) {
    const full = hex.length < 6 ? hex.replace(/./g, '$&$&') : hex;
    const part = (at: number) => Number.parseInt(full.slice(at, at + 2), 16);
    return { red: part(0), green: part(2), blue: part(4), alpha: full.length === 8 ? part(6) / 255 : 1 };
  }
  const call = /^rgba?\(([^)]*)\)$/.exec(text)?.[1];
  if (call === undefined) return null;
  const [red, green, blue, alpha] = call.split(/[\s,/]+/).filter((each) => each !== '');
  const share = alpha?.endsWith('%') === true ? Number(alpha.slice(0, -1)) / 100 : Number(alpha ?? 1);
  const colour = { red: Number(red), green: Number(green), blue: Number(blue), alpha: share };
  return Object.values(colour).some(Number.isNaN) ? null : colour;
}
