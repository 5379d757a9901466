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

/** Fewer words than these on a line are a heading or a menu entry, whatever comes behind. */
const WRAPPED_WORDS = 3;

// What page frames say before the first sentence, where a reader took the page for one line.
const FRAME_WORDS =
  /^(?:(?:skip to (?:main )?content|(?:toggle|main) (?:navigation|menu)|menu|home|search|close|sign in|log ?in|contact(?: us)?|about(?: us)?|careers|pricing|blog|docs|get started|read more|learn more)\s+)+(?=\p{Lu})/iu;
const LONGEST_FRAME = 120;

/**
 * Text → its sentences in order. A line break ends one (headings, menus and lists have no full stop), unless the next line goes on in
 * lower case behind three words or more, as in hard-wrapped text. Takes any string; time grows with its length only.
 */
export function* splitSentences(text: string): Generator<Sentence> {
  const joined = joinWrapped(text);
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
    const frame = FRAME_WORDS.exec(text.slice(from, Math.min(to, from + LONGEST_FRAME)));
    if (frame && isFrame(frame[0])) {
      yield { text: foldWhitespace(frame[0]), start: from, end: from + frame[0].length };
      from += frame[0].length;
    }
    const folded = foldWhitespace(text.slice(from, to));
    if (folded !== '') yield { text: folded, start: from, end: to };
    from = to;
  }
}

/** "Menu", "Home About …"; a single "Search" or "Contact" may begin a sentence. */
function isFrame(words: string): boolean {
  return /\s\S/.test(words.trim()) || /^(?:menu|home)\s/i.test(words);
}

/** Breaks within hard-wrapped sentences → spaces of the same length, so that offsets hold in the original. */
function joinWrapped(text: string): string {
  let words = 0;
  let at = 0;
  return text.replaceAll(
    /\r?\n(?=([ \t]?\p{Ll})?)/gu,
    (lineBreak, goesOn: string | undefined, place: number) => {
      const line = text.slice(at, Math.min(place, at + LONGEST_SENTENCE)).trim();
      at = place + lineBreak.length;
      words += line === '' ? 0 : line.split(/\s+/, WRAPPED_WORDS).length;
      if (goesOn !== undefined && words >= WRAPPED_WORDS) return ' '.repeat(lineBreak.length);
      words = 0;
      return lineBreak;
    },
  );
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
