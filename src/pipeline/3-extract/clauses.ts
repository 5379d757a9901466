export type Clauses = {
  /** For each word, the number of the clause it stands in. */
  clauseOf: readonly number[];
};

const CONJUNCTIONS = new Set(['but', 'because', 'so', 'then', 'although', 'though', 'whereas']);
const CLAUSE_BREAK = /[;:!?()]|\s[–—-]\s|[–—]/u;
const COMMA_THEN_SUBJECT = new Set([
  'we',
  'it',
  'they',
  'our',
  'this',
  'but',
  'yet',
  'however',
  'instead',
  'rather',
  'while',
  'which',
  'i',
  'you',
]);

/** Words of a sentence → the clause of each: a break is strong punctuation, "but", or a comma before a new subject. */
export function findClauses(
  sentence: string,
  words: readonly { text: string; start: number; end: number }[],
): Clauses {
  const clauseOf: number[] = [];
  let clause = 0;
  for (const [index, word] of words.entries()) {
    const previous = words[index - 1];
    if (previous) {
      const between = sentence.slice(previous.end, word.start);
      const lower = word.text.toLowerCase();
      if (
        CLAUSE_BREAK.test(between) ||
        CONJUNCTIONS.has(lower) ||
        (between.includes(',') && COMMA_THEN_SUBJECT.has(lower))
      ) {
        clause += 1;
      }
    }
    clauseOf.push(clause);
  }
  return { clauseOf };
}
