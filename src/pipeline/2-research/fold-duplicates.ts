import { createHash } from 'node:crypto';

export type Foldable = { url: string; text: string; contentHash: string; credibility: number };
export type Folded<Each extends Foldable> = {
  kept: Each[];
  /** What was left out, and whose text it repeats. */
  dropped: { url: string; sameAs: string }[];
};

// Five words in a row: two writers rarely choose the same five. The usual width for near-duplicate detection (Broder 1997).
const SHINGLE_WORDS = 5;
// Share of the shorter text's shingles found in the longer one. Press releases differ in headline, dateline and a closing line.
const SAME = 0.7;
const MOST_SHINGLES = 3000;

function shinglesOf(text: string): Set<number> {
  const words = text.toLowerCase().match(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]|[\p{L}\p{N}]+/gu) ?? [];
  const shingles = new Set<number>();
  const width = Math.min(SHINGLE_WORDS, Math.max(1, words.length));
  for (let at = 0; at + width <= words.length && shingles.size < MOST_SHINGLES; at += 1) {
    const digest = createHash('md5')
      .update(words.slice(at, at + width).join(' '))
      .digest();
    shingles.add(digest.readUIntBE(0, 6));
  }
  return shingles;
}

function isContained(small: Set<number>, large: Set<number>): boolean {
  if (small.size === 0) return false;
  let shared = 0;
  for (const shingle of small) if (large.has(shingle)) shared += 1;
  return shared / small.size >= SAME;
}

/**
 * Folds sources that say the same into one: equal texts, near-duplicates (one press release on three sites), and excerpts of a text that
 * is there in full. Of each group the most credible stays, then the longest, then the first by URL; the order of the input does not matter
 * to who stays. The kept ones come in the order of the input.
 */
export function foldDuplicates<Each extends Foldable>(sources: readonly Each[]): Folded<Each> {
  const ranked = sources.toSorted(
    (a, b) => b.credibility - a.credibility || b.text.length - a.text.length || (a.url < b.url ? -1 : 1),
  );
  const kept: { source: Each; shingles: Set<number> }[] = [];
  const dropped: Folded<Each>['dropped'] = [];
  for (const source of ranked) {
    const shingles = shinglesOf(source.text);
    const same = kept.find(
      (other) =>
        other.source.contentHash === source.contentHash ||
        // A short credible text inside a long one of less standing does not make the long one redundant.
        (shingles.size <= other.shingles.size * 1.25 && isContained(shingles, other.shingles)),
    );
    if (same === undefined) kept.push({ source, shingles });
    else dropped.push({ url: source.url, sameAs: same.source.url });
  }
  const staying = new Set(kept.map(({ source }) => source));
  return { kept: sources.filter((source) => staying.has(source)), dropped };
}
