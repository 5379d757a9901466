import { cleanLine, removeStrangeLinks } from '../plain-text.ts';
import type { Citation } from '../store/pitches.ts';
import type { Persona } from '../store/personas.ts';
import type { PitchSettings } from '../store/pitch-settings.ts';
import type { Seller } from '../store/sellers.ts';

/** What a template may show. Every fact is a quote with the number of its source; what is inferred says so. */
export type PitchData = {
  company: { name: string; domain: string };
  score: { value: number | null; band: string | null; confidence: number };
  /** What the company says of itself; null: unknown. */
  profile: { quote: string; number: number } | null;
  /** What speaks for a need, strongest first. */
  reasons: { label: string; points: number; quote: string; number: number; published: string | null }[];
  /** What speaks against it. */
  doubts: { label: string; points: number; quote: string; number: number; published: string | null }[];
  competitors: { name: string; quote: string; number: number }[];
  /** Inferred, but for the contacts, who are people of the CRM. */
  personas: PersonaData[];
  /** The one of them that the pitch is written for; null: for nobody in particular. */
  persona: PersonaData | null;
  /** What the workspace says of itself; null: nobody wrote it down, and nothing is said in its name. */
  seller: { name: string; offer: string; audience: string; proofPoints: string[] } | null;
  settings: PitchManner;
  /** ISO day. */
  date: string;
};

type PersonaData = {
  title: string;
  pains: string[];
  motives: string[];
  style: string;
  decisionFactors: string[];
  contacts: { name: string; title: string }[];
};

/** How a pitch is to sound. */
type PitchManner = Pick<PitchSettings, 'tone' | 'length' | 'focus'>;

const DEFAULT_MANNER: PitchManner = { tone: 'professional', length: 'medium', focus: 'balanced' };

/** What a company's pitch is made from. */
export type PitchFacts = {
  company: { name: string; domain: string };
  score: {
    score: number | null;
    band: string | null;
    confidence: number;
    reasons: readonly {
      label: string;
      points: number;
      quote: string | null;
      url: string | null;
      published: string | null;
    }[];
  };
  personas: readonly Persona[];
  competitors: readonly { name: string; quote: string; url: string }[];
  seller?: Seller | null;
  settings?: PitchManner;
  /** From the stored overview. */
  profile?: { quote: string; url: string } | null;
  /** The role that it is for; unset: nobody in particular. */
  persona?: string;
  /** ISO day. */
  asOf: string;
};

// What a detailed pitch can hold; a shorter one takes less (fit-length.ts).
const MOST_REASONS = 12;
const MOST_DOUBTS = 4;
const MOST_COMPETITORS = 6;
const MOST_CONTACTS = 3;

/**
 * Facts → the data that templates show and the numbered sources behind it. All texts are cleaned: no control or invisible
 * characters, no address that is not one of the company's sources, and `{{` stays two characters, since data is never compiled.
 */
export function buildPitchData(facts: PitchFacts): { data: PitchData; citations: Citation[] } {
  const citations: Citation[] = [];
  const urls = [
    ...facts.score.reasons.flatMap(({ url }) => (url === null ? [] : [url])),
    ...facts.competitors.map(({ url }) => url),
    ...(facts.profile ? [facts.profile.url] : []),
  ];
  // "[3]" in a document (footnotes, encyclopedias) must not pass for one of our marks.
  const show = (text: string): string =>
    removeStrangeLinks(cleanLine(text).replaceAll(/\[(S?\d+)\]/g, '($1)'), urls);
  const cite = (quote: string, url: string): number => {
    const known = citations.find((citation) => citation.quote === quote && citation.url === url);
    if (known) return known.number;
    citations.push({ number: citations.length + 1, quote, url });
    return citations.length;
  };
  const profile = facts.profile
    ? { quote: show(facts.profile.quote), number: cite(facts.profile.quote, facts.profile.url) }
    : null;
  const quoted = facts.score.reasons.flatMap((reason) =>
    reason.quote === null || reason.url === null ? [] : [{ ...reason, quote: reason.quote, url: reason.url }],
  );
  const list = (reasons: typeof quoted, most: number): PitchData['reasons'] =>
    reasons
      .toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points))
      .slice(0, most)
      .map(({ label, points, quote, url, published }) => ({
        label: show(label),
        points,
        quote: show(quote),
        number: cite(quote, url),
        published,
      }));
  const personas = facts.personas.map(({ title, pains, motives, style, decisionFactors, matches }) => ({
    title: show(title),
    pains: pains.map(show),
    motives: motives.map(show),
    style: show(style),
    decisionFactors: decisionFactors.map(show),
    contacts: uniqueContacts(matches.map((match) => ({ name: show(match.name), title: show(match.title) }))),
  }));
  const roles = facts.personas.map(({ role }) => role);
  const data: PitchData = {
    company: { name: show(facts.company.name), domain: cleanLine(facts.company.domain) },
    score: { value: facts.score.score, band: facts.score.band, confidence: facts.score.confidence },
    profile,
    reasons: list(
      quoted.filter(({ points }) => points > 0),
      MOST_REASONS,
    ),
    doubts: list(
      quoted.filter(({ points }) => points < 0),
      MOST_DOUBTS,
    ),
    competitors: facts.competitors.slice(0, MOST_COMPETITORS).map(({ name, quote, url }) => ({
      name: show(name),
      quote: show(quote),
      number: cite(quote, url),
    })),
    personas,
    persona: facts.persona === undefined ? null : (personas[roles.indexOf(facts.persona)] ?? null),
    seller: facts.seller
      ? {
          name: show(facts.seller.name),
          offer: show(facts.seller.offer),
          audience: show(facts.seller.audience),
          proofPoints: facts.seller.proofPoints.map(show),
        }
      : null,
    settings: pickManner(facts.settings ?? DEFAULT_MANNER),
    date: facts.asOf,
  };
  return { data, citations };
}

/** Wishes are for the text model: a template must not print them. */
function pickManner({ tone, length, focus }: PitchManner): PitchManner {
  return { tone, length, focus };
}

/** The same person may lie in both CRMs. */
function uniqueContacts(
  contacts: readonly { name: string; title: string }[],
): { name: string; title: string }[] {
  return contacts
    .filter((contact, index) => contacts.findIndex(({ name }) => name === contact.name) === index)
    .slice(0, MOST_CONTACTS);
}
