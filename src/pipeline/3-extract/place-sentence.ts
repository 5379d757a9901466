/** A sentence where it stands. */
export type PlacedSentence = {
  text: string;
  /** Up to three sentences before it, nearest last. */
  before: readonly string[];
  /** The one behind it. */
  after: string | null;
  /** The line that governs it: "We compete with:", "What we do not do:", where it is an entry of the list below. */
  heading: string | null;
};

/** Longer lists have forgotten their heading. */
const MOST_ENTRIES = 12;
const LONGEST_ENTRY_WORDS = 14;

/** Number `at` of a document's sentences, with what stands around it. */
export function placeSentence(sentences: readonly { text: string }[], at: number): PlacedSentence {
  const texts = sentences.slice(Math.max(0, at - MOST_ENTRIES), at + 2).map(({ text }) => text);
  const here = Math.min(at, MOST_ENTRIES);
  const text = texts[here] ?? '';
  return {
    text,
    before: texts.slice(Math.max(0, here - 3), here),
    after: texts[here + 1] ?? null,
    heading: isEntry(text) ? findHeading(texts.slice(0, here)) : null,
  };
}

function findHeading(before: readonly string[]): string | null {
  const heading = before.findLast((text) => text.endsWith(':') || !isEntry(text));
  return heading?.endsWith(':') ? heading : null;
}

/** With a bullet or a number before it, or short and without an end. */
function isEntry(text: string): boolean {
  if (/^(?:[•●▪◦*–—-]\s?|\d{1,2}[.)]\s)[\p{L}\p{N}]/u.test(text)) return true;
  return !/[.!?。！？]["”’)]?$/u.test(text) && text.split(' ').length <= LONGEST_ENTRY_WORDS;
}
