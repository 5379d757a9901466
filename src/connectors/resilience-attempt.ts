import { ProviderError } from '../errors.ts';

/** Waits, whatever timers do: never less than `milliseconds`. Ends at once with the signal's reason when it aborts. */
export function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(reasonOf(signal));
    const end = performance.now() + milliseconds;
    let timer: NodeJS.Timeout;
    const stop = (): void => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    // Timers hold at most 2^31 - 1 ms, and may fire a little early.
    const sleep = (): void => {
      const left = end - performance.now();
      if (left > 0) timer = setTimeout(sleep, Math.min(Math.ceil(left), 2_147_483_647));
      else {
        signal.removeEventListener('abort', stop);
        resolve();
      }
    };
    signal.addEventListener('abort', stop, { once: true });
    sleep();
  });
}

export type AttemptOutcome<T> = { ok: true; result: T } | { ok: false; error: unknown };

/**
 * Runs one attempt and cuts it off after `timeoutMs`, also when the callee is deaf to its signal (some SDKs take none). What shows that it
 * is `alive` has as long again from then on, and `longestMs` in all. A cut-off attempt may still have taken effect.
 * @throws the signal's reason, at once, when the caller aborts; what the call throws is an outcome, not an exception
 */
export async function runAttempt<T>(
  call: (signal: AbortSignal, alive: () => void) => Promise<T>,
  attempt: {
    provider: string;
    operation: string;
    timeoutMs: number;
    longestMs: number;
    signal: AbortSignal;
  },
): Promise<AttemptOutcome<T>> {
  const { provider, operation, timeoutMs, longestMs, signal } = attempt;
  const cut = new AbortController();
  const cutOff = new Promise<AttemptOutcome<T>>((resolve) => {
    cut.signal.addEventListener('abort', () => resolve({ ok: false, error: cut.signal.reason }), {
      once: true,
    });
  });
  const stop = (): void => cut.abort(reasonOf(signal));
  const giveUp = (message: string): void =>
    cut.abort(new ProviderError({ provider, operation, kind: 'unavailable', message, maybeApplied: true }));
  const began = performance.now();
  let ended = false;
  let silence = setTimeout(() => giveUp(`no answer within ${Math.round(timeoutMs)} ms`), timeoutMs);
  const alive = (): void => {
    if (ended || cut.signal.aborted) return;
    clearTimeout(silence);
    const leftMs = began + longestMs - performance.now();
    const message =
      leftMs < timeoutMs
        ? `its answer was not at its end after ${Math.round(longestMs)} ms`
        : `its answer stopped for ${Math.round(timeoutMs)} ms`;
    silence = setTimeout(() => giveUp(message), Math.max(0, Math.min(timeoutMs, leftMs)));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    const work = cut.signal.aborted ? cutOff : settle((inner) => call(inner, alive), cut.signal);
    const outcome = await Promise.race([work, cutOff]);
    if (!outcome.ok && signal.aborted) throw reasonOf(signal);
    // What an SDK makes of our own cut-off (an AbortError, say) matters less than why we cut it off.
    return !outcome.ok && cut.signal.aborted ? { ok: false, error: cut.signal.reason } : outcome;
  } finally {
    ended = true;
    clearTimeout(silence);
    signal.removeEventListener('abort', stop);
  }
}

async function settle<T>(
  call: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<AttemptOutcome<T>> {
  try {
    return { ok: true, result: await call(signal) };
  } catch (error) {
    return { ok: false, error };
  }
}

/** Why the signal aborted, as an Error. */
export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(`stopped: ${String(reason)}`, { cause: reason });
}
