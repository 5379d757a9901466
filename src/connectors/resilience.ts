import { setImmediate as soon } from 'node:timers/promises';
import { ProviderDownError, ProviderError } from '../errors.ts';
import type { CallOptions, ProviderCall } from './call.ts';
import type { SharedBreaker, SharedLimits, SharedQuota } from './limits.ts';
import { runAttempt, waitFor } from './resilience-attempt.ts';

export { waitFor } from './resilience-attempt.ts';
export { classifyNetworkError, parseRetryAfter } from './resilience-network.ts';
export { readBody } from './resilience-stream.ts';

export type PolicyBucket = {
  key: string;
  /**
   * The bucket whose turns calls with a person waiting take, so that batch work can't use up their share. What they use is
   * taken from the first bucket too, whose queue they do not wait in: batch work has all that nobody waits for.
   */
  interactiveKey?: string;
  /** What one HTTP attempt costs in it. */
  cost(units: { requests: number; tokens: number }): number;
};

export type PolicyOptions = {
  provider: string;
  limits: SharedLimits;
  breaker: SharedBreaker;
  /** Taken from before each HTTP attempt. */
  buckets: readonly PolicyBucket[];
  attempts: number;
  /** Milliseconds for one HTTP attempt; of one that shows that it is alive, as a streamed answer does, the longest silence. */
  attemptTimeoutMs: number;
  /** The longest that such an attempt may take in all, milliseconds; unset: no longer than any other. */
  longestAttemptMs?: number;
  /** Milliseconds for all attempts and the waits between them; waiting for a bucket's turn does not count. */
  totalTimeoutMs: number;
  /** Exponential with full jitter, milliseconds. */
  backoffMs: { first: number; max: number };
  /** A turn further away than this (milliseconds, 300,000 unless told) is an error for the queue to come back from, not a wait. */
  longestTurnMs?: number;
  random?: () => number;
};

type RunOptions = CallOptions & {
  /** True when the call may be sent again after a failure that may have taken effect (reads; writes never). */
  repeatable: boolean;
  /** Tokens that one attempt is expected to use, for buckets that count them. */
  tokens?: number;
};

export type Policy = {
  /**
   * Runs `call`, which must throw ProviderError and may say that it is alive, under the policy: breaker asked, buckets taken from, attempts cut off,
   * Retry-After obeyed, repeats only where safe. One ProviderCall goes to `options.onCall` if anything was sent, with
   * `details(result)` merged in.
   * @throws ProviderError; ProviderDownError when the breaker is open (nothing was sent); the signal's reason when the caller aborts
   */
  run<T>(
    operation: string,
    call: (signal: AbortSignal, alive: () => void) => Promise<T>,
    options: RunOptions,
    details?: (result: T) => Partial<ProviderCall>,
  ): Promise<T>;
};

/** No shared state, no waiting: for tests and one-off checks. */
export const noLimits: SharedLimits = {
  reserve: async () => 0,
  pause: async () => {},
  pausedFor: async () => 0,
};
/** Always lets calls through. */
export const noBreaker: SharedBreaker = { enter: async () => 'call', report: async () => {} };
/** Knows of no day, and tells nobody. */
export const noQuota: SharedQuota = {
  read: async () => null,
  tell: async () => {},
  claimLook: async () => false,
};

const LONGEST_TURN_MS = 300_000;
// What must be looked up before a call is looked up so long before its turn: calls that leave late arrive together with the next.
const LOOK_AHEAD_MS = 50;
// Added to a Retry-After, so that clocks that tick differently on both sides never make a call early.
const RETRY_AFTER_MARGIN_MS = 10;

/** The one way in which a connector calls its provider: timeouts, repeats, breaker and pace. */
export function createPolicy(settings: PolicyOptions): Policy {
  const { provider, limits, breaker } = settings;
  const random = settings.random ?? Math.random;
  const longestTurnMs = settings.longestTurnMs ?? LONGEST_TURN_MS;
  // This process's own memory of a Retry-After, on performance.now()'s clock: it also stops the calls that had already
  // got their turn from the shared buckets when the provider said to wait.
  let closedUntil = 0;

  async function enter(): Promise<'call' | 'probe'> {
    const permission = await breaker.enter(provider);
    if (typeof permission === 'object') throw new ProviderDownError(provider, permission.openUntil);
    return permission;
  }

  async function waitForTurn(operation: string, options: RunOptions): Promise<void> {
    const permission = await enter();
    const units = { requests: 1, tokens: options.tokens ?? 0 };
    const buckets = settings.buckets.map((bucket) => ({
      key: (options.interactive === true ? bucket.interactiveKey : undefined) ?? bucket.key,
      cost: bucket.cost(units),
    }));
    /** Milliseconds until our turn. */
    const takeTurn = async (): Promise<number> => {
      const waits = await Promise.all(buckets.map(({ key, cost }) => limits.reserve(key, cost)));
      return Math.max(0, closedUntil - performance.now(), ...waits);
    };
    // One failure fails the call; those beside it are heard as well, or they would end the process.
    let [wait] = await Promise.all([
      takeTurn(),
      ...settings.buckets
        .filter(({ key }) => buckets.every((bucket) => bucket.key !== key))
        .map((bucket) => limits.reserve(bucket.key, bucket.cost(units))),
    ]);
    while (wait > 0) {
      if (wait > longestTurnMs)
        throw new ProviderError({
          provider,
          operation,
          kind: 'rate-limited',
          message: `the next turn is ${Math.ceil(wait / 1000)} s away`,
          retryAfterMs: wait,
        });
      const turnAt = performance.now() + wait;
      await waitFor(Math.max(0, wait - LOOK_AHEAD_MS), options.signal);
      // While we waited another process may have been told to wait, or found the provider down; a probe is ours alone.
      const paused = await limits.pausedFor(buckets.map(({ key }) => key));
      if (permission === 'call') await enter();
      await waitFor(Math.max(0, turnAt - performance.now()), options.signal);
      // A refusal that arrived together with our turn is heard first.
      await soon();
      // All whose turns fell into a pause would go at its end, together: they take new ones.
      wait = paused > 0 || closedUntil > turnAt ? await takeTurn() : 0;
    }
  }

  async function pauseAll(milliseconds: number): Promise<void> {
    closedUntil = Math.max(closedUntil, performance.now() + milliseconds);
    const until = new Date(Date.now() + milliseconds);
    const keys = settings.buckets.flatMap(({ key, interactiveKey }) =>
      interactiveKey === undefined ? [key] : [key, interactiveKey],
    );
    await Promise.all(keys.map((key) => limits.pause(key, until)));
  }

  function refuseLate(operation: string, { sendBefore = Number.POSITIVE_INFINITY }: RunOptions): void {
    if (performance.now() < sendBefore) return;
    const message = 'its time was over before it could be sent';
    throw new ProviderError({ provider, operation, kind: 'unavailable', message });
  }

  // An answer that reached us, or the provider's own error, matters more than a breaker that can't be told of it.
  async function tellBreaker(outcome: 'success' | 'failure'): Promise<void> {
    try {
      await breaker.report(provider, outcome);
    } catch (error) {
      process.emitWarning(`${provider}: breaker not told of a ${outcome}: ${String(error)}`);
    }
  }

  /** Milliseconds to wait before the call may be repeated; null: it may not. */
  async function planRepeat(
    error: ProviderError,
    attempt: number,
    options: RunOptions,
  ): Promise<number | null> {
    const { first, max } = settings.backoffMs;
    const backoff = random() * Math.min(max, first * 2 ** (attempt - 1));
    const asked = error.retryAfterMs === undefined ? undefined : error.retryAfterMs + RETRY_AFTER_MARGIN_MS;
    if (error.kind === 'rate-limited') await pauseAll(asked ?? backoff);
    else if (asked !== undefined && error.retryable) await pauseAll(asked);
    // A 429 was turned away, so even a write may be sent again.
    const safe =
      error.kind === 'rate-limited' ||
      (error.kind === 'unavailable' && (options.repeatable || !error.maybeApplied));
    if (!safe || attempt >= settings.attempts) return null;
    return error.kind === 'rate-limited' ? (asked ?? backoff) : Math.max(asked ?? 0, backoff);
  }

  return {
    run: async (operation, call, options, details) => {
      let requests = 0;
      let spent = 0;
      const tellLedger = (ok: boolean, extra: Partial<ProviderCall> = {}): void => {
        const milliseconds = Math.round(spent);
        if (requests > 0) options.onCall?.({ provider, operation, ok, milliseconds, requests, ...extra });
      };
      const attemptOnce = async () => {
        const leftMs = settings.totalTimeoutMs - spent;
        const timeoutMs = Math.min(settings.attemptTimeoutMs, leftMs);
        const longestMs = Math.min(settings.longestAttemptMs ?? timeoutMs, leftMs);
        const began = performance.now();
        requests += 1;
        try {
          const limits = { timeoutMs, longestMs, signal: options.signal };
          return await runAttempt(call, { provider, operation, ...limits });
        } finally {
          spent += performance.now() - began;
        }
      };
      const tryUntilDone = async () => {
        for (let attempt = 1; ; attempt += 1) {
          options.signal.throwIfAborted();
          await waitForTurn(operation, options);
          refuseLate(operation, options);
          const outcome = await attemptOnce();
          if (outcome.ok) return outcome.result;
          const { error } = outcome;
          // Not a ProviderError: a fault of ours, which says nothing about the provider.
          if (!(error instanceof ProviderError)) throw error;
          await tellBreaker(error.kind === 'unavailable' ? 'failure' : 'success');
          const wait = await planRepeat(error, attempt, options);
          if (wait === null || spent + wait >= settings.totalTimeoutMs) throw error;
          await waitFor(wait, options.signal);
          spent += wait;
        }
      };

      let result;
      try {
        result = await tryUntilDone();
      } catch (error) {
        tellLedger(false);
        throw error;
      }
      await tellBreaker('success');
      tellLedger(true, details?.(result));
      return result;
    },
  };
}
