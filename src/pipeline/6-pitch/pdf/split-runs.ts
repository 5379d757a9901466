import { UNKNOWN } from './fonts.ts';
import type { Face, FontName, Fonts } from './fonts.ts';

/** A stretch of a text that one font draws. `start` and `end` are places in the text. */
export type FontRun = { start: number; end: number; font: FontName };

// Keycaps, skin tones, flags, and pictures with joiners between them (Unicode 17, UTS 51), without variation selectors: no text holds them here.
const SEQUENCE =
  /[0-9#*]\u20E3|\u{1F3F4}[\u{E0020}-\u{E007F}]+|\p{Regional_Indicator}{2}|\p{Extended_Pictographic}(?:\p{Emoji_Modifier}(?:\u200D\p{Extended_Pictographic}\p{Emoji_Modifier}?)*|(?:\u200D\p{Extended_Pictographic}\p{Emoji_Modifier}?)+)/gu;

/**
 * A text → the same with every character that no font can draw replaced by U+FFFD (of the same length, so that places stay), and
 * the runs of fonts that it takes.
 */
export function splitRuns(text: string, face: Face, fonts: Fonts): { text: string; runs: FontRun[] } {
  const runs: FontRun[] = [];
  let drawn = '';
  let before: FontName | null = null;
  for (const part of splitParts(text, fonts)) {
    const start = drawn.length;
    const chosen: FontName | null = isSequence(part) ? 'emoji' : fonts.choose(part, face, before);
    drawn += chosen === null ? UNKNOWN.repeat(part.length) : part;
    const font: FontName = chosen ?? 'sans';
    const last = runs.at(-1);
    if (last?.font === font) last.end = drawn.length;
    else runs.push({ start, end: drawn.length, font });
    before = font;
  }
  return { text: drawn, runs };
}

/** The characters of a text; those that make one picture together. */
function* splitParts(text: string, fonts: Fonts): Generator<string> {
  let at = 0;
  for (const { 0: sequence, index } of text.matchAll(SEQUENCE)) {
    if (!fonts.drawsAsOne(sequence)) continue;
    yield* text.slice(at, index);
    yield sequence;
    at = index + sequence.length;
  }
  yield* text.slice(at);
}

const isSequence = (part: string): boolean =>
  part.length > String.fromCodePoint(part.codePointAt(0) ?? 0).length;
