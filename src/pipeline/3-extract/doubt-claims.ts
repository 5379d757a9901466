import type { Source } from '../store/sources.ts';
import { hideFormerName } from './read-sentence.ts';
import type { ReadCompany } from './reading-prompt.ts';
import { type Doubt, readDoubts, type Stretch } from './sentence-doubts.ts';
import { readSpeakers } from './sentence-subject.ts';
import { namesOf } from './names.ts';

/** A sentence where it stands: `before` are up to three sentences before it (nearest last), `after` the one behind it. */
export type PlacedSentence = { text: string; before: readonly string[]; after: string | null };

/** What must be known of a source to judge its sentences. */
export type JudgedSource = Pick<Source, 'url' | 'kind' | 'text' | 'published' | 'fetchedAt'>;

/**
 * A sentence of a source → a judge of the claims in it: why the sentence does not say a claim of the company as a present fact, or
 * null when it does. The one judge of both readers, phrases and text model. Nothing is worked out before the first claim.
 */
export function doubtClaims(
  sentence: PlacedSentence,
  source: JudgedSource,
  company: ReadCompany,
): (claim: Stretch) => Doubt | 'other-company' | null {
  let doubts: ReturnType<typeof readDoubts> | null = null;
  let speakers: ReturnType<typeof readSpeakers> | null = null;
  return (claim) => {
    doubts ??= readDoubts(hideFormerName(sentence.text), yearOf(source), namesOf(company));
    const doubt = doubts(claim);
    if (doubt) return doubt;
    speakers ??= readSpeakers(sentence, source, company);
    return speakers(claim);
  };
}

/** The year in which the document was true: when it was published, else when it was read. */
function yearOf(source: Pick<Source, 'published' | 'fetchedAt'>): number {
  const year = Number((source.published ?? source.fetchedAt).slice(0, 4));
  return Number.isInteger(year) ? year : 0;
}
