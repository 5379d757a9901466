import type { Hit } from '../scoring-model-terms.ts';

/** Words that turn what follows into its opposite. */
export const NEGATORS = [
  'not',
  'no',
  'never',
  'none',
  'neither',
  'nor',
  'without',
  'cannot',
  "can't",
  "don't",
  "doesn't",
  "didn't",
  "isn't",
  "aren't",
  "wasn't",
  "weren't",
  "won't",
  "haven't",
  "hasn't",
  'nobody',
  'instead of',
  'rather than',
  'as opposed to',
  'free of',
  'free from',
  'lack*',
  'stopped',
  'ceased',
  'discontinued',
  'eliminat* the need',
  'remov* the need',
  'skip the',
  'avoid*',
];

/** These hold a negator and deny nothing about what follows. */
export const NO_NEGATION = [
  'not only',
  'not just',
  'not merely',
  'not to mention',
  'no matter',
  'no longer just',
  'no longer only',
  'no code',
  'no doubt',
  'without compromis*',
  'without sacrific*',
  'not limited to',
  'not least',
  'whether or not',
  'no wonder',
  'lack* transparency',
];

/** After the claim: "GPUs are not needed". */
export const DENIED_AFTER = [
  'not needed',
  'not required',
  'not necessary',
  'not used',
  'not involved',
  'no longer needed',
  'no longer used',
  "aren't needed",
  "isn't needed",
  "aren't required",
  "isn't required",
  'not our business',
  'not something we do',
  'not what we do',
];

/** Plans, wishes and possibilities: said, but not so (yet). */
export const NOT_YET = [
  'plan to',
  'plans to',
  'planning to',
  'planned',
  'intend to',
  'intends to',
  'intention to',
  'hope to',
  'hopes to',
  'hoping to',
  'expect to',
  'expects to',
  'could',
  'may',
  'might',
  'would',
  'should',
  'will',
  "we'll",
  "it'll",
  'shall',
  'going to',
  'want to',
  'wants to',
  'consider',
  'considers',
  'considering',
  'explore',
  'exploring',
  'evaluating',
  'in the future',
  'one day',
  'eventually',
  'someday',
  'if',
  'wish*',
  'dream*',
  'roadmap',
  'proposed',
  'potentially',
  'next year',
  'imagine',
];

/** How many words a negation or a plan reaches forward within its clause. */
const REACH = 8;

export type Clauses = {
  /** For each word, the number of the clause it stands in. */
  clauseOf: readonly number[];
};

/**
 * Is the claim that spans the words `from` to `to` denied or only planned? `marks` are the hits of one of the lists above,
 * `exceptions` those of NO_NEGATION. A mark counts when it stands before the claim or inside it, in the same clause, near enough.
 */
export function isUnder(
  claim: { from: number; to: number },
  marks: readonly Hit[],
  exceptions: readonly Hit[],
  { clauseOf }: Clauses,
): boolean {
  return marks.some(
    (mark) =>
      mark.from < claim.to &&
      claim.from - mark.to <= REACH &&
      (mark.from >= claim.from || clauseOf[mark.from] === clauseOf[claim.from]) &&
      !exceptions.some((exception) => exception.from <= mark.from && mark.from < exception.to),
  );
}

/** "GPUs are not needed": the denial comes right after the claim, in its clause. */
export function isDeniedAfter(claim: { to: number }, marks: readonly Hit[], { clauseOf }: Clauses): boolean {
  return marks.some(
    (mark) =>
      mark.from >= claim.to && mark.from - claim.to <= 4 && clauseOf[mark.from] === clauseOf[claim.to - 1],
  );
}

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
