import type { Tx } from '../../db.ts';

/**
 * A condition in SQL on a planned row of that name, of which `run_id` and `id` are known: its run is being undone, or was, so that it is
 * not sent. Once the undo is cancelled it no longer holds, and the row goes as it was planned.
 */
export const withdrawn = (row: string): string =>
  `exists (select from runs u where u.undoes = ${row}.run_id and u.undoes_up_to >= ${row}.id and u.state <> 'cancelled')`;

/**
 * Notes what an undo withdraws: all that its run has planned, and that was not sent. To be called in the transaction that begins it, while
 * the undone run is locked against what may be sent (findOpenPlan).
 */
export async function withdrawWrites(tx: Tx, undoId: string): Promise<void> {
  await tx.query(
    `update runs set undoes_up_to = nextval(pg_get_serial_sequence('writes', 'id')) where id = $1`,
    [undoId],
  );
}

/**
 * Of these writes, those that may be sent as far as undos are concerned. Their runs are locked to the end of the transaction: an undo that
 * begins in this moment waits, and sees what is on its way.
 */
export async function keepUnwithdrawn<T extends { id: number; runId: string | null }>(
  tx: Tx,
  writes: readonly T[],
): Promise<T[]> {
  const runs = [...new Set(writes.flatMap(({ runId }) => runId ?? []))];
  if (runs.length === 0) return [...writes];
  await tx.query('select from runs where id = any($1) order by id for key share', [runs]);
  const { rows } = await tx.query<{ undoes: string; upTo: number }>(
    `select undoes, max(undoes_up_to) as "upTo" from runs
     where undoes = any($1) and undoes_up_to is not null and state <> 'cancelled' group by undoes`,
    [runs],
  );
  const upTo = new Map(rows.map((row) => [row.undoes, row.upTo]));
  return writes.filter(({ id, runId }) => runId === null || id > (upTo.get(runId) ?? 0));
}
