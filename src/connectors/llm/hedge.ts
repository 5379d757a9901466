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
// Where calls take much alike, what is well beyond the slowest of twenty is lost sooner than that.
const MEDIANS = 2;
const SLOW_SHARE = 0.95;
const BEYOND_SLOW = 1.1;
const ENOUGH_SAMPLES = 8;
const ENOUGH_FOR_SLOW = 32;
const KEPT_SAMPLES = 64;
// A call that found the hedges used up asks again after this part of its delay.
const ASK_AGAIN_PART = 0.1;
// 4 hedges per 100 calls in the long run; a few may come together.
const CREDIT_PER_CALL = 0.04;
const MOST_CREDIT = 4;
const FIRST_CREDIT = 2;

/** How long calls of one kind took, and when those under way began, by what looks after them. */
type Kind = { samples: number[]; delayMs: number; waiting: Map<() => void, number> };

/**
 * Remembers how long calls of each kind take, and races a second request against one that takes far longer. What was sent
 * before there were samples is hedged as soon as there are: the first calls of a run are all under way at once.
 */
export function createHedger(options: HedgeOptions): Hedger {
  const kinds = new Map<string, Kind>();
  let credit = FIRST_CREDIT;
  let creditedAt = performance.now();

  const delayOf = (samples: readonly number[], ages: Iterable<number>): number => {
    const ceiling = options.ceilingMs ?? Number.POSITIVE_INFINITY;
    if (samples.length < ENOUGH_SAMPLES) return ceiling;
    const at = quantilesOf(samples, [...ages]);
    const slow = samples.length < ENOUGH_FOR_SLOW ? Number.POSITIVE_INFINITY : BEYOND_SLOW * at(SLOW_SHARE);
    return Math.min(ceiling, Math.max(options.floorMs, Math.min(MEDIANS * at(0.5), slow)));
  };
  const kindOf = (name: string): Kind => {
    const kind = kinds.get(name) ?? { samples: [], delayMs: delayOf([], []), waiting: new Map() };
    kinds.set(name, kind);
    return kind;
  };
  const takeCredit = (kind: Kind): boolean => {
    const now = performance.now();
    // One a delay comes with time while few calls are under way: the last call of a run hangs when no other brings credit.
    if (Number.isFinite(kind.delayMs) && kind.waiting.size <= MOST_CREDIT)
      credit = Math.min(MOST_CREDIT, credit + (now - creditedAt) / Math.max(1, kind.delayMs));
    creditedAt = now;
    if (credit < 1) return false;
    credit -= 1;
    return true;
  };

  return {
    race: (name, signal, start) => {
      credit = Math.min(MOST_CREDIT, credit + CREDIT_PER_CALL);
      const kind = kindOf(name);
      return runRace({
        signal,
        start,
        takeCredit: () => takeCredit(kind),
        watch: (attempt, hedge) => watch(kind, attempt, hedge),
      });
    },
  };

  async function watch<R>(kind: Kind, attempt: () => Promise<R>, hedge: (() => boolean) | null): Promise<R> {
    const began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (hedge === null || !Number.isFinite(kind.delayMs)) return;
      const left = began + kind.delayMs - performance.now();
      if (left > 0) timer = setTimeout(look, left);
      else if (hedge()) kind.waiting.delete(look);
      else timer = setTimeout(look, Math.max(1, kind.delayMs * ASK_AGAIN_PART));
    };
    kind.waiting.set(look, began);
    look();
    try {
      const answer = await attempt();
      kind.waiting.delete(look);
      const now = performance.now();
      kind.samples = [...kind.samples, now - began].slice(-KEPT_SAMPLES);
      kind.delayMs = delayOf(
        kind.samples,
        [...kind.waiting.values()].map((since) => now - since),
      );
      for (const other of kind.waiting.keys()) other();
      return answer;
    } finally {
      clearTimeout(timer);
      kind.waiting.delete(look);
    }
  }
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

function runRace<T>(race: {
  signal: AbortSignal;
  start: (lane: Lane) => Promise<T>;
  takeCredit: () => boolean;
  /** Runs the attempt; `hedge` is called when it takes too long, and again until it answers true. */
  watch: <R>(attempt: () => Promise<R>, hedge: (() => boolean) | null) => Promise<R>;
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
    const hedge = (): boolean => {
      if (second !== null || firstFailure !== null) return true;
      if (!race.takeCredit()) return false;
      second = race.start(laneOf(true, stops.second));
      second.then(
        (answer) => {
          if (!stops.second.signal.aborted) finish(stops.first, first, () => resolve(answer));
        },
        () => {
          secondFailed = true;
          if (firstFailure !== null) reject(firstFailure.error);
        },
      );
      return true;
    };
    const laneOf = (isHedge: boolean, stop: AbortController): Lane => ({
      hedge: isHedge,
      signal: AbortSignal.any([race.signal, stop.signal]),
      watch: (attempt) => race.watch(attempt, isHedge ? null : hedge),
    });

    first = race.start(laneOf(false, stops.first));
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
