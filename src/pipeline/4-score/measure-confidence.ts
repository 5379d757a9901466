import type { ScoringModel } from '../scoring-model.ts';
import type { Signal } from '../store/signals.ts';
import type { SourceKind } from '../store/sources.ts';

/** What was read about the company. */
export type Evidence = {
  /** Characters of text about the company, duplicates folded. */
  textLength: number;
  sources: readonly {
    id: string;
    kind: SourceKind;
    /** 0–1. */
    credibility: number;
    /** ISO date or time; counts where the publication date is unknown. */
    fetchedAt: string;
  }[];
};

/** How the three sides count: without text there is nothing; varied and credible sources matter about alike. */
const SHARES = { quantity: 0.4, credibility: 0.3, diversity: 0.3 };

/** A score without any signal rests on what was not said; that is weaker than anything said. */
const WITHOUT_SIGNALS = 0.6;

/**
 * Evidence → 0–1 with two decimals: how much was read (against the model's ample amount), how credible the sources are, and how
 * many of the kinds of source that the model expects were there.
 */
export function measureConfidence(
  signals: readonly Signal[],
  { textLength, sources }: Evidence,
  { ampleCharacters, expects }: ScoringModel['evidence'],
): number {
  const quantity = Math.min(1, Math.sqrt(Math.max(0, textLength) / ampleCharacters));
  const credibility =
    sources.reduce((sum, source) => sum + source.credibility, 0) / Math.max(1, sources.length);
  const read = new Set(sources.map((source) => source.kind));
  const diversity = expects.filter((kind) => read.has(kind)).length / expects.length;
  const confidence =
    SHARES.quantity * quantity + SHARES.credibility * credibility + SHARES.diversity * diversity;
  return Math.round(100 * confidence * (signals.length > 0 ? 1 : WITHOUT_SIGNALS)) / 100;
}
