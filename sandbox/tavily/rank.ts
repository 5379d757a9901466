/** A text to rank; `id` is whatever the caller finds it by. */
export type RankedText = { id: string; title: string; host: string; text: string };

export type Ranker = {
  /** Ids of texts that share a word with the query, best first, with scores from 0 to 1. */
  rank(query: string): { id: string; score: number }[];
};

// Okapi BM25 with the usual constants (Robertson & Zaragoza 2009); a word of the title or the host counts three times.
const K1 = 1.2;
const B = 0.75;
const TITLE_WEIGHT = 3;
// At this BM25 sum a text counts as half relevant; two or three rare words of the query in it reach that.
const HALF_RELEVANT = 12;

const COMMON = new Set(
  'a an and are as at be by for from has have in is it its of on or that the their this to was were will with'.split(
    ' ',
  ),
);

/** Words as they are compared: folded, lower case, without plural and verb endings; CJK character by character. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  const found = text
    .normalize('NFKC')
    .toLowerCase()
    .matchAll(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]|[\p{L}\p{N}]+/gu);
  for (const [word] of found) if (!COMMON.has(word)) words.push(stem(word));
  return words;
}

function stem(word: string): string {
  if (word.length <= 4) return word;
  return word.replace(/(ings?|ies|ers?|ed|es|s|y|e)$/, '');
}

/** Indexes texts for ranking. Deterministic: same texts, same query, same order. */
export function createRanker(texts: readonly RankedText[]): Ranker {
  const postings = new Map<string, { text: number; count: number }[]>();
  const lengths: number[] = [];
  for (const [index, { title, host, text }] of texts.entries()) {
    const counts = new Map<string, number>();
    const count = (words: string[], weight: number): void => {
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + weight);
    };
    const body = wordsOf(text);
    count(body, 1);
    count(wordsOf(`${title} ${host}`), TITLE_WEIGHT);
    lengths.push(body.length);
    for (const [word, times] of counts) {
      const list = postings.get(word);
      if (list === undefined) postings.set(word, [{ text: index, count: times }]);
      else list.push({ text: index, count: times });
    }
  }
  const average = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length) || 1;

  return {
    rank: (query) => {
      const sums = new Map<number, number>();
      for (const word of new Set(wordsOf(query))) {
        const list = postings.get(word) ?? [];
        const rarity = Math.log(1 + (texts.length - list.length + 0.5) / (list.length + 0.5));
        for (const { text, count } of list) {
          const length = 1 - B + (B * (lengths[text] ?? 0)) / average;
          sums.set(text, (sums.get(text) ?? 0) + (rarity * count * (K1 + 1)) / (count + K1 * length));
        }
      }
      return [...sums]
        .map(([text, sum]) => ({ id: texts[text]?.id ?? '', score: sum / (sum + HALF_RELEVANT) }))
        .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
    },
  };
}
