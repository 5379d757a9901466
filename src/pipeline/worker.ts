import type { Crm } from '../connectors/crm.ts';
import type { PageReader } from '../connectors/page-reader.ts';
import type { Search } from '../connectors/search.ts';
import type { TextModel } from '../connectors/text-model.ts';
import type { Database } from '../db.ts';
import { createAdmission } from './admission.ts';
import type { Demand } from './admission.ts';
import type { Budget } from './budget.ts';
import { createCatchUpJob } from './catch-up-job.ts';
import { createDeadLetterJob } from './dead-letters.ts';
import type { TemplateRenderer } from './6-pitch/template-renderer.ts';
import { createFlushJob } from './flush-job.ts';
import { createPitchJob } from './pitch-job.ts';
import type { CompanyJob } from './queue/jobs.ts';
import type { Handlers } from './queue/handlers.ts';
import type { Queue } from './queue/queue.ts';
import { createRehearsalJob } from './rehearsal-job.ts';
import { createRunCompany } from './run-company.ts';
import type { Observer, RunCompanyOptions } from './run-company.ts';
import { createTick } from './schedule.ts';
import type { ScoringModel } from './scoring-model.ts';
import type { Stage } from './stage.ts';
import { listConnections, listConnectionsToFlush } from './store/connections.ts';
import type { Connection } from './store/connections.ts';
import { findRun } from './store/runs.ts';
import { planAlerts } from './store/slack-alerts.ts';
import { listOpenReplies } from './store/slack-replies.ts';
import type { Prices } from './store/usage.ts';
import { createSyncJob } from './sync-job.ts';
import { createUndoJob } from './undo-job.ts';
import { tellOfRuns, tellOfScore } from './tell-channels.ts';

/** What work is done with. */
export type Means = {
  db: Database;
  /** The same connections, for what must not step aside for anybody: an answer that was paid for and is not yet kept. */
  atOnce: Database;
  search: Search | null;
  textModel: TextModel | null;
  pages: PageReader;
  stages: readonly Stage[];
};

/** Its own means serve people who wait: lookups, pitches, Slack. */
export type WorkerOptions = Means & {
  /** Those of batch work: what waits there for a connection or a turn holds up nobody who waits. */
  batch: Means;
  queue: Queue;
  crmOf(connection: Connection): Crm;
  templates: TemplateRenderer;
  loadModel(name: string): Promise<ScoringModel>;
  modelName: string;
  prices: Prices;
  budget: Budget;
  /** Null: no limit. */
  monthlyBudgetUsd: number | null;
  concurrency: number;
  syncIntervalMinutes: number;
  /** Providers that every company needs: while one's breaker is open no work is taken up but a probe. */
  neededProviders: readonly string[];
  /** What each company takes from the providers' shared buckets. */
  demands: readonly Demand[];
  schedule: boolean;
  onStage?: (job: CompanyJob, stage: string) => void;
  /** Tells people in Slack. */
  tellSlack?: Handlers['slack'];
  observer?: Observer;
  onError(error: unknown, what: string): void;
};

// A queued flush looks again by itself for as long as writes wait. Each looks through all that wait, to see whether they make a call.
const FLUSH_ASK_MS = 15_000;

/** Starts handling every queue. */
export async function startWorker(options: WorkerOptions): Promise<void> {
  const { queue } = options;
  const ofBatch = { ...options, ...options.batch };
  const flushAskedAt = new Map<string, number>();
  const onRunDone: RunCompanyOptions['onRunDone'] = async (tx, job) => {
    const run = await findRun(tx, job.runId);
    for (const replyId of await listOpenReplies(tx, job.runId))
      await queue.requestSlack(tx, { workspaceId: job.workspaceId, replyId });
    if (run === null || run.dryRun) return;
    if (options.tellSlack !== undefined) await tellOfRuns(tx, options, job.workspaceId);
    for (const connection of await listConnections(tx))
      await queue.requestFlush(tx, { workspaceId: job.workspaceId, connectionId: connection.id });
  };
  const onSettled: RunCompanyOptions['onSettled'] = async (tx, job) => {
    if (options.tellSlack !== undefined && !(await findRun(tx, job.runId))?.dryRun) {
      for (const alertId of await planAlerts(tx, job.companyId))
        await queue.requestSlack(tx, { workspaceId: job.workspaceId, alertId });
      await tellOfScore(tx, options, job);
    }
    // While a batch goes on, one company's writes need no sending at once: a flush that is asked for now and then sends
    // what makes full batches.
    for (const connectionId of await listConnectionsToFlush(tx, job.companyId)) {
      const last = flushAskedAt.get(connectionId) ?? Number.NEGATIVE_INFINITY;
      const run = performance.now() - last < FLUSH_ASK_MS ? await findRun(tx, job.runId) : null;
      if (run !== null && run.kind !== 'interactive') continue;
      flushAskedAt.set(connectionId, performance.now());
      await queue.requestFlush(tx, { workspaceId: job.workspaceId, connectionId });
    }
  };
  await queue.work(
    {
      company: createRunCompany({ ...ofBatch, onSettled, onRunDone }),
      companyNow: createRunCompany({ ...options, onSettled, onRunDone }),
      sync: createSyncJob(ofBatch),
      catchUp: createCatchUpJob(ofBatch),
      flush: createFlushJob(ofBatch),
      pitch: createPitchJob(options),
      undo: createUndoJob(ofBatch),
      rehearsal: createRehearsalJob(options),
      ...(options.tellSlack === undefined ? {} : { slack: options.tellSlack }),
      dead: createDeadLetterJob({ ...options, onRunDone }),
      tick: createTick({
        db: ofBatch.db,
        queue,
        model: options.modelName,
        syncIntervalMinutes: options.syncIntervalMinutes,
        monthlyBudgetUsd: options.monthlyBudgetUsd,
        areKeysGood: () => areKeysGood(options),
      }),
    },
    {
      concurrency: options.concurrency,
      admit: createAdmission({
        db: ofBatch.db,
        needed: options.neededProviders,
        demands: options.demands,
        budget: options.budget,
      }),
      schedule: options.schedule,
    },
  );
}

const CHECK_TIMEOUT_MS = 15_000;

/** False while a provider refuses its key, or does not answer. */
async function areKeysGood({
  search,
  textModel,
}: Pick<WorkerOptions, 'search' | 'textModel'>): Promise<boolean> {
  const options = { signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) };
  const checks = await Promise.allSettled([search?.check?.(options), textModel?.check(options)]);
  return checks.every(({ status }) => status === 'fulfilled');
}
