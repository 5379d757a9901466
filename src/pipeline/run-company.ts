import type { ProviderCall } from '../connectors/call.ts';
import { isDatabaseGone } from '../db.ts';
import type { Database } from '../db.ts';
import { ProviderDownError, ProviderError, describeError } from '../errors.ts';
import type { Budget } from './budget.ts';
import { openCompanyLedger } from './call-ledger.ts';
import type { CompanyJob, JobResult } from './queue/jobs.ts';
import type { ScoringModel } from './scoring-model.ts';
import { STAGE_NAMES } from './stage.ts';
import type { CompanyWork, Stage } from './stage.ts';
import { findCompany, noteEnriched } from './store/companies.ts';
import {
  countAttempt,
  finishRunIfSettled,
  leaveItem,
  noteStage,
  putItemBack,
  settleItem,
  startItem,
} from './store/run-items.ts';
import { findRun, stallRun } from './store/runs.ts';
import type { Run } from './store/runs.ts';
import { findCurrentScore } from './store/scores.ts';
import type { Prices } from './store/usage.ts';
import type { Tx } from '../db.ts';

/** Who counts what workers do (metrics.ts). */
export type Observer = {
  countCall(call: ProviderCall, usd: number): void;
  timeStage(stage: string, milliseconds: number): void;
  countItem(outcome: string): void;
  /** What change events told: kept as hints, about nothing that we read, too many to keep, or without a name. */
  countTold(source: string, told: Readonly<Record<string, number>>): void;
};

export type RunCompanyOptions = {
  db: Database;
  /** What must not wait is saved over it: answers, which were paid for; unless told, over `db`. */
  atOnce?: Database;
  stages: readonly Stage[];
  loadModel(name: string): Promise<ScoringModel>;
  prices: Prices;
  budget: Budget;
  /** Called in the transaction that settles the item: asks for its writes to be sent. */
  onSettled(tx: Tx, job: CompanyJob): Promise<void>;
  /** Called in the transaction that ends the run. */
  onRunDone(tx: Tx, job: CompanyJob): Promise<void>;
  onStage?: (job: CompanyJob, stage: string) => void;
  observer?: Observer;
  onError(error: unknown, what: string): void;
};

// Slow facts are read again after a week (2-research/ttl.ts); news and jobs expire sooner and are read with the next run.
const DUE_AGAIN_DAYS = 7;
const DAY_MS = 86_400_000;
// How long batch work waits out an outage before it takes the best available way.
const PATIENCE_MS = 10 * 60_000;
const TRANSIENT_TRIES = 20;
const BUDGET_LOOK_MS = 30_000;
// Another run has the company at work, or this one was resumed in the very moment.
const LOOK_AGAIN_MS = 1_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/**
 * One company of a run, stage by stage, from where it left off. Answers when to come back, if it must; everything else is
 * settled in the run's own tables. A killed process leaves the item as it was: another worker goes on behind the last
 * finished stage.
 */
export function createRunCompany(options: RunCompanyOptions) {
  const { db } = options;
  return async (job: CompanyJob, signal: AbortSignal): Promise<JobResult> => {
    if (await options.budget.isSpent(job.workspaceId)) return { againInMs: BUDGET_LOOK_MS };
    const found = await db.inWorkspace(job.workspaceId, async (tx) => {
      const run = await findRun(tx, job.runId);
      const item = run === null ? null : await startItem(tx, job.runId, job.companyId);
      const company = item === null ? null : await findCompany(tx, job.companyId);
      return run && item && company ? { run, item, company } : null;
    });
    if (found === null) {
      const left = await leave();
      // Settled already, cancelled, paused or deleted: nothing is left to do for this job, unless a kill came between the
      // last company's end and the run's.
      if (left === 'done') await finish();
      return left;
    }
    const { run, item, company } = found;
    if (company.excludedBecause !== null) {
      await leaveOut();
      return 'done';
    }
    const ledger = openCompanyLedger({ ...options, db: options.atOnce ?? db }, job, signal);
    const work: CompanyWork = {
      workspaceId: job.workspaceId,
      runId: job.runId,
      companyId: job.companyId,
      model: await options.loadModel(run.model),
      asOf: run.asOf,
      refreshSince: run.refresh ? run.createdAt : null,
      dryRun: run.dryRun,
      interactive: run.kind === 'interactive',
      patient: run.kind !== 'interactive' && Date.now() - run.createdAt.getTime() < PATIENCE_MS,
      signal,
      onCall: ledger.add,
      save: ledger.save,
    };

    try {
      for (const stage of stagesLeft(options.stages, item.stage)) {
        try {
          signal.throwIfAborted();
          options.onStage?.(job, stage.name);
          const began = performance.now();
          await stage.run(work);
          options.observer?.timeStage(stage.name, performance.now() - began);
        } catch (error) {
          if (!isDatabaseGone(error)) await ledger.save(async () => undefined);
          if (signal.aborted) throw error;
          return await decide(error, stage);
        }
        const goOn = await ledger.save((tx) => noteStage(tx, job.runId, job.companyId, stage.name));
        if (!goOn) return await leave();
      }
      await settle(run);
      return 'done';
    } finally {
      ledger.close();
    }

    /** Neither read nor written; taken up again when a sync finds that it is not left out any more. */
    async function leaveOut(): Promise<void> {
      await db.inWorkspace(job.workspaceId, async (tx) => {
        await settleItem(tx, job.runId, job.companyId, { state: 'done', outcome: 'excluded' });
        await options.onSettled(tx, job);
      });
      options.observer?.countItem('excluded');
      await finish();
    }

    async function settle(of: Run): Promise<void> {
      await db.inWorkspace(job.workspaceId, async (tx) => {
        const score = await findCurrentScore(tx, job.companyId);
        await settleItem(tx, job.runId, job.companyId, {
          state: 'done',
          outcome: score?.status ?? 'no score',
        });
        // One that only wrote again is due when it was before.
        if (!of.dryRun && item.beginsBehind === null)
          await noteEnriched(tx, job.companyId, {
            // What research saw: the company was loaded anew if it goes on after a stop.
            inputHash: item.inputHash ?? company.inputHash,
            startedAt: item.startedAt,
            dueAt: new Date(Date.now() + DUE_AGAIN_DAYS * DAY_MS),
          });
        await options.onSettled(tx, job);
      });
      await finish();
    }

    // A transaction of its own: one that settled and ended at once would have to hold the run's row until it is committed,
    // and all companies of a run would settle one after another.
    async function finish(): Promise<void> {
      await db.inWorkspace(job.workspaceId, async (tx) => {
        if (await finishRunIfSettled(tx, job.runId)) await options.onRunDone(tx, job);
      });
    }

    async function leave(): Promise<JobResult> {
      const wanted = await db.inWorkspace(job.workspaceId, (tx) => leaveItem(tx, job.runId, job.companyId));
      return wanted ? { againInMs: LOOK_AGAIN_MS } : 'done';
    }

    async function decide(error: unknown, stage: Stage): Promise<JobResult> {
      if (error instanceof ProviderDownError) {
        await db.inWorkspace(job.workspaceId, (tx) => putItemBack(tx, job.runId, job.companyId));
        return { againInMs: Math.max(250, error.until.getTime() - Date.now()) };
      }
      // Our own database was gone for a moment: that says nothing about the company.
      if (isDatabaseGone(error)) return { againInMs: LOOK_AGAIN_MS };
      // Answered for others while it fails for this company: worth many tries, but not endless ones.
      const transient = error instanceof ProviderError && error.retryable;
      // A key that is refused now will be refused again in a second, for every company; the fix stands with the error.
      const refused = error instanceof ProviderError && error.kind === 'unauthorized';
      const fix = refused && error.fix ? `. ${error.fix}` : '';
      const why = `${stage.name}: ${describeError(error)}${fix}`;
      if (refused && run.kind !== 'interactive') {
        const isFirst = await db.inWorkspace(job.workspaceId, (tx) => stallRun(tx, job.runId, why));
        if (isFirst) options.onError(error, `run ${job.runId} was paused`);
        return leave();
      }
      if (!transient) options.onError(error, `${stage.name} of ${company.domain}`);
      const result = await db.inWorkspace(job.workspaceId, async (tx): Promise<JobResult> => {
        const attempts = await countAttempt(tx, job.runId, job.companyId, why);
        if (attempts < (transient ? TRANSIENT_TRIES : refused ? 1 : stage.tries)) {
          const backOff =
            Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempts, 10)) * (0.5 + Math.random());
          return { againInMs: Math.max(backOff, (transient && error.retryAfterMs) || 0) };
        }
        await settleItem(tx, job.runId, job.companyId, { state: 'failed', outcome: 'failed', error: why });
        options.observer?.countItem('failed');
        await options.onSettled(tx, job);
        return 'done';
      });
      if (result === 'done') await finish();
      return result;
    }
  };
}

function stagesLeft(stages: readonly Stage[], last: string | null): Stage[] {
  const reached = STAGE_NAMES.findIndex((name) => name === last);
  return stages.filter((stage) => STAGE_NAMES.indexOf(stage.name) > reached);
}
