import { PgBoss } from 'pg-boss';
import type { Tx } from '../../db.ts';
import { APP_ROLE } from '../../db.ts';
import { CompanyJob, ConnectionJob, QUEUES, QUEUE_SETUP } from './jobs.ts';
import type { JobResult } from './jobs.ts';
import { startRefill } from './refill.ts';
import type { Refill } from './refill.ts';

export type QueueCounts = { queue: string; queued: number; active: number; failed: number };

export type Handlers = {
  company(job: CompanyJob, signal: AbortSignal): Promise<JobResult>;
  companyNow(job: CompanyJob, signal: AbortSignal): Promise<JobResult>;
  sync(job: ConnectionJob, signal: AbortSignal): Promise<JobResult>;
  flush(job: ConnectionJob, signal: AbortSignal): Promise<JobResult>;
  /** Once a minute on one worker: what is due? */
  tick(): Promise<void>;
};

export type Queue = {
  /** Queues companies; in the caller's transaction, so that work and its record come to be together. */
  enqueueCompanies(tx: Tx, jobs: readonly CompanyJob[], options?: { now?: boolean }): Promise<void>;
  requestSync(tx: Tx, job: ConnectionJob): Promise<void>;
  /** Asks for a connection's writes to be sent; many requests become one. */
  requestFlush(tx: Tx, job: ConnectionJob): Promise<void>;
  work(handlers: Handlers, options: WorkOptions): Promise<void>;
  countJobs(): Promise<QueueCounts[]>;
  /** Stops taking up work, lets what is under way finish or hands it back, closes. */
  stop(): Promise<void>;
};

export type WorkOptions = {
  concurrency: number;
  /** Slots kept for people who wait. */
  interactiveSlots?: number;
  allowance(): Promise<number>;
  /** False: no minute tick (a command that works off one run). */
  schedule: boolean;
};

// A dead worker's jobs are noticed within the heartbeat plus this.
const SUPERVISE_SECONDS = 3;
const INTERACTIVE_SLOTS = 2;
const INSERT_BATCH = 1000;

/** Opens pg-boss, sets up the queues and answers the only door to it. */
export async function openQueue(options: {
  url: string;
  backend: 'postgres' | 'citus' | 'yugabytedb' | 'cockroachdb';
  onError(error: unknown, what: string): void;
  /** Handlers run here (and the upkeep with them); false for a process that only enqueues. */
  worker: boolean;
}): Promise<Queue> {
  const boss = new PgBoss({
    connectionString: options.url,
    application_name: 'fieldnote queue',
    max: options.worker ? 8 : 2,
    backend: options.backend,
    useListenNotify: options.worker,
    supervise: options.worker,
    schedule: options.worker,
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS,
    // 0.5 s is the least that pg-boss polls by; cron looks every 10 s.
    cronWorkerIntervalSeconds: 10,
  });
  let stopping = false;
  boss.on('error', (error) => {
    // A worker's poll that was under way when the queue closed finds it closed; nothing is lost by it.
    if (!stopping) options.onError(error, 'queue');
  });
  await boss.start();
  for (const { name, ...setup } of QUEUE_SETUP) await boss.createQueue(name, setup);
  await grantQueueToApp(boss);

  const within = (tx: Tx) => ({
    db: {
      executeSql: async (text: string, values?: unknown[]) => ({ rows: (await tx.query(text, values)).rows }),
    },
  });
  let refill: Refill | null = null;

  return {
    enqueueCompanies: async (tx, jobs, { now = false } = {}) => {
      const queue = now ? QUEUES.companyNow : QUEUES.company;
      for (let start = 0; start < jobs.length; start += INSERT_BATCH)
        await boss.insert(
          queue,
          jobs.slice(start, start + INSERT_BATCH).map((data) => ({ data })),
          within(tx),
        );
    },
    requestSync: async (tx, job) => {
      await boss.send(QUEUES.sync, job, { ...within(tx), singletonKey: job.connectionId });
    },
    requestFlush: async (tx, job) => {
      await boss.send(QUEUES.flush, job, { ...within(tx), singletonKey: job.connectionId });
    },
    work: async (handlers, work) => {
      refill = startRefill({
        boss,
        queue: QUEUES.company,
        concurrency: work.concurrency,
        allowance: work.allowance,
        handle: (data, signal) => handlers.company(CompanyJob.parse(data), signal),
        onError: options.onError,
      });
      const serve = async <T>(
        queue: string,
        slots: number,
        parse: (data: unknown) => T,
        handle: (job: T, signal: AbortSignal) => Promise<JobResult>,
      ): Promise<void> => {
        await boss.work<object>(
          queue,
          {
            localConcurrency: slots,
            pollingIntervalSeconds: 1,
            notifyPollingIntervalSeconds: 5,
            heartbeatRefreshSeconds: 3,
          },
          async ([job]) => {
            if (job === undefined) return;
            const data = parse(job.data);
            const result = await handle(data, job.signal);
            // This job is still active, so the next one queues up behind it under the queue's own policy.
            if (result !== 'done')
              await boss.send(queue, job.data, {
                startAfter: new Date(Date.now() + result.againInMs),
                ...(queue === QUEUES.companyNow
                  ? {}
                  : { singletonKey: ConnectionJob.parse(job.data).connectionId }),
              });
          },
        );
      };
      await serve(
        QUEUES.companyNow,
        work.interactiveSlots ?? INTERACTIVE_SLOTS,
        (data) => CompanyJob.parse(data),
        handlers.companyNow,
      );
      await serve(QUEUES.sync, 2, (data) => ConnectionJob.parse(data), handlers.sync);
      await serve(QUEUES.flush, 2, (data) => ConnectionJob.parse(data), handlers.flush);
      if (work.schedule) {
        await boss.schedule(QUEUES.tick, '* * * * *');
        await boss.work(QUEUES.tick, { pollingIntervalSeconds: 5 }, async () => {
          await handlers.tick();
        });
      }
    },
    countJobs: async () => {
      const queues = await boss.getQueues();
      return queues.map((queue) => ({
        queue: queue.name,
        queued: queue.queuedCount,
        active: queue.activeCount,
        failed: queue.failedCount,
      }));
    },
    stop: async () => {
      await refill?.stop();
      stopping = true;
      await boss.stop({ graceful: true, timeout: 20_000 });
    },
  };
}

/** Jobs are queued inside the app's own transactions, so its role must reach the queue's tables. */
async function grantQueueToApp(boss: PgBoss): Promise<void> {
  await boss.getDb().executeSql(`
    do $$
    begin
      if exists (select from pg_roles where rolname = '${APP_ROLE}') then
        grant usage on schema pgboss to ${APP_ROLE};
        grant select, insert, update, delete on all tables in schema pgboss to ${APP_ROLE};
      end if;
    exception
      -- Two processes that start together may grant at the same time.
      when others then if sqlstate not in ('XX000', '40001') then raise; end if;
    end $$`);
}
