import { Worker } from 'node:worker_threads';
import { FromThread } from './stream-messages.ts';
import type { StreamOrder, ToThread } from './stream-messages.ts';

/** One session of the org's Streaming API. */
export type Stream = {
  /** The next thing that it says, which must come within that time; `silent` where it does not, or the thread died. */
  next(withinMs: number, signal: AbortSignal): Promise<FromThread | Silent>;
  /** The last turn is done with: ask the org for another one. */
  go(): void;
  /** Says goodbye to the org if it can be done within that time, and ends the thread in any case. */
  close(withinMs: number): Promise<void>;
};

export type Silent = { type: 'silent'; because: string; isFlood: boolean };

// One answer of the org lies in the thread as a whole, and the platform sets no limit to it.
const MEMORY_MB = 192;

/** Starts a session in a thread of its own (why: docs/decisions/0073). */
export function openStream(order: StreamOrder): Stream {
  const worker = new Worker(new URL('./stream-thread.ts', import.meta.url), {
    workerData: order,
    // Without the environment, in which faye would look for a proxy, even for loopback: our other calls to the org go straight, too.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  });
  const said: (FromThread | Silent)[] = [];
  let hear: (() => void) | null = null;
  let isConnected = false;
  const add = (message: FromThread | Silent): void => {
    said.push(message);
    isConnected = message.type === 'following' || message.type === 'turn';
    hear?.();
  };
  worker.on('message', (message: unknown) => add(FromThread.parse(message)));
  worker.on('error', (error: Error) =>
    add({
      type: 'silent',
      because: `its client failed: ${error.message}`,
      isFlood: 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY',
    }),
  );
  worker.on('exit', () => add({ type: 'silent', because: 'its client ended', isFlood: false }));

  const wait = (withinMs: number, signal: AbortSignal | null): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        hear = null;
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      signal?.addEventListener('abort', done, { once: true });
      hear = done;
    });
  const tell = (message: ToThread): void => worker.postMessage(message);
  const sayGoodbye = async (withinMs: number): Promise<void> => {
    tell('leave');
    const until = performance.now() + withinMs;
    const isOver = (): boolean => said.some(({ type }) => type === 'left' || type === 'silent');
    while (!isOver() && performance.now() < until) await wait(until - performance.now(), null);
  };

  return {
    next: async (withinMs, signal) => {
      signal.throwIfAborted();
      if (said.length === 0) await wait(withinMs, signal);
      signal.throwIfAborted();
      return (
        said.shift() ?? {
          type: 'silent',
          because: `nothing came within ${withinMs / 1000} s`,
          isFlood: false,
        }
      );
    },
    go: () => tell('go'),
    close: async (withinMs) => {
      if (isConnected) await sayGoodbye(withinMs);
      await worker.terminate();
    },
  };
}
