import type { Tx } from '../../db.ts';

/** How far an undo is planned. */
export type UndoPlan = {
  /** The run that it puts back. */
  undoes: string;
  /** The last of that run's writes that was looked at. */
  behind: number;
  /** Fields that go back, so far. */
  fields: number;
  /** Fields that a later run wrote, so far: they stay. */
  overtaken: number;
};

const PLAN = 'r.undoes, u.behind, u.fields, u.overtaken';

/** Notes that an undo is to be planned, from the first write on; its run is planning. */
export async function beginPlan(tx: Tx, runId: string): Promise<void> {
  await tx.query('insert into undos (workspace_id, run_id) values (current_workspace(), $1)', [runId]);
  await tx.query(`update runs set state = 'planning' where id = $1`, [runId]);
}

/**
 * The undo of this run that is not planned to the end, if there is one; a rehearsal is none. Whoever else looks, or sends what the run has
 * planned, waits for the end of the transaction: two who begin one in the same moment begin one, and it sees all that is on its way.
 */
export async function findOpenPlan(tx: Tx, undoes: string): Promise<string | null> {
  await tx.query('select from runs where id = $1 for update', [undoes]);
  const { rows } = await tx.query<{ id: string }>(
    `select id from runs where undoes = $1 and state = 'planning' and not dry_run`,
    [undoes],
  );
  return rows[0]?.id ?? null;
}

/** Another undo of the run that this one undoes, planned to the end and with values that are still to be sent; the newest. */
export async function findUnderWay(tx: Tx, undoId: string): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    `select other.id from runs u join runs other on other.undoes = u.undoes and other.workspace_id = u.workspace_id
     where u.id = $1 and other.id <> u.id and not other.dry_run and other.state <> 'cancelled'
       and exists (select from (select id from writes where run_id = other.id and state in ('planned', 'sending') offset 0) as w)
     order by other.created_at desc limit 1`,
    [undoId],
  );
  return rows[0]?.id ?? null;
}

/** An undo that came to nothing, as if it had not been begun. */
export async function forgetUndo(tx: Tx, undoId: string): Promise<void> {
  await tx.query(`delete from runs where id = $1 and kind = 'undo'`, [undoId]);
}

/** The plan, held to the end of the transaction, so that one at a time goes on with it; null where it is whole, or its run was cancelled. */
export async function lockPlan(tx: Tx, runId: string): Promise<UndoPlan | null> {
  await tx.query('select from undos where run_id = $1 for update', [runId]);
  const { rows } = await tx.query<UndoPlan>(
    `select ${PLAN} from undos u join runs r on r.id = u.run_id and r.workspace_id = u.workspace_id
     where u.run_id = $1 and r.state = 'planning'`,
    [runId],
  );
  return rows[0] ?? null;
}

/** Null where it is no undo, or one that was planned before plans were kept. */
export async function findPlan(tx: Tx, runId: string): Promise<UndoPlan | null> {
  const { rows } = await tx.query<UndoPlan>(
    `select ${PLAN} from undos u join runs r on r.id = u.run_id and r.workspace_id = u.workspace_id where u.run_id = $1`,
    [runId],
  );
  return rows[0] ?? null;
}

/** Keeps how far it is, in the transaction that stored the portion. */
export async function savePlan(
  tx: Tx,
  runId: string,
  { behind, fields, overtaken }: Omit<UndoPlan, 'undoes'>,
): Promise<void> {
  await tx.query('update undos set behind = $2, fields = $3, overtaken = $4 where run_id = $1', [
    runId,
    behind,
    fields,
    overtaken,
  ]);
}

/** All of it is planned: its values may be sent from now on. */
export async function endPlan(tx: Tx, runId: string): Promise<void> {
  await tx.query(`update runs set state = 'running' where id = $1 and state = 'planning'`, [runId]);
}

/** Undos that are not planned to the end: somebody is at it, or was stopped. */
export async function listOpenPlans(tx: Tx): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from runs where state = 'planning' order by created_at, id limit 100`,
  );
  return rows.map(({ id }) => id);
}
