import type { PgBoss, WorkOptions } from 'pg-boss';
import type { GotOn } from './handlers.ts';
import { KILLS_BEFORE_DEAD, TOUCH_INTERVAL_MS } from './jobs.ts';
import type { JobResult } from './jobs.ts';
import { postpone } from './refill.ts';
import { forgiveDeaths } from './take-over.ts';
import type { Attempt } from './take-over.ts';

// A handler that throws has met a mistake of ours or a dead database: another try soon, but not a hundred in a second.
const AGAIN_AFTER_ERROR_MS = 5_000;

/** Handles a queue of which somebody waits for each job: woken by NOTIFY, `slots` at a time. */
export async function serveQueue<T>(options: {
  boss: PgBoss;
  queue: string;
  slots: number;
  parse: (data: unknown) => T;
  handle: (job: T, signal: AbortSignal, gotOn: GotOn) => Promise<JobResult>;
  /** Only jobs of at least this priority are taken. */
  minPriority?: number;
  /** What may wait only once per queue; undefined: each job stands for itself. */
  singletonKey?: (job: T) => string | undefined;
  /** The queue holds one job per key, be it waiting or active. */
  exclusive?: boolean;
  /** Which of those that wait goes first: the higher. Left out: none does. */
  priorityOf?: (job: T) => number;
  mark: (attempt: Attempt) => Promise<void>;
  onError: (error: unknown, what: string) => void;
}): Promise<void> {
  const { boss, queue, onError } = options;
  await boss.work<object, unknown, WorkOptions & { includeMetadata: true }>(
    queue,
    {
      localConcurrency: options.slots,
      pollingIntervalSeconds: 1,
      notifyPollingIntervalSeconds: 1,
      heartbeatRefreshSeconds: TOUCH_INTERVAL_MS / 1000,
      includeMetadata: true,
      ...(options.minPriority === undefined ? {} : { minPriority: options.minPriority }),
    },
    async ([job]) => {
      // Of two jobs of one key whose workers died only one can be tried again. The other one ends here, at its first death: there is
      // nothing to tell, since the first does the work of both.
      if (job === undefined || (job.sourceRetryCount ?? Infinity) < KILLS_BEFORE_DEAD) return;
      const attempt = { id: job.id, retryCount: job.retryCount };
      options.mark(attempt).catch((error: unknown) => onError(error, `marking in ${queue}`));
      const data = options.parse(job.data);
      let said = false;
      const gotOn = (): void => {
        if (said || job.retryCount === 0) return;
        said = true;
        forgiveDeaths(boss, queue, attempt).catch((error: unknown) =>
          onError(error, `job ${job.id} of ${queue}`),
        );
      };
      const again = async (afterMs: number, early = false): Promise<void> => {
        await postpone(boss, queue, attempt, { ...job.data, early: early || undefined }, afterMs, {
          singletonKey: options.singletonKey?.(data),
          exclusive: options.exclusive,
          priority: options.priorityOf?.(data),
        });
      };
      try {
        const result = await options.handle(data, job.signal, gotOn);
        if (result !== 'done') await again(result.againInMs, result.orWhenAsked);
      } catch (error) {
        // Stopping or lost: pg-boss hands it on at once, and the attempt's fence keeps us out of the rest.
        if (job.signal.aborted) throw error;
        onError(error, `job ${job.id} of ${queue}`);
        await again(AGAIN_AFTER_ERROR_MS);
      }
    },
  );
}
