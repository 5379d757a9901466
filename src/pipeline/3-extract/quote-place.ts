import { foldWhitespace, splitSentences } from './sentences.ts';

/** A sentence of a document, with its place in the folded text. */
type PlacedSentence = { text: string; start: number; end: number };

export type PlacedText = { folded: string; sentences: PlacedSentence[] };

export type Place =
  | { ok: true; /** Numbers of the sentences that the quote touches. */ from: number; to: number }
  | { ok: false; reason: 'empty' | 'too-short' | 'too-long' | 'not-in-source' | 'partial-word' };

/** Below this nothing is said that could be checked; 6 characters are a short sentence in Chinese. */
const SHORTEST = 12;
const SHORTEST_CJK = 6;
/** A claim takes a sentence or two; what is longer is a page, in which any claim can hide. */
const LONGEST = 700;
const MOST_SENTENCES = 3;

const CJK = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/u;
const WORD = /[\p{L}\p{M}\p{N}_]/u;

/** Text → its folded form and the sentences in it, ready for any number of quotes. */
export function placeSentences(text: string): PlacedText {
  const folded = foldWhitespace(text);
  const sentences: PlacedSentence[] = [];
  let cursor = 0;
  for (const sentence of splitSentences(text)) {
    const start = folded.indexOf(sentence.text, cursor);
    if (start < 0) continue;
    cursor = start + sentence.text.length;
    sentences.push({ text: sentence.text, start, end: cursor });
  }
  return { folded, sentences };
}

/**
 * Finds a quote in a text, byte for byte after whitespace folding, and the sentences it touches. It must begin and end between
 * words and must not cut a number: "24" is no quote from "240" or "1,024".
 */
export function placeQuote(quote: string, text: PlacedText): Place {
  const wanted = foldWhitespace(quote);
  if (!/[\p{L}\p{N}]/u.test(wanted)) return { ok: false, reason: 'empty' };
  if (wanted.length < (CJK.test(wanted) ? SHORTEST_CJK : SHORTEST)) return { ok: false, reason: 'too-short' };
  if (wanted.length > LONGEST) return { ok: false, reason: 'too-long' };
  let found = false;
  for (let at = text.folded.indexOf(wanted); at >= 0; at = text.folded.indexOf(wanted, at + 1)) {
    found = true;
    if (cutsWord(text.folded, at, at + wanted.length)) continue;
    const from = text.sentences.findIndex((sentence) => sentence.end > at);
    const to = text.sentences.findLastIndex((sentence) => sentence.start < at + wanted.length);
    if (from < 0 || to < from) continue;
    const wholePage = text.sentences.length > 2 && to - from + 1 === text.sentences.length;
    if (wholePage || to - from >= MOST_SENTENCES) return { ok: false, reason: 'too-long' };
    return { ok: true, from, to };
  }
  return { ok: false, reason: found ? 'partial-word' : 'not-in-source' };
}

function cutsWord(text: string, start: number, end: number): boolean {
  return joins(text.slice(0, start), text.slice(start)) || joins(text.slice(0, end), text.slice(end));
}

/** Do the last characters of one text and the first of the next belong to one word or number? */
function joins(before: string, after: string): boolean {
  const left = before.slice(-2);
  const right = after.slice(0, 2);
  const last = Array.from(left).at(-1) ?? '';
  const first = Array.from(right)[0] ?? '';
  if (CJK.test(last) || CJK.test(first)) return /\p{N}/u.test(last) && /\p{N}/u.test(first);
  if (WORD.test(last) && WORD.test(first)) return true;
  // "1|,024", "2.|5", "$|240", "240|%", "don|'t", "24|-bit"
  if (/\p{N}/u.test(last) && /^(?:[.,]\p{N}|%|[-'’]\p{L})/u.test(right)) return true;
  if (/\p{N}[.,]$/u.test(left) && /\p{N}/u.test(first)) return true;
  if (/[$€£¥+−-]$/u.test(last) && /\p{N}/u.test(first) && !/\s/.test(last)) return true;
  return (
    (/\p{L}$/u.test(last) && /^['’]\p{L}/u.test(right)) || (/\p{L}['’]$/u.test(left) && /\p{L}/u.test(first))
  );
}
