/**
 * The language of phrases: a term is one or more plain words; `*` at the end of a word stands for any ending
 * ("train*" is train, trains, training). Terms are no regular expressions, so that no scoring model, however
 * written, can make reading slow: matching is one walk over the words.
 */

// CJK is written without spaces: there each character is a word. An apostrophe joins ("don't", "company's"), and so does a full stop
// before a small letter ("example.ai", "node.js"): the ending of an address says nothing.
const WORD =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]|[[\p{L}\p{M}\p{N}]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]]+(?:(?:['’]|\.(?=\p{Ll}))[[\p{L}\p{M}]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]]+)*/gv;

/** Longer runs without a space are no words of any language; only their beginning is compared. */
const LONGEST_WORD = 64;
const CACHED_WORDS = 50_000;

export type Word = { text: string; start: number; end: number };

/** Text → its words with their places (UTF-16 offsets). Takes any string; time grows with its length only. */
export function splitWords(text: string): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(WORD)) {
    words.push({ text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return words;
}

/** A word as it is compared: compatibility forms folded, lower case, straight apostrophes, no possessive. */
export function foldWord(word: string): string {
  const folded = word.slice(0, LONGEST_WORD).normalize('NFKC').toLowerCase().replaceAll('’', "'");
  return folded.endsWith("'s") ? folded.slice(0, -2) : folded;
}

/** What is wrong with a term, in words for its author; null when it can be used. */
export function describeBrokenTerm(term: string): string | null {
  if (term.trim() === '') return 'is empty';
  if (/[()[\]{}|\\^$?+]/.test(term)) return 'looks like a regular expression; write plain words';
  if (/\*(?=[\p{L}\p{M}\p{N}*])/u.test(term)) return 'has a "*" inside a word; "*" stands only at the end';
  if (/(?:^|\s)\*/.test(term)) return 'has a "*" without a word before it';
  if (splitWords(term).length === 0) return 'holds no word';
  return null;
}

type Node = { children: Map<number, Node>; concepts: number[] };

/** A stretch of words that says a concept: `from` is its first word, `to` the one after its last. */
export type Hit = { concept: number; from: number; to: number };

export type TermIndex = {
  /** All places where a concept is said, in reading order. */
  findHits(words: readonly Word[]): Hit[];
};

/** Lists of terms, one per concept, → one index that finds them all in a single walk. Build once, use often. */
export function indexTerms(concepts: readonly (readonly string[])[]): TermIndex {
  const exact = new Map<string, number>();
  const prefixes = new Map<string, number>();
  const root: Node = { children: new Map(), concepts: [] };
  let patterns = 0;
  const patternOf = (table: Map<string, number>, key: string): number => {
    const known = table.get(key);
    if (known !== undefined) return known;
    table.set(key, patterns);
    patterns += 1;
    return patterns - 1;
  };
  for (const [concept, terms] of concepts.entries()) {
    for (const term of terms) {
      let node = root;
      for (const word of splitWords(term)) {
        const table = term[word.end] === '*' ? prefixes : exact;
        const pattern = patternOf(table, foldWord(word.text));
        const next = node.children.get(pattern) ?? { children: new Map(), concepts: [] };
        node.children.set(pattern, next);
        node = next;
      }
      if (node !== root && !node.concepts.includes(concept)) node.concepts.push(concept);
    }
  }
  const prefixLengths = [...new Set([...prefixes.keys()].map((prefix) => prefix.length))].toSorted(
    (a, b) => a - b,
  );
  const cache = new Map<string, readonly number[]>();
  const patternsOf = (raw: string): readonly number[] => {
    const cached = cache.get(raw);
    if (cached) return cached;
    const word = foldWord(raw);
    const found: number[] = [];
    const whole = exact.get(word);
    if (whole !== undefined) found.push(whole);
    for (const length of prefixLengths) {
      if (length > word.length) break;
      const prefix = prefixes.get(word.slice(0, length));
      if (prefix !== undefined) found.push(prefix);
    }
    if (raw.length <= LONGEST_WORD) {
      if (cache.size >= CACHED_WORDS) cache.clear();
      cache.set(raw, found);
    }
    return found;
  };

  const findHits = (words: readonly Word[]): Hit[] => {
    const matches = words.map((word) => patternsOf(word.text));
    const hits: Hit[] = [];
    const walk = (node: Node, from: number, at: number): void => {
      for (const concept of node.concepts) hits.push({ concept, from, to: at });
      if (node.children.size === 0) return;
      for (const pattern of matches[at] ?? []) {
        const next = node.children.get(pattern);
        if (next) walk(next, from, at + 1);
      }
    };
    for (const [at, found] of matches.entries()) if (found.length > 0) walk(root, at, at);
    return hits;
  };
  return { findHits };
}

/** A test for short texts such as job titles: does the text say any of the terms? */
export function compileTerms(terms: readonly string[]): (text: string) => boolean {
  const index = indexTerms([terms]);
  return (text) => index.findHits(splitWords(text)).length > 0;
}
