import { setTimeout as wait } from 'node:timers/promises';
import type { PgBoss } from 'pg-boss';
import { z } from 'zod';
import { TOUCH_INTERVAL_MS } from './jobs.ts';
import type { JobResult } from './jobs.ts';
import type { Attempt } from './take-over.ts';

export type Refill = { stop: () => Promise<void>; active: () => number };

export type RefillOptions = {
  boss: PgBoss;
  queue: string;
  /** Jobs in flight at once. */
  concurrency: number;
  handle: (data: unknown, signal: AbortSignal) => Promise<JobResult>;
  /** Marks jobs as being in this worker's hands. */
  mark: (attempts: readonly Attempt[]) => Promise<void>;
  /** How many of `room` may be taken up now: 0 while a provider that they need is down, 1 to probe it. */
  admit: (room: number) => Promise<number>;
  onError: (error: unknown, what: string) => void;
  /** How long an empty queue is left alone. */
  pollMs?: number;
  /** How long jobs may go on after `stop` before they are aborted and handed to other workers. */
  graceMs?: number;
};

// pg-boss answers which jobs it still found under their attempt, but its types do not say so.
const Settled = z.object({ affected: z.number(), settled: z.array(z.string()) });

type Held = { attempt: Attempt; controller: AbortController; ended: Promise<void> };

const LOST = 'the job was handed to another worker';
const POLL_MS = 500;
const GRACE_MS = 20_000;
// Answers within this time are settled in one statement.
const SETTLE_EVERY_MS = 15;

/**
 * Keeps `concurrency` jobs in flight: as soon as one ends the next is fetched. pg-boss's own `work()` sleeps out its
 * polling interval after every job that is shorter than it (measured: 0.11 of the limit against 0.98 for this loop).
 */
export function startRefill(options: RefillOptions): Refill {
  const { boss, queue } = options;
  // A worker may fetch a job that it lost: the old attempt then still runs beside the new one for a moment.
  const active = new Set<Held>();
  const settled: Attempt[] = [];
  let stopping = false;
  let wake: () => void = () => undefined;
  let settling: Promise<void> | null = null;

  const settleSoon = (attempt: Attempt): Promise<void> => {
    settled.push(attempt);
    settling ??= (async () => {
      await wait(SETTLE_EVERY_MS);
      settling = null;
      const batch = settled.splice(0);
      await boss.complete(queue, batch);
    })();
    return settling;
  };

  const work = async ({ attempt, controller: { signal } }: Held, data: unknown): Promise<void> => {
    try {
      const result = await options.handle(data, signal);
      if (result === 'done') await settleSoon(attempt);
      else await postpone(boss, queue, attempt, data, result.againInMs);
    } catch (error) {
      // What the handler itself could not settle goes back for another worker; a lost attempt already has one.
      if (!signal.aborted) options.onError(error, `job ${attempt.id} of ${queue}`);
      await postpone(boss, queue, attempt, data, signal.aborted ? 0 : 5_000).catch((failure: unknown) =>
        options.onError(failure, `giving back job ${attempt.id} of ${queue}`),
      );
    }
  };

  const begin = (attempt: Attempt, data: unknown): void => {
    for (const held of active) if (held.attempt.id === attempt.id) held.controller.abort(new Error(LOST));
    const held: Held = { attempt, controller: new AbortController(), ended: Promise.resolve() };
    active.add(held);
    held.ended = work(held, data).finally(() => {
      active.delete(held);
      wake();
    });
  };

  const refill = async (): Promise<void> => {
    while (!stopping) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      let fetched = 0;
      let room = 0;
      try {
        room = await options.admit(options.concurrency - active.size);
        if (room > 0) {
          const jobs = await boss.fetch(queue, { batchSize: room });
          fetched = jobs.length;
          const attempts = jobs.map(({ id, retryCount }) => ({ id, retryCount }));
          if (fetched > 0)
            options.mark(attempts).catch((error: unknown) => options.onError(error, `marking in ${queue}`));
          for (const { id, retryCount, data } of jobs) begin({ id, retryCount }, data);
        }
      } catch (error) {
        options.onError(error, `fetching from ${queue}`);
        await wait(options.pollMs ?? POLL_MS);
      }
      if (stopping) break;
      if (room > 0 && fetched === room) continue;
      // Full, empty or held back: wait for a job to end or for the next look.
      await Promise.race([woken, wait(options.pollMs ?? POLL_MS)]);
      if (active.size > 0) await wait(SETTLE_EVERY_MS);
    }
  };

  const touch = async (): Promise<void> => {
    const held = [...active];
    if (held.length === 0) return;
    const attempts = held.map((entry) => entry.attempt);
    const { settled } = Settled.parse(await boss.touch(queue, attempts));
    const ours = new Set(settled);
    for (const { attempt, controller } of held) if (!ours.has(attempt.id)) controller.abort(new Error(LOST));
  };
  const heartbeat = setInterval(() => {
    touch().catch((error: unknown) => options.onError(error, `heartbeat of ${queue}`));
  }, TOUCH_INTERVAL_MS);
  const loop = refill();

  return {
    active: () => active.size,
    stop: async () => {
      stopping = true;
      wake();
      await loop;
      const grace = AbortSignal.timeout(options.graceMs ?? GRACE_MS);
      grace.addEventListener('abort', () => {
        for (const entry of active) entry.controller.abort(new Error('the worker is stopping'));
      });
      await Promise.allSettled([...active].map((entry) => entry.ended));
      clearInterval(heartbeat);
      // Whoever settled has been told if it failed.
      await settling?.catch(() => undefined);
    },
  };
}

/**
 * Ends this attempt and queues the same job again for later, in one transaction: a postponed job is no failed one. An
 * attempt that was lost meanwhile has its successor already and queues nothing.
 */
export async function postpone(
  boss: PgBoss,
  queue: string,
  attempt: Attempt,
  data: unknown,
  afterMs: number,
  once: {
    singletonKey?: string | undefined;
    exclusive?: boolean | undefined;
    priority?: number | undefined;
  } = {},
): Promise<void> {
  const transaction = await boss.getDb().beginTransaction?.();
  if (transaction === undefined) throw new Error('the queue database offers no transactions');
  const db = transaction.db;
  const { singletonKey, exclusive, priority } = once;
  const again = {
    data: typeof data === 'object' && data !== null ? data : {},
    startAfter: new Date(Date.now() + afterMs),
    ...(singletonKey === undefined ? {} : { singletonKey }),
    ...(priority === undefined ? {} : { priority }),
  };
  try {
    // Queued first, so that nobody who fetches the next one waits for us while we wait for them; only an exclusive queue
    // has no room for it before this one is settled.
    if (!exclusive) await boss.insert(queue, [again], { db });
    const { affected } = Settled.parse(await boss.complete(queue, attempt, null, { db }));
    if (affected > 0 && exclusive) await boss.insert(queue, [again], { db });
    await (affected > 0 ? transaction.commit() : transaction.rollback());
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}
