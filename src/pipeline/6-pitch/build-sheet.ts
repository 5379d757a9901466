import { formatDay, formatPoints } from '../format.ts';
import { safeLink } from '../link.ts';
import { cleanLine, removeStrangeLinks } from '../plain-text.ts';
import type { Company } from '../store/companies.ts';
import type { Competitor } from '../store/extractions.ts';
import type { Persona } from '../store/personas.ts';
import { linksOfPeople } from '../apply-edits.ts';
import type { ShownPitch } from '../apply-edits.ts';
import type { Reason, StoredScore } from '../store/scores.ts';
import { cutText } from './cut-text.ts';
import { numberSources } from './number-sources.ts';
import type { ReadSource } from './number-sources.ts';
import type { Sheet, ShownPersona, ShownReason } from './sheet.ts';
import { showPitch } from './show-pitch.ts';

export type SheetFacts = {
  company: Pick<Company, 'name' | 'domain' | 'website' | 'industry' | 'employees' | 'country'>;
  score: StoredScore;
  profile: { quote: string; url: string } | null;
  personas: readonly Persona[];
  competitors: readonly Competitor[];
  pitch: ShownPitch | null;
  sources: readonly ReadSource[];
  seller: string | null;
  /** Address of our page about the company. */
  page: string | null;
};

// Two pages hold about this much; what is left out is counted, and stands on the company's page.
const MOST_REASONS = 8;
const MOST_PROOFS = 2;
const MOST_QUOTES = 9;
const MOST_COMPETITORS = 6;
const MOST_PERSONAS = 3;
const MOST_CONTACTS = 3;
const MOST_MISSING = 8;
const QUOTE = 420;
const RIVAL_QUOTE = 220;
const NAME = 160;
const LABEL = 90;
const LINE = 260;

/** What is stored about a company → the sheet that is printed. Pure: the same facts give the same sheet. */
export function buildSheet(facts: SheetFacts): Sheet {
  const { company, score, profile, pitch } = facts;
  const urls = [
    ...score.reasons.flatMap(({ url }) => url ?? []),
    ...facts.competitors.map(({ url }) => url),
    ...facts.sources.map(({ url }) => url),
    ...(pitch?.citations.map(({ url }) => url) ?? []),
    ...(pitch === null ? [] : linksOfPeople(pitch)),
  ];
  // A reader's program makes links of what looks like one, so that no page may place an address here.
  const show = (text: string, most: number): string =>
    cutText(removeStrangeLinks(cleanLine(text.slice(0, most * 4)), urls), most);
  const sources = numberSources(facts.sources);
  const cite = (quote: string, url: string, most: number, published?: string | null) =>
    sources.cite(show(quote, most), quote, url, published);

  const inOwnWords = profile === null ? null : cite(profile.quote, profile.url, QUOTE);
  const kinds = groupReasons(score.reasons);
  const evidence = kinds.filter(({ members }) => members.some(({ quote }) => quote !== null));
  // One quote each, then second ones while there is room: the strongest first.
  let spare = MOST_QUOTES - Math.min(evidence.length, MOST_REASONS);
  const reasons = evidence.slice(0, MOST_REASONS).map(({ label, points, members }): ShownReason => {
    const quoted = members.flatMap(({ quote, url, ...rest }) =>
      quote === null || url === null ? [] : [{ ...rest, quote, url }],
    );
    const room = quoted.length > 1 && spare > 0 ? MOST_PROOFS : 1;
    spare -= room - 1;
    return {
      label: show(label, LABEL),
      points,
      proofs: quoted.slice(0, room).map((proof) => ({
        ...cite(proof.quote, proof.url, QUOTE, proof.published),
        points: members.length === 1 ? null : proof.points,
      })),
      more: Math.max(0, quoted.length - room),
    };
  });
  const left = evidence.slice(MOST_REASONS);
  const start = kinds.filter(({ members }) => members.every(({ quote }) => quote === null));
  const competitors = facts.competitors.slice(0, MOST_COMPETITORS).map(({ name, quote, url }) => ({
    name: show(name, LABEL),
    ...cite(quote, url, RIVAL_QUOTE),
  }));
  const shownPitch =
    pitch === null
      ? null
      : showPitch(pitch, {
          numberOf: sources.numberOf,
          show,
          quotes: new Set(
            [inOwnWords, ...reasons.flatMap(({ proofs }) => proofs), ...competitors].flatMap(
              (shown) => shown?.quote ?? [],
            ),
          ),
          roles: facts.personas.slice(0, MOST_PERSONAS).map(({ title }) => cleanLine(title)),
        });
  return {
    name: show(company.name, NAME) || company.domain,
    domain: cleanLine(company.domain),
    // CRMs hold it without a scheme, too.
    website: safeLink(company.website) ?? safeLink(`https://${company.domain}`),
    facts: describeCompany(company).map((fact) => show(fact, LABEL)),
    seller: facts.seller === null ? null : show(facts.seller, LABEL) || null,
    page: facts.page === null ? null : safeLink(facts.page),
    score: {
      value: score.score,
      band: score.band,
      confidence: score.confidence,
      asOf: formatDay(score.asOf),
      model: show(
        score.modelVersion.startsWith(score.model)
          ? score.modelVersion
          : `${score.model} ${score.modelVersion}`,
        LABEL,
      ),
      why: score.why === null ? null : show(score.why, LINE),
      start: start.length === 0 ? null : sumPoints(start),
    },
    summary: { inOwnWords, sentence: summarize(score, evidence) },
    reasons,
    moreReasons: left.length === 0 ? null : { count: left.length, points: sumPoints(left) },
    missing: score.missing.slice(0, MOST_MISSING).map((label) => show(label, LABEL)),
    personas: facts.personas.slice(0, MOST_PERSONAS).map((persona) => showPersona(persona, show)),
    competitors,
    moreCompetitors: Math.max(0, facts.competitors.length - MOST_COMPETITORS),
    pitch: shownPitch,
    sources: sources.list(),
    made: youngest(
      score.scoredAt,
      ...(pitch === null ? [] : [pitch.writtenAt, ...pitch.edited.map(({ editedAt }) => editedAt)]),
    ),
  };
}

type Kind = { label: string; points: number; members: readonly Reason[] };

/** Strongest first, each with its strongest quote first. */
function groupReasons(reasons: readonly Reason[]): Kind[] {
  const byStrength = (a: { points: number }, b: { points: number }): number =>
    Math.abs(b.points) - Math.abs(a.points);
  return [...Map.groupBy(reasons, ({ kind }) => kind).values()]
    .map((members) => ({
      label: members[0]?.label ?? '',
      points: sumPoints(members),
      members: members.toSorted(byStrength),
    }))
    .toSorted(byStrength);
}

/** In tenths: sums of 0.1 drift. */
function sumPoints(parts: readonly { points: number }[]): number {
  return parts.reduce((sum, { points }) => sum + Math.round(points * 10), 0) / 10;
}

function summarize(score: StoredScore, kinds: readonly Kind[]): string {
  if (score.score === null) return score.why ?? 'There is not enough evidence for a score.';
  const [pro, con] = [kinds.filter(({ points }) => points > 0), kinds.filter(({ points }) => points < 0)];
  const count = (parts: readonly Kind[], what: string): string =>
    `${parts.length} ${parts.length === 1 ? 'kind of signal speaks' : 'kinds of signals speak'} ${what} (${formatPoints(sumPoints(parts))})`;
  const sides = [
    ...(pro.length > 0 ? [count(pro, 'for a need')] : []),
    ...(con.length > 0 ? [count(con, 'against it')] : []),
  ];
  const verdict = `Score ${score.score.toFixed(1)} of 100, band ${score.band ?? '–'}`;
  return sides.length === 0 ? `${verdict}.` : `${verdict}: ${sides.join(', ')}.`;
}

function describeCompany({ industry, employees, country }: SheetFacts['company']): string[] {
  const people = employees === null ? null : `${employees.toLocaleString('en-US')} employees`;
  return [industry, people, country].flatMap((fact) => fact || []);
}

function showPersona(persona: Persona, show: (text: string, most: number) => string): ShownPersona {
  const contacts = persona.matches.map(({ name, title }) => ({
    name: show(name, LABEL),
    title: show(title, LABEL),
  }));
  const list = (lines: readonly string[]): string =>
    show(lines.map((line) => line.replace(/[.;]\s*$/, '')).join('; '), LINE);
  return {
    title: show(persona.title, LABEL),
    // The same person may lie in both CRMs.
    contacts: contacts
      .filter((contact, index) => contacts.findIndex(({ name }) => name === contact.name) === index)
      .slice(0, MOST_CONTACTS),
    traits: [
      { label: 'Pains', text: list(persona.pains) },
      { label: 'Motives', text: list(persona.motives) },
      { label: 'Decides by', text: list(persona.decisionFactors) },
      { label: 'Style', text: show(persona.style, LINE) },
    ].filter(({ text }) => text !== ''),
  };
}

function youngest(...times: Date[]): Date {
  return new Date(Math.max(...times.map((time) => time.getTime())));
}
