import { UNKNOWN } from './fonts.ts';
import type { Face, FontName, Fonts } from './fonts.ts';

/** A stretch of a text that one font draws. `start` and `end` are places in the text. */
export type FontRun = { start: number; end: number; font: FontName };

/**
 * A text → the same with every character that no font can draw replaced by U+FFFD (of the same length, so that places stay), and
 * the runs of fonts that it takes.
 */
export function splitRuns(text: string, face: Face, fonts: Fonts): { text: string; runs: FontRun[] } {
  const runs: FontRun[] = [];
  let drawn = '';
  let before: FontName | null = null;
  for (const character of text) {
    const start = drawn.length;
    const chosen = fonts.choose(character, face, before);
    drawn += chosen === null ? UNKNOWN.repeat(character.length) : character;
    const font = chosen ?? 'sans';
    const last = runs.at(-1);
    if (last?.font === font) last.end = drawn.length;
    else runs.push({ start, end: drawn.length, font });
    before = font;
  }
  return { text: drawn, runs };
}
