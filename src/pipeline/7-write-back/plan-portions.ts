import { repeat } from '../../db.ts';
import type { Database, Tx } from '../../db.ts';
import { finishRunIfSettled } from '../store/run-items.ts';
import { endPlan, lockPlan, savePlan } from '../store/undos.ts';
import { listUndoable, settleWithdrawn } from '../store/writes-undo.ts';
import { insertWrites } from '../store/writes-insert.ts';

// Each statement is over well within the time that it has.
const ROWS_AT_ONCE = 5_000;

/**
 * Plans the next fields that an undo puts back, and with the last of them lets all of it be sent. Whoever else is at it waits for the
 * end of the transaction and goes on behind: nothing is planned twice. Returns how many of the undone run's writes were looked at, and how
 * many fields are planned so far; null: the plan is whole, or the undo was cancelled.
 */
export async function planPortion(
  tx: Tx,
  runId: string,
  limit = ROWS_AT_ONCE,
): Promise<{ looked: number; fields: number } | null> {
  const plan = await lockPlan(tx, runId);
  if (plan === null) return null;
  const page = await listUndoable(tx, plan.undoes, { behind: plan.behind, limit });
  const undoable = page.filter((write) => !write.overtaken);
  const fields = plan.fields + (await insertWrites(tx, runId, undoable));
  const overtaken = plan.overtaken + page.length - undoable.length;
  await savePlan(tx, runId, { behind: page.at(-1)?.undoes ?? plan.behind, fields, overtaken });
  if (page.length < limit) {
    await endPlan(tx, runId);
    await finishRunIfSettled(tx, runId);
  }
  return { looked: page.length, fields };
}

/**
 * Goes on with the plan of an undo to its end, portion by portion, from where it was left. What the undone run had not sent is settled
 * then; flushers do the same, should this end before.
 */
export async function planPortions(
  db: Database,
  request: {
    workspaceId: string;
    runId: string;
    signal?: AbortSignal | undefined;
    /** Writes in one portion; 5,000 unless told. */
    portion?: number | undefined;
    /** Told how many fields are planned so far. */
    onPortion?: ((fields: number) => void) | undefined;
  },
): Promise<void> {
  const { workspaceId, runId, signal, portion, onPortion } = request;
  const inTx = <T>(act: (tx: Tx) => Promise<T>): Promise<T> => repeat(() => db.inWorkspace(workspaceId, act));
  for (;;) {
    signal?.throwIfAborted();
    const planned = await inTx((tx) => planPortion(tx, runId, portion));
    if (planned === null) break;
    onPortion?.(planned.fields);
  }
  for (let settled = ROWS_AT_ONCE; settled === ROWS_AT_ONCE;) {
    signal?.throwIfAborted();
    settled = await inTx((tx) => settleWithdrawn(tx, { undoId: runId }, ROWS_AT_ONCE));
  }
}
