import { compileTerms } from '../scoring-model-terms.ts';
import type { Source } from '../store/sources.ts';
import type { PlacedSentence } from './place-sentence.ts';
import { hideFormerName } from './read-sentence.ts';
import type { ReadCompany } from './reading-prompt.ts';
import { type Doubt, readDoubts, type Stretch } from './sentence-doubts.ts';
import { type JudgedSource, readSpeakers } from './sentence-subject.ts';
import { namesOf } from './names.ts';

/**
 * A sentence of a source → a judge of the claims in it: why the sentence does not say a claim of the company as a present fact, or
 * null when it does. The one judge of both readers, phrases and text model. Nothing is worked out before the first claim.
 */
export function doubtClaims(
  sentence: PlacedSentence,
  source: JudgedSource,
  company: ReadCompany,
): (claim: Stretch) => Doubt | 'other-company' | null {
  let heading: { doubt: Doubt | 'other-company' | null } | null = null;
  let doubts: ReturnType<typeof readDoubts> | null = null;
  let speakers: ReturnType<typeof readSpeakers> | null = null;
  return (claim) => {
    heading ??= doubtHeading(sentence.heading, source, company);
    if (heading.doubt) return heading.doubt;
    doubts ??= readDoubts(hideFormerName(sentence.text), yearOf(source), namesOf(company));
    const doubt = doubts(claim);
    if (doubt) return doubt;
    speakers ??= readSpeakers(sentence, source, company);
    return speakers(claim);
  };
}

/** "What we do not do:", "Our competitors include:": what such a line says of its list holds of each entry. */
function doubtHeading(
  heading: string | null,
  source: JudgedSource,
  company: ReadCompany,
): { doubt: Doubt | 'other-company' | null } {
  if (heading === null) return { doubt: null };
  if (isAboutOthers(heading)) return { doubt: 'other-company' };
  const entry = `${heading} it`;
  const doubtOf = readDoubts(entry, yearOf(source), namesOf(company));
  return { doubt: doubtOf({ start: entry.length - 2, end: entry.length }) };
}

const isAboutOthers = compileTerms([
  'compete',
  'competes',
  'competition',
  'competitor*',
  'rival*',
  'alternatives',
  'customers include',
  'clients include',
  'partners include',
  'trusted by',
]);

/** The year in which the document was true: when it was published, else when it was read. */
function yearOf(source: Pick<Source, 'published' | 'fetchedAt'>): number {
  const year = Number((source.published ?? source.fetchedAt).slice(0, 4));
  return Number.isInteger(year) ? year : 0;
}
