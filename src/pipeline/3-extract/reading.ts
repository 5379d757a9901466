import type { Signal } from '../store/signals.ts';
import type { FoundCompetitor } from './competitors.ts';
import type { Overview } from './overview.ts';
import type { ReadingPrompt } from './reading-prompt.ts';

/** A buyer role that the reader expects at the company: inferred, but for the quote. */
export type ReadPersona = {
  /** Key of a role of the scoring model. */
  role: string;
  pains: string[];
  motives: string[];
  style: string | null;
  decisionFactors: string[];
  quote: string | null;
  sourceId: string | null;
  url: string | null;
};

/** Something that was said and is not believed, and why. */
export type Dropped = {
  what: 'signal' | 'competitor' | 'overview' | 'persona' | 'inference';
  /** A reason of the quote check, or `no-such-source`, `unknown-role`, `states-a-fact`, `own-name`, `outdated`. */
  reason: string;
  /** What was said, cut to 200 characters, for people to look at. */
  said: string;
};

export type Reading = {
  method: 'llm' | 'phrases';
  /** Why no text model read the sources although there is one; null when it did or there is none. */
  fallbackReason: string | null;
  overview: Overview;
  signals: Signal[];
  competitors: FoundCompetitor[];
  personas: ReadPersona[];
  dropped: Dropped[];
  /** Sentences in the sources that try to instruct their reader; for an administrator to see. */
  flagged: ReadingPrompt['flagged'];
};
