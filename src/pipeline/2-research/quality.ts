// A source below this holds too little prose to be worth reading, the company's own pages not excepted: a menu proves nothing. They are
// kept whatever a search thinks of their relevance (about-company.ts), and one that is left out for its text is told with its reason.
export const LEAST_QUALITY = 0.2;
// Characters of prose at which a source has 63 % of what a long one has: about two paragraphs.
const AMPLE = 350;
const LONGEST_LOOKED_AT = 20_000;
// Lines shorter than this are menu entries and labels, unless they end like a sentence.
const SENTENCE_LENGTH = 45;
const SENTENCE_END = /[.!?。！？:"”»]$/;
const DENSE_SCRIPT = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/gu;

/**
 * How much readable prose a text holds, 0–1: its length in sentences, the share of letters in it, and whether it repeats itself.
 * It says nothing about whether the text is true or about whom it speaks.
 */
export function qualityOf(text: string): number {
  const looked = text.slice(0, LONGEST_LOOKED_AT);
  const prose = looked
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length >= SENTENCE_LENGTH || (SENTENCE_END.test(line) && line.length > 12))
    .join('\n');
  if (prose === '') return 0;
  // A character of these scripts says about as much as two and a half letters.
  const weight = prose.length + 1.5 * (prose.match(DENSE_SCRIPT)?.length ?? 0);
  const amount = 1 - Math.exp(-weight / AMPLE);
  const letters = (prose.match(/[\p{L}\s]/gu)?.length ?? 0) / prose.length;
  const shape = Math.min(1, Math.max(0, (letters - 0.5) / 0.3));
  const words = prose.toLowerCase().match(/[\p{L}\p{N}]+/gu);
  if (words === null) return 0;
  const distinct = new Set(words).size;
  // Heaps' law: honest prose of n words has far more than n^0.5 different ones.
  const variety = Math.min(1, distinct / Math.sqrt(words.length) / 2);
  return Math.round(amount * shape * variety * 1000) / 1000;
}
