import { setTimeout as wait } from 'node:timers/promises';
import { PgBoss } from 'pg-boss';
import type { Tx } from '../../db.ts';
import { callForward } from './call-forward.ts';
import { grantQueueToApp } from './grant-queue.ts';
import type { Handlers } from './handlers.ts';
import { CompanyJob, QUEUES, QUEUE_SETUP, priorityOf } from './jobs.ts';
import type { ConnectionJob, PitchJob, RehearsalJob, SlackJob, UndoJob } from './jobs.ts';
import { holdLifeline } from './lifeline.ts';
import { startRefill } from './refill.ts';
import { SERVED, serveQueues } from './serve-queues.ts';
import { markJobs, startTakeOver } from './take-over.ts';
import type { Attempt } from './take-over.ts';

type QueueCounts = { queue: string; queued: number; active: number; failed: number };

export type Queue = {
  /** Queues companies; in the caller's transaction, so that work and its record come to be together. */
  enqueueCompanies(tx: Tx, jobs: readonly CompanyJob[], options?: { now?: boolean }): Promise<void>;
  requestSync(tx: Tx, job: ConnectionJob): Promise<void>;
  /** Asks for the records to be read that somebody told us to look at; many requests become one. */
  requestCatchUp(tx: Tx, job: ConnectionJob): Promise<void>;
  /** Asks for a connection's writes to be sent; many requests become one. */
  requestFlush(tx: Tx, job: ConnectionJob): Promise<void>;
  /** Asks for pitches to be made; one that somebody waits for goes before a batch. */
  requestPitches(tx: Tx, jobs: readonly PitchJob[]): Promise<void>;
  /** Asks for an undo to be planned to its end; many requests become one. */
  requestUndo(tx: Tx, job: UndoJob): Promise<void>;
  /** Asks for the CRMs to be read for a dry run, once that is over. */
  requestRehearsal(tx: Tx, job: RehearsalJob): Promise<void>;
  /** Asks for somebody in Slack to be told, at once where no time is given. */
  requestSlack(tx: Tx, job: SlackJob, when?: { at: Date }): Promise<void>;
  work(handlers: Handlers, options: WorkOptions): Promise<void>;
  /** Takes up no work from now on; what is in hand is ended or handed back. Others are still asked. */
  rest(): void;
  countJobs(): Promise<QueueCounts[]>;
  /** Stops taking up work, lets what is under way finish or hands it back, closes. */
  stop: () => Promise<void>;
};

type WorkOptions = {
  concurrency: number;
  /** Slots kept for people who wait. */
  interactiveSlots?: number;
  /** How many of that many companies may be taken up now. */
  admit: (room: number) => Promise<number>;
  /** False: no minute tick (a command that works off one run). */
  schedule: boolean;
};

// What a dead worker had in hand is handed on within two seconds (take-over.ts), where its end can't be seen within the
// heartbeat plus this.
const SUPERVISE_SECONDS = 3;
const INSERT_BATCH = 1000;
const DRAIN_MS = 20_000;
const HAND_ON_MS = 1_000;
const HANDLED = [QUEUES.company, ...SERVED];

/** Opens pg-boss, sets up the queues and answers the only door to it. */
export async function openQueue(options: {
  url: string;
  backend: 'postgres' | 'citus' | 'yugabytedb' | 'cockroachdb';
  onError: (error: unknown, what: string) => void;
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
    // Keys that were active at the last look are not fetched (stately queues): seen once a minute, which is pg-boss's default,
    // a connection's writes would wait for up to a minute after another worker's flush.
    queueCacheIntervalSeconds: 1,
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
  const stoppers: (() => Promise<void>)[] = [];
  let resting: Promise<unknown> = Promise.resolve();
  const releasers: (() => Promise<void>)[] = [];

  /** From here on others see whether this process lives, and it sees to the jobs of those that do not. */
  const showLife = async (): Promise<(queue: string, attempts: readonly Attempt[]) => Promise<void>> => {
    // Measured on PostgreSQL alone; elsewhere the heartbeat finds dead workers, within 13 s.
    if (options.backend !== 'postgres') return async () => undefined;
    const lifeline = await holdLifeline(options);
    releasers.push(lifeline.release);
    const takeOver = startTakeOver({ boss, queues: HANDLED, onError: options.onError });
    stoppers.push(takeOver.stop);
    return (queue, attempts) => markJobs(boss, queue, lifeline.worker, attempts);
  };

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
    requestCatchUp: async (tx, job) => {
      await boss.send(QUEUES.catchUp, job, { ...within(tx), singletonKey: job.connectionId });
    },
    requestFlush: async (tx, job) => {
      const sent = await boss.send(QUEUES.flush, job, { ...within(tx), singletonKey: job.connectionId });
      if (sent === null) await callForward(tx, QUEUES.flush, job.connectionId);
    },
    requestPitches: async (tx, jobs) => {
      const queued = jobs.map((data) => ({ data, priority: priorityOf(data) }));
      if (queued.length > 0) await boss.insert(QUEUES.pitch, queued, within(tx));
    },
    requestUndo: async (tx, job) => {
      await boss.send(QUEUES.undo, job, { ...within(tx), singletonKey: job.undoRunId });
    },
    requestRehearsal: async (tx, job) => {
      await boss.send(QUEUES.rehearsal, job, within(tx));
    },
    requestSlack: async (tx, job, when) => {
      const how = { ...within(tx), priority: priorityOf(job), ...(when && { startAfter: when.at }) };
      await boss.send(QUEUES.slack, { ...job, askedAt: Date.now() }, how);
    },
    work: async (handlers, work) => {
      const mark = await showLife();
      const refill = startRefill({
        boss,
        queue: QUEUES.company,
        concurrency: work.concurrency,
        admit: work.admit,
        handle: (data, signal) => handlers.company(CompanyJob.parse(data), signal),
        mark: (attempts) => mark(QUEUES.company, attempts),
        onError: options.onError,
      });
      stoppers.push(refill.stop);
      await serveQueues({
        boss,
        handlers,
        interactiveSlots: work.interactiveSlots,
        mark,
        onError: options.onError,
      });
      if (work.schedule) {
        await boss.schedule(QUEUES.tick, '* * * * *');
        await boss.work(QUEUES.tick, { pollingIntervalSeconds: 5 }, async () => {
          // The next one comes in a minute; a failed job would only lie there, and nobody would hear why.
          await handlers.tick().catch((error: unknown) => options.onError(error, 'looking for what is due'));
        });
      }
    },
    rest: () => {
      const ended = [
        ...stoppers.splice(0).map((stop) => stop()),
        ...[...SERVED, QUEUES.tick].map((queue) => boss.offWork(queue)),
      ];
      resting = Promise.all(ended);
      resting.catch((error: unknown) => options.onError(error, 'queue'));
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
      // What is served ends beside the companies, not after them: hosts kill what has not stopped within 30 s.
      const served = Promise.all(SERVED.map((queue) => boss.offWork(queue)));
      await Promise.all([
        ...stoppers.splice(0).map((stop) => stop()),
        Promise.race([Promise.allSettled([served, resting]), wait(DRAIN_MS, undefined, { ref: false })]),
      ]);
      stopping = true;
      await boss.stop({ graceful: true, timeout: HAND_ON_MS });
      // Only now is nothing in hand any more.
      for (const release of releasers.splice(0)) await release();
    },
  };
}
