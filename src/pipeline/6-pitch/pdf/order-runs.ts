import bidiFactory from 'bidi-js';

const bidi = bidiFactory();
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Level of each character (odd: right to left), null where all of it runs from the left; and from where the paragraph begins. */
export type Levels = { levels: Uint8Array | null; fromRight: boolean };

// Set a stretch apart from what is around it (FSI and PDI).
const ISOLATE = ['\u2068', '\u2069'] as const;

/**
 * The directions in a paragraph (UAX 9). It begins from where its first letter does, and a link or what is kept whole turns nothing around it.
 * Where a part stands apart it begins from the left, and each of its parts is ordered by itself.
 */
export function findLevels(
  spans: readonly { text: string; apart?: boolean; whole?: boolean; link?: unknown }[],
): Levels {
  const text = spans.map((span) => span.text).join('');
  if (!RIGHT_TO_LEFT.test(text)) return { levels: null, fromRight: false };
  if (!spans.some(({ apart }) => apart)) {
    const parts = spans.map((span) => ({ ...span, alone: span.whole === true || span.link !== undefined }));
    const { levels, paragraphs } = bidi.getEmbeddingLevels(
      parts.map(({ text: part, alone }) => (alone ? ISOLATE.join(part) : part)).join(''),
    );
    let at = 0;
    const kept = parts.flatMap((part) => {
      const from = at + (part.alone ? 1 : 0);
      at = from + part.text.length + (part.alone ? 1 : 0);
      return Array.from(levels.slice(from, from + part.text.length));
    });
    return { levels: Uint8Array.from(kept), fromRight: (paragraphs[0]?.level ?? 0) % 2 === 1 };
  }
  const levels = spans.flatMap((span) => [
    ...bidi.getEmbeddingLevels(span.text, span.apart ? 'auto' : 'ltr').levels,
  ]);
  return { levels: Uint8Array.from(levels), fromRight: false };
}

/** Pieces of a line in the order of the text → in the order in which they stand on the line (UAX 9, rule L2). */
export function orderPieces<T extends { level: number }>(pieces: readonly T[]): T[] {
  const ordered = [...pieces];
  const levels = ordered.map(({ level }) => level);
  const lowestOdd = Math.min(...levels.map((level) => level | 1));
  for (let level = Math.max(0, ...levels); level >= lowestOdd; level -= 1)
    for (let from = 0; from < ordered.length; from += 1) {
      let to = from;
      while (to < ordered.length && (ordered[to]?.level ?? -1) >= level) to += 1;
      if (to > from + 1) ordered.splice(from, to - from, ...ordered.slice(from, to).reverse());
      from = Math.max(from, to - 1);
    }
  return ordered;
}

/**
 * A piece of one level → what the font library must be given so that it stands right. The library turns a piece around by its
 * script alone and mirrors nothing.
 */
export function writePiece(text: string, level: number): string {
  const turned = RIGHT_TO_LEFT.test(text);
  const rightToLeft = level % 2 === 1;
  const mirrored = rightToLeft
    ? Array.from(text, (character) => bidi.getMirroredCharacter(character) ?? character).join('')
    : text;
  if (turned === rightToLeft) return mirrored;
  return Array.from(graphemes.segment(mirrored), ({ segment }) => segment)
    .reverse()
    .join('');
}
