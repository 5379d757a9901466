import type { Tx } from '../../src/db.ts';
import { createRun } from '../../src/pipeline/store/runs.ts';
import { insertWrites } from '../../src/pipeline/store/writes-insert.ts';
import type { WantedWrite } from '../../src/pipeline/store/writes.ts';

/**
 * Plans writes in a run of their own, an undo where `undoes` says which write each of them puts back; answers the rows in the order of
 * their ids.
 */
export async function planRows(
  tx: Tx,
  workspaceId: string,
  wanted: readonly WantedWrite[],
  undoes?: readonly number[],
): Promise<number[]> {
  const kind = undoes === undefined ? ('manual' as const) : ('undo' as const);
  const run = await createRun(tx, workspaceId, { kind, model: 'm' });
  const writes = wanted.map((write, index) => {
    const undone = undoes?.[index];
    return undone === undefined ? write : { ...write, undoes: undone };
  });
  await insertWrites(tx, run.id, writes);
  const { rows } = await tx.query<{ id: number }>('select id from writes where run_id = $1 order by id', [
    run.id,
  ]);
  return rows.map(({ id }) => id);
}

/** What is planned for the fields of a connection's one record, by field. */
export async function findPlanned(tx: Tx, connectionId: string): Promise<Record<string, unknown>> {
  const { rows } = await tx.query<{ field: string; value: unknown }>(
    `select field, new_value as value from writes where connection_id = $1 and state = 'planned'`,
    [connectionId],
  );
  return Object.fromEntries(rows.map(({ field, value }) => [field, value]));
}
