import LineBreaker from 'linebreak';
import type { Face, FontName, Fonts } from './fonts.ts';
import { findLevels, orderPieces, writePiece } from './order-runs.ts';
import type { Levels } from './order-runs.ts';
import { splitRuns } from './split-runs.ts';

/** Where a piece of text leads: an address of the web, or a named place in the document. `label` is read aloud. */
export type Link = { url: string; label: string } | { place: string; label: string };
export type Ink = { face: Face; size: number; color: string };
/** A stretch of a paragraph in one ink. */
export type Span = {
  text: string;
  ink: Ink;
  link?: Link;
  /** A name or the like within a line of ours, which runs from the left: its own direction turns nothing around it. */
  apart?: boolean;
  /** Broken only where it is alone too wide for a line. */
  whole?: boolean;
};

/** What is drawn in one go; `x` counts from the left of the column. */
export type Piece = {
  x: number;
  width: number;
  text: string;
  font: FontName;
  size: number;
  color: string;
  link: Link | null;
  rightToLeft: boolean;
  /** The text as it is read, where it is drawn in another order; null: as it is drawn. */
  read: string | null;
};
export type Line = {
  pieces: Piece[];
  width: number;
  /** The paragraph begins on the right. */ fromRight: boolean;
};

/** Width of a text in points, as it will be drawn. */
export type Measure = (font: FontName, size: number, text: string, rightToLeft: boolean) => number;
export type Setting = { fonts: Fonts; measure: Measure };

// Longer ones are cut before they come here; this keeps a slip from costing seconds.
const MOST_CHARACTERS = 12_000;
const ELLIPSIS = '…';
const MOST_ROUNDS = 32;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * A paragraph → its lines, none wider than `width` points: broken where the language allows (UAX 14), within a word only where the
 * word alone is too wide. Beyond `most` lines it is cut: the last one ends in "…" and the `tail`, which is never cut itself.
 */
export function layText(
  setting: Setting,
  spans: readonly Span[],
  width: number,
  {
    most = Number.POSITIVE_INFINITY,
    tail = [],
  }: { most?: number | undefined; tail?: readonly Span[] | undefined } = {},
): Line[] {
  const main = cutSpans(spans, MOST_CHARACTERS);
  let paragraph = prepare(setting, [...main, ...tail]);
  let ranges = breakLines(setting, paragraph, width, most);
  const last = ranges[most - 1];
  if (ranges.length > most && last !== undefined) {
    const kept = [...graphemes.segment(paragraph.text.slice(0, last.end))].map(({ index }) => index);
    // Each round drops one character more, until the ellipsis and the tail have room.
    for (let room = 1; room <= MOST_ROUNDS && ranges.length > most; room += 1) {
      const cut = cutSpans(main, kept.at(-room) ?? 0);
      const end = cut.at(-1);
      const whole =
        end === undefined ? [] : [...cut.slice(0, -1), { ...end, text: `${end.text.trimEnd()}${ELLIPSIS}` }];
      paragraph = prepare(setting, [...whole, ...tail]);
      ranges = breakLines(setting, paragraph, width, most);
    }
  }
  return ranges.slice(0, most).map((range) => placePieces(setting, paragraph, range, width));
}

type Range = { start: number; end: number };
/** A stretch that has one ink and one font. */
type Atom = Range & { span: Span; font: FontName };
type Paragraph = { text: string; spans: readonly Span[]; atoms: Atom[] } & Levels;

function prepare({ fonts }: Setting, spans: readonly Span[]): Paragraph {
  let text = '';
  const atoms: Atom[] = [];
  const drawn = spans.map((span) => {
    const split = splitRuns(span.text.replaceAll('\n', ' '), span.ink.face, fonts);
    for (const { start, end, font } of split.runs)
      atoms.push({ start: text.length + start, end: text.length + end, span, font });
    text += split.text;
    return { ...span, text: split.text };
  });
  return { text, spans: drawn, atoms, ...findLevels(drawn) };
}

function cutSpans(spans: readonly Span[], length: number): Span[] {
  let left = length;
  return spans.flatMap((span) => {
    const text = span.text.slice(0, left).toWellFormed();
    left -= text.length;
    return text === '' ? [] : [{ ...span, text }];
  });
}

function measureRange(
  { measure }: Setting,
  { text, atoms, levels }: Paragraph,
  { start, end }: Range,
): number {
  let width = 0;
  for (const atom of atoms) {
    if (atom.end <= start) continue;
    if (atom.start >= end) break;
    const [from, to] = [Math.max(start, atom.start), Math.min(end, atom.end)];
    const rightToLeft = (levels?.[from] ?? 0) % 2 === 1;
    width += measure(atom.font, atom.span.ink.size, text.slice(from, to), rightToLeft);
  }
  return width;
}

/** What white space at the end takes: it may hang over. Measured by itself, so that each word is shaped once. */
function measureEnd(setting: Setting, paragraph: Paragraph, { start, end }: Range): number {
  const visible = paragraph.text.slice(start, end).trimEnd().length;
  let width = 0;
  for (let at = start + visible; at < end; at += 1)
    width += measureRange(setting, paragraph, { start: at, end: at + 1 });
  return width;
}

/** At most one line more than asked for: what lies beyond is not looked at. */
function breakLines(setting: Setting, paragraph: Paragraph, width: number, most: number): Range[] {
  const { text } = paragraph;
  const lines: Range[] = [];
  let line: Range = { start: 0, end: 0 };
  let reached = 0;
  const take = (unit: Range, whole: number, visible: number): void => {
    if (reached + visible > width && line.end > line.start) {
      lines.push(line);
      line = { start: unit.start, end: unit.start };
      reached = 0;
    }
    line.end = unit.end;
    reached += whole;
  };
  for (const unit of findUnits(paragraph)) {
    if (lines.length > most) break;
    const whole = measureRange(setting, paragraph, unit);
    const visible = whole - measureEnd(setting, paragraph, unit);
    if (visible <= width) take(unit, whole, visible);
    else
      for (const { index, segment } of graphemes.segment(text.slice(unit.start, unit.end))) {
        if (lines.length > most) break;
        const part = { start: unit.start + index, end: unit.start + index + segment.length };
        const wide = measureRange(setting, paragraph, part);
        take(part, wide, wide);
      }
  }
  if (line.end > line.start) lines.push(line);
  return lines;
}

function* findUnits({ text, spans }: Paragraph): Generator<Range> {
  const kept: Range[] = [];
  let at = 0;
  for (const span of spans) {
    if (span.whole) kept.push({ start: at, end: at + span.text.length });
    at += span.text.length;
  }
  const breaker = new LineBreaker(text);
  let start = 0;
  for (let found = breaker.nextBreak(); found; found = breaker.nextBreak()) {
    const { position } = found;
    if (position <= start || kept.some((range) => position > range.start && position < range.end)) continue;
    yield { start, end: position };
    start = position;
  }
}

function placePieces({ measure }: Setting, paragraph: Paragraph, range: Range, width: number): Line {
  const { text, atoms, levels, fromRight } = paragraph;
  // From the left a space at the end hangs over unseen, and tells programs that read the text that a word ends.
  const end = levels === null ? range.end : range.start + text.slice(range.start, range.end).trimEnd().length;
  const cuts: (Range & { atom: Atom; level: number })[] = [];
  for (const atom of atoms) {
    if (atom.end <= range.start || atom.start >= end) continue;
    for (let at = Math.max(range.start, atom.start); at < Math.min(end, atom.end);) {
      const level = levels?.[at] ?? 0;
      let to = at + 1;
      while (to < Math.min(end, atom.end) && (levels?.[to] ?? 0) === level) to += 1;
      cuts.push({ start: at, end: to, atom, level });
      at = to;
    }
  }
  let x = 0;
  const placed = orderPieces(cuts).map(({ start, end: to, atom, level }) => {
    const { ink, link = null } = atom.span;
    const rightToLeft = level % 2 === 1;
    const read = text.slice(start, to);
    const written = writePiece(read, level);
    const wide = measure(atom.font, ink.size, written, rightToLeft);
    const piece = { x, width: wide, text: written, font: atom.font, size: ink.size, color: ink.color, link };
    x += wide;
    return { start, piece: { ...piece, rightToLeft, read: rightToLeft ? read : null } };
  });
  const shift = fromRight ? Math.max(0, width - x) : 0;
  // Drawn in the order in which they are read, wherever they stand.
  const pieces = placed
    .toSorted((a, b) => a.start - b.start)
    .map(({ piece }): Piece => ({ ...piece, x: piece.x + shift }));
  return { pieces, width: x, fromRight };
}
