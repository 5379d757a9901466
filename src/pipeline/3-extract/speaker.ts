import type { SourceKind } from '../store/sources.ts';
import type { Hit } from '../scoring-model-terms.ts';

export type Speakers = {
  own: readonly Hit[];
  customers: readonly Hit[];
  others: readonly Hit[];
  past: readonly Hit[];
  providers: readonly Hit[];
  trades: readonly Hit[];
  parties: readonly Hit[];
  somebody: readonly Hit[];
  /** Where the company's own name is said. */
  names: readonly Hit[];
};

/** How many words back a customer or a past job is still taken for the subject. */
const REACH = 10;

export type Doer = 'company' | 'customers' | 'founders' | 'others';

/** Whose doing is the claim that spans the words `from` to `to`? The nearest subject before it decides; none: the company. */
export function findDoer(
  claim: { from: number; to: number },
  speakers: Speakers,
  clauseOf: readonly number[],
  words: readonly { text: string }[],
): Doer {
  const near = (hit: Hit): boolean => hit.from < claim.from && claim.from - hit.to <= REACH;
  const inClause = (hit: Hit): boolean => near(hit) && clauseOf[hit.from] === clauseOf[claim.from];
  const inside = (hit: Hit): boolean => hit.from > claim.from && hit.to < claim.to;
  const last = (hits: readonly Hit[]): number => hits.reduce((latest, hit) => Math.max(latest, hit.to), -1);
  // "Unlike Halden, …" and "before founding Halden, she …": what follows such a word is its object, not who acts.
  const isObject = (hit: Hit, marks: readonly Hit[]): boolean =>
    marks.some((mark) => hit.from === mark.to && clauseOf[hit.from] === clauseOf[mark.from]);
  const subjects = [
    ...speakers.own,
    ...speakers.names.filter((name) => !isObject(name, speakers.others)),
  ].filter((hit) => near(hit) && !isObject(hit, speakers.past));
  const own = last(subjects);
  const subject = speakers.providers.filter(
    (hit) => hit.from === 0 && hit.to <= claim.from && !speakers.names.some((name) => name.from <= hit.from),
  );
  // "… is done by partner models": the doer follows.
  const byOthers = (hit: Hit): boolean =>
    hit.from >= claim.to &&
    hit.from - claim.to <= 5 &&
    clauseOf[hit.from] === clauseOf[claim.from] &&
    words.slice(claim.to, hit.from).some(({ text }) => text.toLowerCase() === 'by');
  if (speakers.others.some(byOthers)) return 'others';
  const others = last([
    ...speakers.others.filter((hit) => near(hit) || inside(hit)),
    ...subject,
    ...speakers.somebody.filter((hit) => hit.from === 0 && near(hit)),
  ]);
  if (others > own) return 'others';
  const isTrade = (hit: Hit): boolean => hit.to <= claim.from && claim.from - hit.to <= 2 && hit.from > own;
  if (speakers.trades.some(isTrade)) return 'others';
  if (speakers.parties.some((hit) => hit.from === claim.to)) {
    const before = words.slice(Math.max(0, claim.from - 4), claim.from).map(({ text }) => text.toLowerCase());
    // "One of the leading robotics companies" is the company itself; "our GPU customers" are customers.
    if (before.at(-1) === 'our') return 'customers';
    if (!before.includes('one')) return 'others';
  }
  const past = last(speakers.past.filter(near));
  if (past > own) return 'founders';
  const customers = last(speakers.customers.filter(inClause));
  if (customers > own) return 'customers';
  return 'company';
}

/** Kinds of source in which the company speaks about itself unless it says otherwise. */
const OWN_VOICE: ReadonlySet<SourceKind> = new Set(['site', 'docs', 'jobs', 'filing']);

/** True for the company's own pages: there "we" is the company. Elsewhere a sentence must name it. */
export function speaksForItself(source: { url: string; kind: SourceKind }, domain: string): boolean {
  if (OWN_VOICE.has(source.kind)) return true;
  const host = URL.canParse(source.url) ? new URL(source.url).hostname : '';
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

const STARTS_WITH_PRONOUN =
  /^(?:["“'‘]\s*)?(?:it|its|the (?:company|startup|firm|group|maker|developer|provider|team|platform)|they|their)\b/iu;

/**
 * On somebody else's page: is the company the subject of the sentence? It is named before the claim, or the sentence goes on about
 * it with a pronoun right after one that names it.
 */
export function isAboutCompany(
  claim: { from: number },
  sentence: { text: string; names: readonly Hit[] },
  previousNamesIt: boolean,
): boolean {
  if (sentence.names.some((name) => name.from <= claim.from)) return true;
  return sentence.names.length === 0 && previousNamesIt && STARTS_WITH_PRONOUN.test(sentence.text);
}
