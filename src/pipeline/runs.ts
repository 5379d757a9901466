import type { Database, Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import type { Queue } from './queue/queue.ts';
import { LAST_BEFORE_WRITING } from './stage.ts';
import { listCompanyIds } from './store/companies.ts';
import { isFirstSyncUnderWay, listConnections } from './store/connections.ts';
import {
  addItems,
  cancelQueuedItems,
  countItems,
  finishRunIfSettled,
  unparkItems,
} from './store/run-items.ts';
import type { RunCounts } from './store/run-items.ts';
import { askForRehearsal } from './store/rehearsals.ts';
import { takeRejected } from './store/rejected-writes.ts';
import { changeRunState, createRun, findRun, forgetStalls, listStalledRuns } from './store/runs.ts';
import type { Run, RunKind, Starter } from './store/runs.ts';

type Deps = { db: Database; queue: Queue };

export type RunRequest = {
  workspaceId: string;
  kind: RunKind;
  model: string;
  refresh?: boolean;
  dryRun?: boolean;
  /** Which companies: these ids, these domains, those due, or all. */
  companyIds?: readonly string[];
  domains?: readonly string[];
  dueOnly?: boolean;
  limit?: number;
  /** Who asks; absent: nobody will know. */
  startedBy?: Starter;
};

// A scheduled run takes at most this many at a time; the next tick takes the rest.
const LARGEST_SCHEDULED_RUN = 5_000;
// Fields; ten are a record's.
const MOST_REJECTED = 5_000;
const ITEMS_PER_CANCEL = 10_000;

/** Starts a run: the run, its items and their jobs come to be in one transaction. A run without companies is done at once. */
export async function startRun({ db, queue }: Deps, request: RunRequest): Promise<Run> {
  return db.inWorkspace(request.workspaceId, (tx) => startRunWithin(tx, queue, request));
}

/** The same in the caller's transaction, so that what depends on the run comes to be with it. */
export async function startRunWithin(tx: Tx, queue: Queue, request: RunRequest): Promise<Run> {
  const companyIds = request.companyIds ?? (await listCompanyIds(tx, request));
  return beginRun(tx, queue, { ...request, companyIds });
}

/** A run that reads nothing, and writes again what is known of these companies, before any batch. */
export async function startRewriteWithin(
  tx: Tx,
  queue: Queue,
  request: Pick<RunRequest, 'workspaceId' | 'model' | 'startedBy'> & { companyIds: readonly string[] },
): Promise<void> {
  const { companyIds, ...rest } = request;
  await beginRun(tx, queue, {
    ...rest,
    kind: 'interactive',
    companyIds: [],
    rewritten: companyIds,
  });
}

async function beginRun(
  tx: Tx,
  queue: Queue,
  request: RunRequest & {
    companyIds: readonly string[];
    /** Further companies that are not read, and write again what is known of them. */
    rewritten?: readonly string[];
  },
): Promise<Run> {
  const { workspaceId, companyIds, rewritten = [] } = request;
  const run = await createRun(tx, workspaceId, request);
  await addItems(tx, workspaceId, run.id, companyIds);
  await addItems(tx, workspaceId, run.id, rewritten, LAST_BEFORE_WRITING);
  await queue.enqueueCompanies(
    tx,
    mix([...companyIds, ...rewritten]).map((companyId) => ({ workspaceId, runId: run.id, companyId })),
    { now: request.kind === 'interactive' },
  );
  await finishRunIfSettled(tx, run.id);
  return (await findRun(tx, run.id)) ?? run;
}

/**
 * By id, which is random. Neighbours in the alphabet may be alike (one group's sites, one country's), and a stretch of companies that
 * all need more searches than others, or longer answers, keeps one provider at its limit while the other rests (docs/performance.md).
 */
const mix = (companyIds: readonly string[]): string[] => companyIds.toSorted();

/**
 * Starts a scheduled run over what is due, and over what a CRM refused lately, which is only written again. Null when nothing is; while a run waits for a key that is refused, since this one would, too;
 * and while a connection is read for the first time, since nobody knows yet whom it leaves out.
 */
export async function startDueRun(deps: Deps, workspaceId: string, model: string): Promise<Run | null> {
  return deps.db.inWorkspace(workspaceId, async (tx) => {
    if ((await listStalledRuns(tx)).length > 0 || (await isFirstSyncUnderWay(tx))) return null;
    const companyIds = await listCompanyIds(tx, { dueOnly: true, limit: LARGEST_SCHEDULED_RUN });
    const due = new Set(companyIds);
    const rewritten = (await takeRejected(tx, MOST_REJECTED)).filter((id) => !due.has(id));
    if (companyIds.length + rewritten.length === 0) return null;
    const startedBy = { via: 'schedule', name: null } as const;
    return beginRun(tx, deps.queue, {
      workspaceId,
      kind: 'scheduled',
      model,
      companyIds,
      rewritten,
      startedBy,
    });
  });
}

/**
 * Cancels a run: what has not begun never will; what is under way stops at its next checkpoint; what is done stays. An undo can be cancelled
 * until all of it is planned: it has put nothing back then, and what it held back goes out.
 */
export async function cancelRun({ db, queue }: Deps, workspaceId: string, runId: string): Promise<number> {
  await db.inWorkspace(workspaceId, async (tx) => {
    const isCancelled = await changeRunState(tx, runId, 'cancelled');
    const run = await findRun(tx, runId);
    if (!isCancelled && run?.kind === 'undo' && run.state === 'done' && !run.dryRun)
      throw new UserError(
        `The undo ${runId} can no longer be cancelled: all of it is planned, and goes out`,
        'To have the results again, start an ordinary run behind it.',
      );
    if (!isCancelled)
      throw new UserError(`Run ${runId} is not running`, 'It may be done or cancelled already.');
    if (run?.kind === 'undo') await askForFlushes(tx, queue, workspaceId);
  });
  // In portions: a million in one statement would outlast the time that a statement has. Should this end before, each company
  // is cancelled when its job comes up.
  let cancelled = 0;
  for (;;) {
    const portion = await db.inWorkspace(workspaceId, (tx) => cancelQueuedItems(tx, runId, ITEMS_PER_CANCEL));
    cancelled += portion;
    if (portion < ITEMS_PER_CANCEL) return cancelled;
  }
}

/** Pauses a run: items at work stop at their next checkpoint, within one company. */
export async function pauseRun({ db }: Deps, workspaceId: string, runId: string): Promise<void> {
  await db.inWorkspace(workspaceId, async (tx) => {
    if (!(await changeRunState(tx, runId, 'paused')))
      throw new UserError(`Run ${runId} is not running`, 'Only a run that goes on can be paused.');
  });
}

/** Goes on with runs that paused over a refused key, once the keys are let in again. */
export async function resumeStalledRuns(
  deps: Deps & { areKeysGood: () => Promise<boolean> },
  workspaceId: string,
): Promise<void> {
  const stalled = await deps.db.inWorkspace(workspaceId, listStalledRuns);
  const due = stalled.filter(({ isDue }) => isDue);
  if (due.length === 0 || !(await deps.areKeysGood())) return;
  for (const { id } of due)
    await resumeRun(deps, workspaceId, id, { byItself: true }).catch((error: unknown) => {
      // A person was faster.
      if (!(error instanceof UserError)) throw error;
    });
}

/** Goes on with a paused run where each company left off. */
export async function resumeRun(
  { db, queue }: Deps,
  workspaceId: string,
  runId: string,
  { byItself = false } = {},
): Promise<void> {
  await db.inWorkspace(workspaceId, async (tx) => {
    if (!(await changeRunState(tx, runId, 'running')))
      throw new UserError(
        `Run ${runId} is not paused`,
        'A run that is done or cancelled stays so: start a new one.',
      );
    if (!byItself) await forgetStalls(tx, runId);
    // The jobs of all others are still queued or at work: a second one would do the same work twice.
    const parked = await unparkItems(tx, runId);
    const run = await findRun(tx, runId);
    await queue.enqueueCompanies(
      tx,
      mix(parked).map((companyId) => ({ workspaceId, runId, companyId })),
      { now: run?.kind === 'interactive' },
    );
    await finishRunIfSettled(tx, runId);
    // What it had planned before the pause may go on, too, even where no company is left to ask for that.
    await askForFlushes(tx, queue, workspaceId);
  });
}

export type RunProgress = RunCounts & {
  run: Run;
  perSecond: number;
  /** Milliseconds to go at the present pace; null before the first company is done. */
  remainingMs: number | null;
};

/** How far a run is, with rate and estimate. Throws UserError for an unknown run. */
export async function readProgress(db: Database, workspaceId: string, runId: string): Promise<RunProgress> {
  return db.inWorkspace(workspaceId, async (tx) => {
    const run = await findRun(tx, runId);
    if (run === null) throw new UserError(`There is no run ${runId}`, '"fieldnote runs" lists them.');
    const counts = await countItems(tx, runId);
    const settled = counts.done + counts.failed + counts.cancelled;
    const elapsed = ((run.finishedAt ?? new Date()).getTime() - run.createdAt.getTime()) / 1000;
    const perSecond = elapsed > 0 ? settled / elapsed : 0;
    const left = counts.total - settled;
    return { ...counts, run, perSecond, remainingMs: perSecond > 0 ? (left / perSecond) * 1000 : null };
  });
}

/** Has the CRMs be read for a dry run, by a worker, once the run is over. */
export async function askForRehearsalWithin(
  tx: Tx,
  queue: Queue,
  { workspaceId, runId }: { workspaceId: string; runId: string },
): Promise<void> {
  await askForRehearsal(tx, runId);
  await queue.requestRehearsal(tx, { workspaceId, rehearsedRunId: runId });
}

/** Asks for the writes of every connection of the workspace to be sent. */
export async function requestFlushes({ db, queue }: Deps, workspaceId: string): Promise<void> {
  await db.inWorkspace(workspaceId, (tx) => askForFlushes(tx, queue, workspaceId));
}

/** The same in the caller's transaction. */
export async function askForFlushes(tx: Tx, queue: Queue, workspaceId: string): Promise<void> {
  for (const connection of await listConnections(tx))
    if (connection.status === 'active')
      await queue.requestFlush(tx, { workspaceId, connectionId: connection.id });
}
