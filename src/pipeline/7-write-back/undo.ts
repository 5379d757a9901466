import type { Database, Tx } from '../../db.ts';
import { UserError } from '../../errors.ts';
import { finishRunIfSettled } from '../store/run-items.ts';
import { nameConnection } from '../store/connections.ts';
import { createRun, findRun } from '../store/runs.ts';
import type { Run, Starter } from '../store/runs.ts';
import { cancelRunWrites, countOnTheirWay, listUndoable } from '../store/writes-undo.ts';
import type { OnTheirWay } from '../store/writes-undo.ts';
import { insertWrites } from '../store/writes.ts';

export type PlannedUndo = {
  run: Run;
  /** Fields that are to be put back. */
  fields: number;
  /** Fields that a later run wrote since: they stay as they are. */
  overtaken: number;
  /** Fields whose fate is not known, since their connection was paused while they were on their way: not undone. */
  unsettled: readonly OnTheirWay[];
};

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

// Each statement is over well within the time that it has.
const ROWS_AT_ONCE = 5_000;

export type UndoRequest = { workspaceId: string; runId: string; dryRun?: boolean; startedBy?: Starter };

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * Plans to put back what a run wrote: each field to what it held before the run, if it still holds what the CRM returned
 * after our write (looked at when it is sent). The undo is a run of its own; with `dryRun` it is only rehearsed. A value
 * that was undone is written again only by a run that a person starts, or when another value is wanted.
 * Throws UserError when there is no such run, or it wrote nothing, or is an undo itself.
 */
export async function planUndo(db: Database, request: UndoRequest): Promise<PlannedUndo> {
  return db.inWorkspace(request.workspaceId, (tx) => planUndoWithin(tx, request));
}

/** The same in the caller's transaction, so that what depends on the undo comes to be with it. */
export async function planUndoWithin(tx: Tx, request: UndoRequest): Promise<PlannedUndo> {
  const { workspaceId, runId, dryRun = false, startedBy } = request;
  const undone = UUID.test(runId) ? await findRun(tx, runId) : null;
  if (undone === null) throw new UserError(`There is no run ${runId}`, '"fieldnote runs" lists them.');
  if (undone.kind === 'undo')
    throw new UserError(
      `Run ${runId} is an undo`,
      'Start an ordinary run: it writes the current results again.',
    );
  if (undone.state === 'running' && !undone.dryRun)
    throw new UserError(`Run ${runId} is still going on`, 'Cancel it first, or wait for its end.');
  // What a flusher sends in this moment is either kept from it, or counted.
  while (!dryRun && (await cancelRunWrites(tx, runId, ROWS_AT_ONCE)) > 0);
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
  const { found, fields, overtaken } = await planAll(tx, runId, run.id);
  if (found === 0)
    throw new UserError(
      `Run ${runId} has nothing to undo: none of its writes stands in a CRM, as far as is known`,
      describeUnsettled(onTheirWay) ?? undefined,
    );
  await finishRunIfSettled(tx, run.id);
  return { run, fields, overtaken, unsettled: onTheirWay };
}

/** Plans every field that the undo puts back, some thousand at a time, whatever the run's size. */
async function planAll(
  tx: Tx,
  runId: string,
  undoId: string,
): Promise<{ found: number; fields: number; overtaken: number }> {
  const planned = { found: 0, fields: 0, overtaken: 0 };
  for (let behind = 0; ;) {
    const page = await listUndoable(tx, runId, { behind, limit: ROWS_AT_ONCE });
    const last = page.at(-1);
    if (last === undefined) return planned;
    behind = last.undoes;
    const undoable = page.filter((write) => !write.overtaken);
    planned.fields += await insertWrites(tx, undoId, undoable);
    planned.found += page.length;
    planned.overtaken += page.length - undoable.length;
  }
}
