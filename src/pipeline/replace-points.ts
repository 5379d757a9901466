import type { Part } from './merge-parts.ts';

/** What becomes of a point in the text: what stands before it, in its place (null: nothing), and behind it. */
type Slot = { before: string[]; here: string | null; behind: string[] };
type Place = Slot & { from: number; to: number };
type Splice = { from: number; to: number; text: string };

/**
 * A text with key points in it → the same with what a person made of them (`after`), each in its own place: what was left out goes with its
 * line, what is new gets a line beside its neighbour.
 * @param before the points as they stand in the text, in its order; one that stands nowhere stays out
 */
export function replacePoints(body: string, before: readonly string[], after: readonly Part[]): string {
  const places = findPlaces(body, before, fillSlots(before.length, after));
  const lineOf = ({ from, to }: Place): { start: number; end: number } => {
    const end = body.indexOf('\n', to);
    return { start: body.lastIndexOf('\n', from) + 1, end: end === -1 ? body.length : end };
  };
  const splices = places.flatMap((place): Splice[] => {
    const { from, to, here } = place;
    const { start, end } = lineOf(place);
    if (here === null) {
      // Another point of the same line stays where it is.
      const isShared = places.some((other) => other !== place && other.from >= start && other.to <= end);
      return [isShared ? { from, to, text: '' } : { from: Math.max(0, start - 1), to: end, text: '' }];
    }
    return [
      { from: start, to: start, text: place.before.map((text) => `- ${text}\n`).join('') },
      { from, to, text: here },
      { from: end, to: end, text: place.behind.map((text) => `\n- ${text}`).join('') },
    ];
  });
  let [text, at] = ['', 0];
  for (const { from, to, text: put } of splices.toSorted((a, b) => a.from - b.from)) {
    text += body.slice(at, from) + put;
    at = Math.max(at, to);
  }
  return (text + body.slice(at)).replaceAll(/\n{3,}/g, '\n\n');
}

/** What became of each of so many points. Between two that were left alone the others are taken one for one. */
function fillSlots(count: number, after: readonly Part[]): Slot[] {
  const slots = Array.from({ length: count }, (): Slot => ({ before: [], here: null, behind: [] }));
  let next = 0;
  let waiting: string[] = [];
  const settle = (until: number): void => {
    for (const slot of slots.slice(next, until)) slot.here = waiting.shift() ?? null;
    const neighbour = slots[until - 1];
    if (neighbour !== undefined) neighbour.behind.push(...waiting);
    else slots[0]?.before.push(...waiting);
    waiting = [];
  };
  for (const { text, of } of after) {
    const slot = of === null ? undefined : slots[of];
    if (of === null || slot === undefined) {
      waiting.push(text);
      continue;
    }
    settle(of);
    slot.here = text;
    next = of + 1;
  }
  settle(count);
  return slots;
}

/** Where each point stands: behind the one before it if it can be, so that words which two have in common are not taken for one another. */
function findPlaces(body: string, before: readonly string[], slots: readonly Slot[]): Place[] {
  const places: Place[] = [];
  // New ones whose neighbour does not stand in the text.
  let waiting: string[] = [];
  let behind = 0;
  for (const [index, point] of before.entries()) {
    const slot = slots[index];
    if (point === '' || slot === undefined) continue;
    const from = findFree(body, point, behind, places) ?? findFree(body, point, 0, places);
    if (from === null) {
      const last = places.at(-1);
      (last?.behind ?? waiting).push(...slot.before, ...slot.behind);
      continue;
    }
    behind = from + point.length;
    places.push({ ...slot, before: [...waiting, ...slot.before], from, to: behind });
    waiting = [];
  }
  return places;
}

/** Where words stand from a place on, outside of what is taken; null: nowhere. */
function findFree(body: string, words: string, start: number, taken: readonly Place[]): number | null {
  for (let at = body.indexOf(words, start); at !== -1; at = body.indexOf(words, at + 1))
    if (taken.every(({ from, to }) => at >= to || at + words.length <= from)) return at;
  return null;
}
