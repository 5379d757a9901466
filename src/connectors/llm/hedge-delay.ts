/** How long calls of one kind took until some point of theirs, and after how long one that has not reached it counts as lost. */
export type HedgeDelay = { milliseconds(): number; add(sample: number, ages: Iterable<number>): void };

export type HedgeRule = {
  /** No hedge sooner than this, milliseconds. */
  floorMs: number;
  /** Hedge after this at the latest, also before there are enough samples; unset: only what the samples say. */
  ceilingMs?: number;
  /** Lost after this many times the median … */
  medians: number;
  /** … or this many times what all but one in twenty take, whichever is sooner. */
  beyondSlow: number;
};

const SLOW_SHARE = 0.95;
const ENOUGH_SAMPLES = 8;
const ENOUGH_FOR_SLOW = 32;
const KEPT_SAMPLES = 64;

/** Learns the delay from samples and from the ages of the calls that are still under way. */
export function createHedgeDelay(rule: HedgeRule): HedgeDelay {
  const ceiling = rule.ceilingMs ?? Number.POSITIVE_INFINITY;
  let samples: number[] = [];
  let delayMs = ceiling;
  return {
    milliseconds: () => delayMs,
    add: (sample, ages) => {
      samples = [...samples, sample].slice(-KEPT_SAMPLES);
      if (samples.length < ENOUGH_SAMPLES) return;
      const at = quantilesOf(samples, [...ages]);
      const slow =
        samples.length < ENOUGH_FOR_SLOW ? Number.POSITIVE_INFINITY : rule.beyondSlow * at(SLOW_SHARE);
      delayMs = Math.min(ceiling, Math.max(rule.floorMs, Math.min(rule.medians * at(0.5), slow)));
    },
  };
}

/**
 * Quantiles of how long calls take, by Kaplan and Meier: a call under way counts as one that takes longer than it has so
 * far. Those that end first are the quick ones, and alone would make every other one look lost.
 */
function quantilesOf(samples: readonly number[], ages: readonly number[]): (share: number) => number {
  const all = [
    ...samples.map((milliseconds) => ({ milliseconds, ended: true })),
    ...ages.map((milliseconds) => ({ milliseconds, ended: false })),
  ].toSorted((a, b) => a.milliseconds - b.milliseconds);
  return (share) => {
    let left = 1;
    for (const [index, { milliseconds, ended }] of all.entries()) {
      if (ended) left *= 1 - 1 / (all.length - index);
      if (left <= 1 - share) return milliseconds;
    }
    return Number.POSITIVE_INFINITY;
  };
}
