import type { Band, ScoringModel } from '../scoring-model.ts';
import type { Reason } from '../store/scores.ts';
import type { Signal } from '../store/signals.ts';
import { bandOf } from './bands.ts';
import { measureConfidence } from './measure-confidence.ts';
import type { Evidence } from './measure-confidence.ts';
import { shareOut } from './share-out.ts';

export type Score = {
  status: 'scored' | 'not-enough-evidence';
  /** 0–100 with one decimal; null when there was not enough to read. */
  score: number | null;
  band: Band | null;
  /** 0–1, two decimals: how much, how credible and how varied the evidence is. */
  confidence: number;
  /** Strongest first, the start last. Their points add up to the score exactly, in tenths. */
  reasons: Reason[];
  /** Labels of the signal kinds for which nothing was found: unknown, not absent. */
  missing: string[];
  /** Set when there is no score: what was missing. */
  why: string | null;
};

export const START = 'start';

const DAY_MS = 86_400_000;

/**
 * Signals → a score that explains itself. Each signal brings weight × strength × confidence × freshness (halved every half-life between
 * its date and `asOf`); the kind saturates towards its cap; kinds that speak against count negative. The sum moves the odds away
 * from the model's start: `spread` points multiply them by e. So no company ever reaches 0 or 100, every signal moves the score in its own
 * direction, and two companies with different evidence seldom tie. Pure: the same signals and day give the same result
 * bit for bit, in whatever order they come. `asOf` is an ISO day. Signals of kinds that the model does not know are left out.
 */
export function weigh(
  signals: readonly Signal[],
  model: ScoringModel,
  { asOf, evidence }: { asOf: string; evidence: Evidence },
): Score {
  const day = Date.parse(asOf);
  if (Number.isNaN(day)) throw new RangeError(`weigh: "${asOf}" is no ISO day`);
  const fetched = new Map(evidence.sources.map((source) => [source.id, source.fetchedAt]));
  const worthOf = (signal: Signal): number => {
    const kind = model.kinds.find(({ key }) => key === signal.kind);
    if (!kind) return 0;
    const date = Date.parse(signal.published ?? fetched.get(signal.sourceId) ?? asOf);
    const ageDays = Number.isNaN(date) ? 0 : Math.max(0, (day - date) / DAY_MS);
    return (
      kind.weight * clamp(signal.strength) * clamp(signal.confidence) * 2 ** (-ageDays / kind.halfLifeDays)
    );
  };
  const weighed = inFixedOrder(foldDuplicates(signals, worthOf));

  const found = new Set(weighed.map(({ signal }) => signal.kind));
  const missing = model.kinds
    .filter((kind) => kind.polarity === 'positive' && !found.has(kind.key))
    .map((kind) => kind.label);
  const confidence = measureConfidence(
    weighed.map(({ signal }) => signal),
    evidence,
    model.evidence,
  );
  const { minimumCharacters } = model.evidence;
  if (evidence.textLength < minimumCharacters) {
    const why = `Only ${evidence.textLength} characters about the company could be read; a score needs at least ${minimumCharacters}.`;
    return {
      status: 'not-enough-evidence',
      score: null,
      band: null,
      confidence: 0,
      reasons: [],
      missing,
      why,
    };
  }

  const pulls: number[] = weighed.map(() => 0);
  for (const kind of model.kinds) {
    const members = weighed.flatMap(({ signal, worth }, index) =>
      signal.kind === kind.key ? [{ index, worth }] : [],
    );
    const total = members.reduce((sum, { worth }) => sum + worth, 0);
    if (total === 0) continue;
    const saturated = kind.cap * (1 - Math.exp(-total / kind.cap));
    const direction = kind.polarity === 'positive' ? 1 : -1;
    for (const { index, worth } of members) pulls[index] = (direction * saturated * worth) / total;
  }
  const { tenths, parts } = shareOut(pulls, model.scale);
  const labels = new Map(model.kinds.map((kind) => [kind.key, kind.label]));
  const reasons = weighed.map(({ signal }, index): Reason => ({
    kind: signal.kind,
    label: labels.get(signal.kind) ?? signal.kind,
    points: (parts[index] ?? 0) / 10,
    quote: signal.quote,
    url: signal.url,
    sourceId: signal.sourceId,
    published: signal.published,
  }));
  const ranked = reasons.toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points));
  const start: Reason = {
    kind: START,
    label: 'Where every company starts',
    points: (parts.at(-1) ?? 0) / 10,
    quote: null,
    url: null,
    sourceId: null,
    published: null,
  };
  const score = tenths / 10;
  return {
    status: 'scored',
    score,
    band: bandOf(score, model.bands),
    confidence,
    reasons: [...ranked, start],
    missing,
    why: null,
  };
}

type Weighed = { signal: Signal; worth: number };

/** One claim told by three sites is one claim: of signals with the same kind and words, the one worth most stays. */
function foldDuplicates(signals: readonly Signal[], worthOf: (signal: Signal) => number): Weighed[] {
  const best = new Map<string, Weighed>();
  for (const signal of signals) {
    const worth = worthOf(signal);
    if (!(worth > 0)) continue;
    const words = signal.quote
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
      .trim();
    const claim = `${signal.kind} ${words}`;
    const known = best.get(claim);
    if (!known || compareWeighed({ signal, worth }, known) < 0) best.set(claim, { signal, worth });
  }
  return [...best.values()];
}

function inFixedOrder(weighed: readonly Weighed[]): Weighed[] {
  return weighed.toSorted(compareWeighed);
}

function compareWeighed(a: Weighed, b: Weighed): number {
  if (a.worth !== b.worth) return b.worth - a.worth;
  return compareText(identify(a.signal), identify(b.signal));
}

function identify({ kind, quote, url, sourceId, published, strength, confidence }: Signal): string {
  return JSON.stringify([kind, quote, url, sourceId, published, strength, confidence]);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function clamp(share: number): number {
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}
