/** Bounds the tokens that are being worked on at once: what fills a GPU server's memory is tokens, not requests. */
export type InFlight = {
  /**
   * Waits until `tokens` (prompt + longest answer) fit; people go first.
   * @returns gives the room back
   * @throws the signal's reason when it aborts while waiting
   */
  enter(tokens: number, interactive: boolean, signal: AbortSignal): Promise<() => void>;
  /** The server was overloaded (429, 503): work on less for a while. */
  shrink(): void;
};

// Additive increase, multiplicative decrease: × 0.7 on overload, back up by 1 % of the maximum with every call that ends.
const SHRINK = 0.7;
const GROW = 0.01;
const SMALLEST = 0.1;
// Calls that were in flight together fail together: one overload is one reason to shrink.
const SHRINK_PAUSE_MS = 1000;
// Batch work leaves this share free for people who wait.
const INTERACTIVE_SHARE = 0.1;

type Waiting = { tokens: number; admit: () => void };

/** @param maxTokens about 181,000 for Llama 3.3 70B with BF16 KV cache on one H200, 362,000 with FP8; per process */
export function createInFlight(maxTokens: number): InFlight {
  const queues: { interactive: Waiting[]; batch: Waiting[] } = { interactive: [], batch: [] };
  let limit = maxTokens;
  let used = 0;
  let shrunkAt = Number.NEGATIVE_INFINITY;

  const fits = (tokens: number, interactive: boolean): boolean =>
    // What is larger than all the room goes alone.
    used === 0 || used + tokens <= limit * (interactive ? 1 : 1 - INTERACTIVE_SHARE);

  const admitWaiting = (): void => {
    for (const [queue, interactive] of [
      [queues.interactive, true],
      [queues.batch, false],
    ] as const) {
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        // In turn: a large call is not overtaken for ever by small ones.
        if (!fits(next.tokens, interactive)) return;
        queue.shift();
        next.admit();
      }
    }
  };

  const take = (tokens: number): (() => void) => {
    used += tokens;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      used -= tokens;
      limit = Math.min(maxTokens, limit + GROW * maxTokens);
      admitWaiting();
    };
  };

  return {
    enter: (tokens, interactive, signal) => {
      const queue = interactive ? queues.interactive : queues.batch;
      const someoneWaits = queues.interactive.length > 0 || queue.length > 0;
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(asError(signal.reason));
        if (!someoneWaits && fits(tokens, interactive)) return resolve(take(tokens));
        const leave = (): void => {
          const place = queue.indexOf(waiting);
          if (place !== -1) queue.splice(place, 1);
          reject(asError(signal.reason));
          admitWaiting();
        };
        const waiting: Waiting = {
          tokens,
          admit: () => {
            signal.removeEventListener('abort', leave);
            resolve(take(tokens));
          },
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.push(waiting);
      });
    },
    shrink: () => {
      const now = performance.now();
      if (now - shrunkAt < SHRINK_PAUSE_MS) return;
      shrunkAt = now;
      limit = Math.max(SMALLEST * maxTokens, limit * SHRINK);
    },
  };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(`stopped: ${String(reason)}`);
}
