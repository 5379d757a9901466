import { createHedgeDelay } from './hedge-delay.ts';
import type { HedgeDelay } from './hedge-delay.ts';

/** One of the two requests that may race for an answer. */
type Lane = {
  /** True for the second one. */
  hedge: boolean;
  signal: AbortSignal;
  /** Times one attempt, which tells of each piece of its answer, the first of which counts; what hangs in the first lane opens the second. */
  watch<R>(attempt: (onData: () => void) => Promise<R>): Promise<R>;
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
const WHOLE = { medians: 2, beyondSlow: 1.1 };
// Until an answer begins, only the queue and the prompt's length tell calls apart: one of several times the usual silence is lost.
const BEGINNING = { medians: 4, beyondSlow: 2 };
// A call that found the hedges used up asks again after this part of its delay.
const ASK_AGAIN_PART = 0.1;
// 4 hedges per 100 calls in the long run; a few may come together.
const CREDIT_PER_CALL = 0.04;
const MOST_CREDIT = 4;
const FIRST_CREDIT = 2;

/** A call under way; `look` sees whether it is overdue. */
type Waiting = { began: number; hasData: boolean; look: () => void };

/** What is known of calls of one kind: until their answers begin, until they end, and which are under way. */
type Kind = { beginning: HedgeDelay; whole: HedgeDelay; waiting: Set<Waiting> };

/**
 * Remembers how long calls of each kind take, and races a second request against one that takes far longer. What was sent
 * before there were samples is hedged as soon as there are: the first calls of a run are all under way at once.
 */
export function createHedger(options: HedgeOptions): Hedger {
  const kinds = new Map<string, Kind>();
  let credit = FIRST_CREDIT;
  let creditedAt = performance.now();

  const kindOf = (name: string): Kind => {
    const kind = kinds.get(name) ?? {
      beginning: createHedgeDelay({ ...BEGINNING, floorMs: options.floorMs }),
      whole: createHedgeDelay({ ...WHOLE, ...options }),
      waiting: new Set(),
    };
    kinds.set(name, kind);
    return kind;
  };
  const takeCredit = (kind: Kind): boolean => {
    const now = performance.now();
    const delayMs = kind.whole.milliseconds();
    // One a delay comes with time while few calls are under way: the last call of a run hangs when no other brings credit.
    if (Number.isFinite(delayMs) && kind.waiting.size <= MOST_CREDIT)
      credit = Math.min(MOST_CREDIT, credit + (now - creditedAt) / Math.max(1, delayMs));
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

  async function watch<R>(
    kind: Kind,
    attempt: (onData: () => void) => Promise<R>,
    hedge: (() => boolean) | null,
  ): Promise<R> {
    let timer: NodeJS.Timeout | undefined;
    const delayOf = ({ hasData }: Waiting): number =>
      Math.min(kind.whole.milliseconds(), hasData ? Number.POSITIVE_INFINITY : kind.beginning.milliseconds());
    const mine: Waiting = {
      began: performance.now(),
      hasData: false,
      look: () => {
        clearTimeout(timer);
        const delayMs = delayOf(mine);
        if (hedge === null || !Number.isFinite(delayMs)) return;
        const left = mine.began + delayMs - performance.now();
        if (left > 0) timer = setTimeout(mine.look, left);
        else if (hedge()) kind.waiting.delete(mine);
        else timer = setTimeout(mine.look, Math.max(1, delayMs * ASK_AGAIN_PART));
      },
    };
    const learn = (delay: HedgeDelay, others: readonly Waiting[]): void => {
      const now = performance.now();
      delay.add(
        now - mine.began,
        others.map(({ began }) => now - began),
      );
      for (const { look } of kind.waiting) look();
    };
    kind.waiting.add(mine);
    mine.look();
    try {
      const answer = await attempt(() => {
        if (mine.hasData) return;
        mine.hasData = true;
        learn(
          kind.beginning,
          [...kind.waiting].filter(({ hasData }) => !hasData),
        );
      });
      kind.waiting.delete(mine);
      learn(kind.whole, [...kind.waiting]);
      return answer;
    } finally {
      clearTimeout(timer);
      kind.waiting.delete(mine);
    }
  }
}

function runRace<T>(race: {
  signal: AbortSignal;
  start: (lane: Lane) => Promise<T>;
  takeCredit: () => boolean;
  /** Runs the attempt; `hedge` is called when it takes too long, and again until it answers true. */
  watch: <R>(attempt: (onData: () => void) => Promise<R>, hedge: (() => boolean) | null) => Promise<R>;
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
