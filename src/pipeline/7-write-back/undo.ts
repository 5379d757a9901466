import type { Database, Tx } from '../../db.ts';
import { UserError } from '../../errors.ts';
import { nameConnection } from '../store/connections.ts';
import { changeRunState, createRun, findRun } from '../store/runs.ts';
import type { Run, Starter } from '../store/runs.ts';
import { beginPlan, findOpenPlan, findPlan, findUnderWay, forgetUndo } from '../store/undos.ts';
import { countOnTheirWay, hasWithdrawn } from '../store/writes-undo.ts';
import type { OnTheirWay } from '../store/writes-undo.ts';
import { withdrawWrites } from '../store/writes-withdrawn.ts';
import { planPortion, planPortions } from './plan-portions.ts';

export type PlannedUndo = {
  run: Run;
  /** Fields that are to be put back. */
  fields: number;
  /** Fields that a later run wrote since: they stay as they are. */
  overtaken: number;
  /** Fields whose fate is not known, since their connection was paused while they were on their way: not undone. */
  unsettled: readonly OnTheirWay[];
  /** False: somebody else had begun it, and it goes on. */
  begunHere: boolean;
};
type Begun = Pick<PlannedUndo, 'run' | 'unsettled' | 'begunHere'>;

/** One sentence about fields whose fate is not known, with what to do; null: there are none. */
export function describeUnsettled(unsettled: readonly OnTheirWay[]): string | null {
  if (unsettled.length === 0) return null;
  const parts = unsettled.map(
    ({ crm, connection, fields }) => `${fields} on ${nameConnection({ kind: crm, name: connection })}`,
  );
  return `Fields that were on their way when their connection was paused are not undone, since nobody knows whether they landed: ${parts.join(', ')}. Connect it again, then undo the run once more.`;
}

const MINUTE_MS = 60_000;

function describeWait(coming: readonly OnTheirWay[]): string {
  const minutes = Math.ceil(Math.max(...coming.map((one) => one.mayLandForMs)) / MINUTE_MS);
  if (minutes <= 1) return 'Try again in a minute.';
  return `Try again in a minute; where a CRM gave no answer, in ${minutes} minutes: until then the value may still land, unless somebody changes the record.`;
}

export type UndoRequest = {
  workspaceId: string;
  runId: string;
  dryRun?: boolean;
  startedBy?: Starter;
  /** Fields planned in one transaction; 5,000 unless told. */
  portion?: number | undefined;
};

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * Plans to put back what a run wrote: each field to what it held before the run, if it still holds what the CRM returned
 * after our write (looked at when it is sent). The undo is a run of its own; with `dryRun` it is only rehearsed. A value
 * that was undone is written again only by a run that a person starts, or when another value is wanted.  * was undone is written again only by a run that a person starts, or when another value is wanted. Stopped by the signal before
 * all is planned, it is cancelled where it was begun here, and else goes on without us: its state tells which. `onPortion` hears how many
 * fields are planned so far.
 * Throws UserError when there is no such run, or it wrote nothing, or is an undo itself.
 */
export async function planUndo(
  db: Database,
  request: UndoRequest & { signal?: AbortSignal; onPortion?: (fields: number) => void },
): Promise<PlannedUndo> {
  const { workspaceId, portion, signal, onPortion } = request;
  const begun = await db.inWorkspace(workspaceId, (tx) => beginUndo(tx, request));
  const runId = begun.run.id;
  try {
    await planPortions(db, { workspaceId, runId, portion, signal, onPortion });
  } catch (error) {
    if (!signal?.aborted) throw error;
    if (begun.begunHere) await db.inWorkspace(workspaceId, (tx) => changeRunState(tx, runId, 'cancelled'));
  }
  return db.inWorkspace(workspaceId, async (tx) => {
    const plan = await findPlan(tx, runId);
    const run = await findRun(tx, (await findInItsPlace(tx, runId)) ?? runId);
    return { ...begun, run: run ?? begun.run, fields: plan?.fields ?? 0, overtaken: plan?.overtaken ?? 0 };
  });
}

/** Where all that it could put back is under way already, the undo that does so. */
async function findInItsPlace(tx: Tx, undoId: string): Promise<string | null> {
  const plan = await findPlan(tx, undoId);
  const run = await findRun(tx, undoId);
  const isEmpty = plan?.fields === 0 && run?.state === 'done' && !run.dryRun;
  return !isEmpty || (await hasWithdrawn(tx, undoId)) ? null : findUnderWay(tx, undoId);
}

/**
 * Begins an undo in the caller's transaction, so that what depends on it comes to be with it, and plans its first portion. Where that is
 * not all, its run is left in the state "planning": a worker goes on with it, and none of it is sent before all is there. Asked for again
 * until then, or while all of it is still being sent, the same undo goes on: a second one would leave to the first what that has planned,
 * and be sent without it. From its beginning nothing of the undone run is sent any more; cancelled before all is planned, it leaves that
 * as it was.
 */
export async function beginUndo(tx: Tx, request: UndoRequest): Promise<Begun> {
  const { workspaceId, runId, dryRun = false, startedBy, portion } = request;
  const undone = UUID.test(runId) ? await findRun(tx, runId) : null;
  if (undone === null) throw new UserError(`There is no run ${runId}`, '"fieldnote runs" lists them.');
  if (undone.kind === 'undo')
    throw new UserError(
      `Run ${runId} is an undo`,
      'Start an ordinary run: it writes the current results again.',
    );
  if (undone.state === 'running' && !undone.dryRun)
    throw new UserError(`Run ${runId} is still going on`, 'Cancel it first, or wait for its end.');
  const open = dryRun ? null : await findOpenPlan(tx, runId);
  if (open !== null) return goOnWith(tx, open, request);
  const onTheirWay = await countOnTheirWay(tx, runId);
  const coming = onTheirWay.filter(({ active }) => active);
  if (coming.length > 0)
    throw new UserError(`Some writes of run ${runId} are on their way`, describeWait(coming));
  const run = await createRun(tx, workspaceId, {
    kind: 'undo',
    model: undone.model,
    undoes: runId,
    dryRun,
    ...(startedBy === undefined ? {} : { startedBy }),
  });
  await beginPlan(tx, run.id);
  if (!dryRun) await withdrawWrites(tx, run.id);
  const first = await planPortion(tx, run.id, portion);
  if (first?.looked === 0 && !(await hasWithdrawn(tx, run.id)))
    throw new UserError(
      `Run ${runId} has nothing to undo: none of its writes stands in a CRM, as far as is known`,
      describeUnsettled(onTheirWay) ?? undefined,
    );
  const other = await findInItsPlace(tx, run.id);
  if (other !== null) {
    await forgetUndo(tx, run.id);
    return goOnWith(tx, other, request);
  }
  return { run: (await findRun(tx, run.id)) ?? run, unsettled: onTheirWay, begunHere: true };
}

async function goOnWith(tx: Tx, undoId: string, { runId, portion }: UndoRequest): Promise<Begun> {
  await planPortion(tx, undoId, portion);
  const run = await findRun(tx, undoId);
  if (run === null) throw new Error(`the undo ${undoId} is gone`);
  const unsettled = (await countOnTheirWay(tx, runId)).filter(({ active }) => !active);
  return { run, unsettled, begunHere: false };
}
