/** A quote must fit a CRM field beside others, and a reader's glance. */
const LONGEST_QUOTE = 300;

/**
 * A folded sentence and the place of the claim in it → a verbatim piece of at most 300 characters that holds the claim: the whole
 * sentence when it fits; otherwise as many whole clauses around the claim as fit, or whole words where even its clause is too long.
 */
export function cutQuote(sentence: string, claimStart: number, claimEnd: number): string {
  if (sentence.length <= LONGEST_QUOTE) return sentence;
  const clauses = cutAt(sentence, /[,;:]\s|\s[–—-]\s/g);
  const quote = growAround(sentence, clauses, claimStart, claimEnd);
  if (quote !== null) return quote;
  return (
    growAround(sentence, cutAt(sentence, /\s/g), claimStart, claimEnd) ??
    sentence.slice(claimStart, claimStart + LONGEST_QUOTE)
  );
}

function cutAt(sentence: string, border: RegExp): { start: number; end: number }[] {
  const pieces: { start: number; end: number }[] = [];
  let start = 0;
  for (const match of sentence.matchAll(border)) {
    pieces.push({ start, end: match.index + match[0].length });
    start = match.index + match[0].length;
  }
  pieces.push({ start, end: sentence.length });
  return pieces;
}

/** The pieces that hold the claim, then more of those before it (its subject and any denial stand there), then after it. */
function growAround(
  sentence: string,
  pieces: readonly { start: number; end: number }[],
  claimStart: number,
  claimEnd: number,
): string | null {
  let first = pieces.findLastIndex((piece) => piece.start <= claimStart);
  let last = pieces.findIndex((piece) => piece.end >= claimEnd);
  const sizeOf = (from: number, to: number): number => (pieces[to]?.end ?? 0) - (pieces[from]?.start ?? 0);
  if (first < 0 || last < 0 || sizeOf(first, last) > LONGEST_QUOTE) return null;
  while (first > 0 && sizeOf(first - 1, last) <= LONGEST_QUOTE) first -= 1;
  while (last < pieces.length - 1 && sizeOf(first, last + 1) <= LONGEST_QUOTE) last += 1;
  return sentence
    .slice(pieces[first]?.start, pieces[last]?.end)
    .trim()
    .replace(/(?:[,;:]|\s[–—-])$/, '');
}
