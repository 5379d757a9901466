import type { SourceKind } from '../store/sources.ts';
import type { Hit } from '../scoring-model-terms.ts';

/** First person, and a page's usual ways to speak of the company that it is about. */
export const OWN = [
  'we',
  "we're",
  "we've",
  "we'll",
  'our',
  'us',
  'ourselves',
  'the company',
  'in house',
  'our team*',
  'our engineers',
  'our researchers',
  'our scientists',
];

export const CUSTOMERS = [
  'customer*',
  'client*',
  'user*',
  'developer*',
  'enterprises',
  'businesses',
  'companies',
  'organizations',
  'organisations',
  'teams',
  'engineers',
  'researchers',
  'scientists',
  'startups',
  'anyone',
  'everyone',
  'you',
  'your',
  'people',
  'creators',
  'brands',
  'labs',
  'manufacturers',
];

/** Somebody else's doing, or the doing of somebody before they came here. */
export const OTHERS = [
  'competitor*',
  'competing',
  'competes with',
  'rival*',
  'incumbent*',
  'unlike',
  'other companies',
  'others',
  'alternative to',
  'alternatives to',
  'similar to',
  'partner',
  'partners',
  'partner*',
  'supplier*',
  'vendor*',
  'compared to',
  'compared with',
  'like openai',
  'tech giants',
  'big tech',
  'acquired by',
];

export const PAST = [
  'previously',
  'formerly',
  'former',
  'ex',
  'prior to',
  'before founding',
  'before starting',
  'before joining',
  'before that',
  'used to',
  'worked at',
  'worked on',
  'worked as',
  'spent',
  'alumni',
  'alum',
  'years at',
  'led',
  'was a',
  'were',
  'years of experience',
  'in the past',
  'background in',
  'team is from',
  'team from',
  'founders are from',
  'experience in',
  'experience at',
];

/** Makers of models and hardware that everybody writes about: as the subject of a sentence they are somebody else. */
export const PROVIDERS = [
  'openai',
  'anthropic',
  'google',
  'deepmind',
  'meta',
  'facebook',
  'microsoft',
  'amazon',
  'apple',
  'nvidia',
  'amd',
  'intel',
  'tesla',
  'ibm',
  'mistral',
  'hugging face',
  'deepseek',
  'xai',
  'chatgpt',
  'gpt',
  'gemini',
  'claude',
  'llama',
];

export type Speakers = {
  own: readonly Hit[];
  customers: readonly Hit[];
  others: readonly Hit[];
  past: readonly Hit[];
  providers: readonly Hit[];
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
  const others = last([...speakers.others.filter((hit) => near(hit) || inside(hit)), ...subject]);
  if (others > own) return 'others';
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

const LEGAL_FORM =
  /[,\s]+(?:inc|incorporated|corp|corporation|co|company|ltd|limited|llc|llp|plc|gmbh|ag|se|sa|s\.a|spa|bv|nv|oy|ab|as|kg|kgaa|pte|pty|holdings?|group)\.?$/iu;

/** The ways a company is called: its name, the name without its legal form, and the name in its domain. */
export function namesOf(company: { name: string; domain: string }): string[] {
  const names = [company.name];
  let short = company.name;
  for (let cut = 0; cut < 3; cut += 1) {
    short = short.replace(LEGAL_FORM, '');
    names.push(short);
  }
  const label = company.domain.split('.')[0] ?? '';
  if (label.length > 3) names.push(label, company.domain);
  return [
    ...new Set(names.map((name) => name.trim().replaceAll('*', ' ')).filter((name) => name.length > 1)),
  ];
}
