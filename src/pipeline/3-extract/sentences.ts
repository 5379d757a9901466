/** A sentence of a text: `text` is the folded words, `start` and `end` its place in the original (UTF-16 offsets). */
export type Sentence = { text: string; start: number; end: number };

/** Nobody's sentence is longer; what is (tables, code, hostile text) is cut so that all work per sentence stays bounded. */
const LONGEST_SENTENCE = 1_200;

// After these the segmenter sees a capital letter and ends the sentence, although it goes on.
const ABBREVIATION =
  /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|No|vs|e\.g|i\.e|approx|incl|Fig|Gen|U\.S|U\.K)\.\s*$/u;

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Runs of white space become one space, none at the ends: the form in which quotes and sources are compared. */
export function foldWhitespace(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/**
 * Text → its sentences in order. A line break ends one (headings and lists have no full stop), unless the next line goes on in
 * lower case, as in hard-wrapped text. Takes any string; time grows with its length only.
 */
export function* splitSentences(text: string): Generator<Sentence> {
  // Same length, so that offsets hold in the original.
  const joined = text.replaceAll(/\r?\n(?=[ \t]?\p{Ll})/gu, (lineBreak) => ' '.repeat(lineBreak.length));
  let pending: number | null = null;
  for (const { segment, index } of segmenter.segment(joined)) {
    const start: number = pending ?? index;
    const end = index + segment.length;
    if (end < joined.length && end - start < LONGEST_SENTENCE && ABBREVIATION.test(segment.slice(-12))) {
      pending = start;
      continue;
    }
    pending = null;
    yield* cutLong(text, start, end);
  }
  if (pending !== null) yield* cutLong(text, pending, text.length);
}

function* cutLong(text: string, start: number, end: number): Generator<Sentence> {
  let from = start;
  while (from < end) {
    let to = Math.min(end, from + LONGEST_SENTENCE);
    if (to < end) {
      const space = text.lastIndexOf(' ', to);
      if (space > from + LONGEST_SENTENCE / 2) to = space;
      else if (isLowSurrogate(text.charCodeAt(to))) to -= 1;
    }
    const folded = foldWhitespace(text.slice(from, to));
    if (folded !== '') yield { text: folded, start: from, end: to };
    from = to;
  }
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
