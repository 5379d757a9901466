import { escapePattern } from './escape-pattern.ts';
import { type Hit, indexTerms, splitWords } from '../scoring-model-terms.ts';
import { BEFORE, CONDITIONS, DENIALS, ENDINGS, LATER, NO_DENIALS, NO_PLANS, PLANS } from './doubt-words.ts';
import { findClauses } from './clauses.ts';
import { isOnlySomethingElse } from './only-else.ts';

export type Doubt =
  | 'question'
  | 'negated'
  /** A plan, a wish, a condition, or the past. */
  | 'not-present'
  /** It was so once, and the sentence says that it is over. */
  | 'ended';

const LISTS = {
  denials: DENIALS,
  noDenials: NO_DENIALS,
  plans: PLANS,
  noPlans: NO_PLANS,
  later: LATER,
  before: BEFORE,
  conditions: CONDITIONS,
  endings: ENDINGS,
};
const NAMES = Object.keys(LISTS);
const index = indexTerms(Object.values(LISTS));

/** Words that a denial or a plan reaches forward within its clause; lists ("we do not train, tune or host …") make it long. */
const REACH = 14;
/** Words behind a claim in which its end is told ("… once, in 2024, and dropped it"). */
const REACH_BACK = 8;
/** Characters of a company's name that are looked at beyond the start of a claim. */
const LONGEST_NAME = 80;

/** A place in a sentence, UTF-16 offsets. */
export type Stretch = { start: number; end: number };

/**
 * A sentence → a judge of the claims in it: why it does not say a claim as a present fact, or null when it does. `year` is when the
 * document was true: later years are the future. `ownNames`: how the company is called.
 */
export function readDoubts(
  sentence: string,
  year: number,
  ownNames: readonly string[],
): (claim: Stretch) => Doubt | null {
  if (/[?？]["”'’)\s]*$/u.test(sentence)) return () => 'question';
  const words = splitWords(sentence);
  const hits = index.findHits(words).filter((hit) => !isPartOfName(words, hit));
  const years = findYears(words);
  const hasOnly = words.some(({ text }) => /^only$/i.test(text));
  if (hits.length === 0 && years.length === 0 && !hasOnly) return () => null;
  const of = (list: keyof typeof LISTS, except?: keyof typeof LISTS): Hit[] => {
    const exceptions = except ? of(except) : [];
    return hits.filter(
      (hit) =>
        hit.concept === NAMES.indexOf(list) &&
        !exceptions.some((other) => other.from <= hit.from && hit.from < other.to),
    );
  };
  const [denials, plans, endings] = [
    of('denials', 'noDenials'),
    of('plans', 'noPlans'),
    of('endings', 'noDenials'),
  ];
  const [later, before, conditions] = [of('later'), of('before'), of('conditions')];
  // What stands in brackets belongs to the clause around it.
  const { clauseOf } = findClauses(sentence.replaceAll(/[()]/g, ' '), words);
  const own = ownNames.map(escapePattern).join('|');
  // "Instead of sifting through footage, Halden …": the name opens a clause of its own.
  const opening = new RegExp(String.raw`,\s(?:${own})(?![\p{L}\p{N}])`, 'iu');
  // "What we don't do: train, tune or host models": the denial reaches over the colon, unless a new subject stands there.
  const heading = new RegExp(
    String.raw`^[^:.;]{0,60}:\s+(?!(?:we|our|it|its|they|the company|instead|rather|${own})(?![\p{L}\p{N}]))`,
    'iu',
  );

  return (claim) => {
    const from = words.findIndex((word) => word.end > claim.start);
    const to = words.findLastIndex((word) => word.start < claim.end);
    if (from < 0) return null;
    const between = (hit: Hit): string =>
      sentence.slice(words[hit.to - 1]?.end ?? 0, claim.start + 1 + LONGEST_NAME);
    const sameClause = (hit: Hit): boolean =>
      (clauseOf[hit.from] === clauseOf[from] || clauseOf[hit.from] === clauseOf[to]) &&
      !(hit.to <= from && opening.test(between(hit)));
    // "Parts that fit into no box, using computer vision": what denies a relative clause does not reach beyond it.
    const leavesRelative = (hit: Hit): boolean => {
      const before = words.slice(Math.max(0, hit.from - 2), hit.from);
      if (!before.some(({ text }) => /^(?:that|which|who)$/i.test(text))) return false;
      return words.slice(hit.to, from).some(({ text }) => /^(?:using|via|through|by)$/i.test(text));
    };
    const reaches = (hit: Hit): boolean =>
      hit.from <= to &&
      from - hit.to <= REACH &&
      (hit.from >= from || (sameClause(hit) && !leavesRelative(hit)));
    const isHeading = (hit: Hit): boolean =>
      hit.to <= from && heading.test(sentence.slice(words[hit.to - 1]?.end ?? 0, claim.start + 1));
    const follows = (hit: Hit, reach: number): boolean =>
      hit.from > to && hit.from - to <= reach && sameClause(hit);

    if (endings.some((hit) => reaches(hit) || follows(hit, REACH_BACK))) return 'ended';
    if (denials.some((hit) => reaches(hit) || isHeading(hit))) return 'negated';
    // "… is not what we do": the denial follows its claim.
    if (denials.some((hit) => follows(hit, 6) && isVerbBefore(words, hit, to))) return 'negated';
    if (hasOnly && isOnlySomethingElse({ sentence, words, clauseOf, ownNames }, claim)) return 'negated';
    if (plans.some((hit) => reaches(hit) || isHeading(hit))) return 'not-present';
    // "If you send footage, we train …", "Coming soon: …": these govern what follows, whatever clause it stands in.
    if ([...later, ...conditions].some((hit) => hit.from <= to)) return 'not-present';
    if (later.some((hit) => sameClause(hit) && hit.from - to <= 8)) return 'not-present';
    if (before.some((hit) => sameClause(hit) && (hit.from <= to || hit.to === words.length)))
      return 'not-present';
    for (const told of years) {
      if (told.until) return told.year > year ? 'not-present' : 'ended';
      if (told.year > year) return 'not-present';
    }
    return null;
  };
}

/** Years that say when: "in 2031", "until 2024". */
function findYears(words: readonly { text: string }[]): { year: number; until: boolean }[] {
  return words.flatMap((word, at) => {
    const before = words[at - 1]?.text.toLowerCase() ?? '';
    if (!/^20\d\d$/.test(word.text)) return [];
    if (!/^(?:by|in|from|until|before|till|bis|ab|q[1-4]|late|early|mid)$/.test(before)) return [];
    return [{ year: Number(word.text), until: /^(?:until|till)$/.test(before) }];
  });
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
