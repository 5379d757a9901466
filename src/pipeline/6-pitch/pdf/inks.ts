import { INK, LINK, QUIET } from './colors.ts';
import type { Ink, Span } from './lay-text.ts';

/** The few kinds of type that the pages are set in; sizes in points. */
export const BODY: Ink = { face: 'sans', size: 9, color: INK };
export const STRONG: Ink = { face: 'sans-bold', size: 9, color: INK };
export const QUOTE: Ink = { face: 'serif', size: 10, color: INK };
export const SMALL: Ink = { face: 'sans', size: 7.6, color: QUIET };

/** "[3]": leads to the third source. */
export function markOf(number: number, size: number): Span {
  return {
    text: `[${number}]`,
    ink: { face: 'sans', size: size * 0.82, color: LINK },
    link: { place: placeOf(number), label: `Source ${number}` },
  };
}

export const placeOf = (number: number): string => `source-${number}`;

/** Text with marks such as [2] in it → spans, each mark of a known source a link to it. */
export function spanMarks(text: string, ink: Ink, sources: ReadonlySet<number>): Span[] {
  return text
    .split(/(\[\d{1,4}\])/)
    .filter((part) => part !== '')
    .map((part) => {
      const number = Number(/^\[(\d+)\]$/.exec(part)?.[1]);
      return sources.has(number) ? markOf(number, ink.size) : { text: part, ink };
    });
}
