import { escapePattern } from './escape-pattern.ts';
import { type Hit, indexTerms, splitWords } from '../scoring-model-terms.ts';
import { BEFORE, CONDITIONS, DENIALS, LATER, NO_DENIALS, PLANS } from './doubt-words.ts';
import { findClauses } from './negation.ts';

export type Doubt = 'question' | 'negated' | 'not-present';

const index = indexTerms([DENIALS, NO_DENIALS, PLANS, LATER, BEFORE, CONDITIONS]);

/** Words that a denial or a plan reaches forward within its clause; lists ("we do not train, tune or host …") make it long. */
const REACH = 14;
/** Characters of a company's name that are looked at beyond the start of a claim. */
const LONGEST_NAME = 80;

/**
 * A sentence and the place of a claim in it (UTF-16 offsets) → why the sentence does not say the claim as a present fact, or null
 * when it does. `year` is when the document was true: later years are the future. `ownNames`: how
 * the company is called.
 */
export function findDoubt(
  sentence: string,
  claim: { start: number; end: number },
  year: number,
  ownNames: readonly string[],
): Doubt | null {
  if (/[?？]["”'’)\s]*$/u.test(sentence)) return 'question';
  const words = splitWords(sentence);
  const from = words.findIndex((word) => word.end > claim.start);
  const to = words.findLastIndex((word) => word.start < claim.end);
  if (from < 0) return null;
  // What stands in brackets belongs to the clause around it.
  const { clauseOf } = findClauses(sentence.replaceAll(/[()]/g, ' '), words);
  const hits = index.findHits(words).filter((hit) => !isPartOfName(words, hit));
  const of = (concept: number): Hit[] => hits.filter((hit) => hit.concept === concept);
  const exceptions = of(1);
  const excepted = (hit: Hit) => exceptions.some((other) => other.from <= hit.from && hit.from < other.to);
  // "Instead of sifting through footage, Halden …": the name opens a clause of its own.
  const opening = new RegExp(
    String.raw`,\s(?:${ownNames.map(escapePattern).join('|')})(?![\p{L}\p{N}])`,
    'iu',
  );
  const parted = (hit: Hit) =>
    opening.test(sentence.slice(words[hit.to - 1]?.end ?? 0, claim.start + 1 + LONGEST_NAME));
  const sameClause = (hit: Hit) =>
    (clauseOf[hit.from] === clauseOf[from] || clauseOf[hit.from] === clauseOf[to]) &&
    !(hit.to <= from && parted(hit));
  const reaches = (hit: Hit) =>
    hit.from <= to && from - hit.to <= REACH && (hit.from >= from || sameClause(hit));
  const denials = of(0).filter((hit) => !excepted(hit));
  if (denials.some(reaches)) return 'negated';
  // "… is not what we do": the denial follows its claim.
  if (
    denials.some(
      (hit) => hit.from > to && hit.from - to <= 4 && sameClause(hit) && isVerbBefore(words, hit, to),
    )
  )
    return 'negated';
  if (of(2).some(reaches)) return 'not-present';
  // "If you send footage, we train …", "Coming soon: …": these govern what follows, whatever clause it stands in.
  if ([...of(3), ...of(5)].some((hit) => hit.from <= to)) return 'not-present';
  if (of(3).some((hit) => sameClause(hit) && hit.from - to <= 8)) return 'not-present';
  if (of(4).some((hit) => sameClause(hit) && (hit.from <= to || hit.to === words.length)))
    return 'not-present';
  for (const [at, word] of words.entries()) {
    const before = words[at - 1]?.text.toLowerCase() ?? '';
    if (
      !/^20\d\d$/.test(word.text) ||
      !/^(?:by|in|from|until|before|till|bis|ab|q[1-4]|late|early|mid)$/.test(before)
    )
      continue;
    if (Number(word.text) > year || /^(?:until|till)$/.test(before)) return 'not-present';
  }
  return null;
}

/** "May Mobility", "Will Sands": a name is no modal verb. */
function isPartOfName(words: readonly { text: string }[], hit: Hit): boolean {
  const upper = (at: number): boolean => /^\p{Lu}/u.test(words[at]?.text ?? '');
  return (
    hit.to - hit.from === 1 &&
    upper(hit.from) &&
    (hit.from > 0 || upper(hit.to)) &&
    !/^\p{Lu}+$/u.test(words[hit.from]?.text ?? '')
  );
}

function isVerbBefore(words: readonly { text: string }[], hit: Hit, to: number): boolean {
  const between = words.slice(to + 1, hit.from).map((word) => word.text.toLowerCase());
  const denial = words[hit.from]?.text.toLowerCase() ?? '';
  return (
    denial.endsWith("n't") ||
    denial.endsWith('n’t') ||
    between.some((word) => /^(?:is|are|was|were|has|have|had|do|does|did|be|been|can|need)$/.test(word))
  );
}
