import type { Phrase } from '../scoring-model.ts';
import type { Hit } from '../scoring-model-terms.ts';

/** A stretch of words: `from` is its first, `to` the one after its last; `says` are the concepts in it. */
export type Span = { from: number; to: number; says: readonly Hit[] };

/**
 * Where each concept of a phrase is said → the stretches that say all of them: for each place of the first concept, the nearest
 * places of the others that do not overlap, when they lie close enough and in order where the phrase asks for it.
 */
export function findSpans(
  groups: readonly (readonly Hit[])[],
  phrase: Pick<Phrase, 'within' | 'inOrder'>,
): Span[] {
  const [first = [], ...others] = groups;
  const spans: Span[] = [];
  for (const anchor of first) {
    const chosen: Hit[] = [anchor];
    for (const hits of others) {
      const after = chosen.at(-1)?.to ?? 0;
      const free = hits.filter(
        (hit) =>
          chosen.every((other) => hit.to <= other.from || other.to <= hit.from) &&
          (!phrase.inOrder || hit.from >= after),
      );
      const nearest = free.reduce<Hit | null>(
        (best, hit) => (best === null || distance(hit, anchor) < distance(best, anchor) ? hit : best),
        null,
      );
      if (nearest) chosen.push(nearest);
    }
    if (chosen.length < groups.length) continue;
    const from = Math.min(...chosen.map((hit) => hit.from));
    const to = Math.max(...chosen.map((hit) => hit.to));
    if (to - from <= phrase.within || groups.length === 1) spans.push({ from, to, says: chosen });
  }
  return spans;
}

function distance(a: Hit, b: Hit): number {
  return a.from < b.from ? b.from - a.to : a.from - b.to;
}
