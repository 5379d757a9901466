import type { Tx } from '../../db.ts';
import { chunksOf } from './chunks.ts';
import { planAnew } from './plan-anew.ts';
import type { RunState } from './runs.ts';

export type ItemState = 'queued' | 'working' | 'done' | 'failed' | 'cancelled';

/** One company in a run. */
export type RunItem = {
  runId: string;
  companyId: string;
  state: ItemState;
  /** The last stage that finished. */
  stage: string | null;
  attempts: number;
  outcome: string | null;
  error: string | null;
  /** The company's input hash when its research began; null: it has not. */
  inputHash: string | null;
  /** The stage behind which it began; null: it began with the first. */
  beginsBehind: string | null;
};

/** One that was taken up, and when that was done first. */
type StartedItem = RunItem & { startedAt: Date };

export type RunCounts = Record<ItemState, number> & { total: number };

const COLUMNS = `run_id as "runId", company_id as "companyId", state, stage, attempts, outcome, error, input_hash as "inputHash",
  begins_behind as "beginsBehind"`;

const ITEMS_PER_INSERT = 10_000;

/** Puts companies into a run, each once; they begin with the first stage, or behind the one that is named. */
export async function addItems(
  tx: Tx,
  workspaceId: string,
  runId: string,
  companyIds: readonly string[],
  beginsBehind: string | null = null,
): Promise<void> {
  await planAnew(tx, companyIds.length);
  // In portions: a million in one statement would outlast the time that a statement has.
  for (const portion of chunksOf(companyIds, ITEMS_PER_INSERT))
    await tx.query(
      `insert into run_items (workspace_id, run_id, company_id, stage, begins_behind)
       select $1, $2, unnest($3::uuid[]), $4, $4 on conflict do nothing`,
      [workspaceId, runId, portion, beginsBehind],
    );
}

/**
 * Takes an item up: queued or (after a kill) working ones become working. Null when it is settled, its run was stopped, or
 * another run has the company at work: side by side both would buy the same answers.
 */
export async function startItem(tx: Tx, runId: string, companyId: string): Promise<StartedItem | null> {
  // One at a time per company, so that of two that start at once the second sees the first.
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [companyId]);
  const { rows } = await tx.query<StartedItem>(
    `update run_items i set state = 'working', started_at = coalesce(i.started_at, now()),
       input_hash = case when i.stage is null then c.input_hash else i.input_hash end
     from runs r, companies c
     where r.id = i.run_id and r.workspace_id = i.workspace_id and r.state = 'running'
       and c.id = i.company_id and c.workspace_id = i.workspace_id and i.run_id = $1 and i.company_id = $2
       and (i.state = 'working' or i.state = 'queued' and not exists (
         select from run_items o join runs q on q.id = o.run_id and q.workspace_id = o.workspace_id
         where o.company_id = $2 and o.run_id <> $1 and o.state = 'working' and q.state = 'running'))
     returning i.run_id as "runId", i.company_id as "companyId", i.state, i.stage, i.attempts, i.outcome, i.error,
       i.input_hash as "inputHash", i.begins_behind as "beginsBehind", i.started_at as "startedAt"`,
    [runId, companyId],
  );
  return rows[0] ?? null;
}

/** Notes that a stage is finished, so that a resumed item goes on behind it. True while its run is running. */
export async function noteStage(tx: Tx, runId: string, companyId: string, stage: string): Promise<boolean> {
  const { rows } = await tx.query<{ running: boolean }>(
    // A checkpoint that a crash of the server forgets is made again from stored answers, so none waits for the disk.
    `update run_items i set stage = $3
     from runs r, (select set_config('synchronous_commit', 'off', true)) as unflushed
     where i.run_id = $1 and i.company_id = $2 and r.id = i.run_id and r.workspace_id = i.workspace_id
     returning r.state = 'running' as running`,
    [runId, companyId, stage],
  );
  return rows[0]?.running ?? false;
}

/**
 * A job lets go of an item that it may not go on with: where its run was cancelled so is the item, where it is paused the item
 * is parked until it resumes. True where the item is wanted still, now or in a moment: then its job must come back.
 */
export async function leaveItem(tx: Tx, runId: string, companyId: string): Promise<boolean> {
  // Held to the end, so that whoever resumes the run meanwhile finds the item parked.
  const { rows } = await tx.query<{ state: RunState }>('select state from runs where id = $1 for share', [
    runId,
  ]);
  const state = rows[0]?.state;
  const open = `run_id = $1 and company_id = $2 and state in ('queued', 'working')`;
  if (state === 'paused')
    await tx.query(`update run_items set state = 'queued', parked = true where ${open}`, [runId, companyId]);
  if (state === 'cancelled')
    await tx.query(
      `update run_items set state = 'cancelled', outcome = 'cancelled', finished_at = now() where ${open}`,
      [runId, companyId],
    );
  if (state !== 'running') return false;
  const { rowCount } = await tx.query(`select from run_items where ${open}`, [runId, companyId]);
  return rowCount === 1;
}

/** Puts an item back that waits for an outage to end: others may take its company up meanwhile. */
export async function putItemBack(tx: Tx, runId: string, companyId: string): Promise<void> {
  await tx.query(
    `update run_items set state = 'queued' where run_id = $1 and company_id = $2 and state = 'working'`,
    [runId, companyId],
  );
}

/** The companies of a run whose jobs ended while it was paused; from now on they are to have jobs again. */
export async function unparkItems(tx: Tx, runId: string): Promise<string[]> {
  const { rows } = await tx.query<{ companyId: string }>(
    `update run_items set parked = false where run_id = $1 and parked and state = 'queued'
     returning company_id as "companyId"`,
    [runId],
  );
  return rows.map((row) => row.companyId);
}

/** Counts an attempt that ended in an error; answers how many there were. */
export async function countAttempt(tx: Tx, runId: string, companyId: string, error: string): Promise<number> {
  const { rows } = await tx.query<{ attempts: number }>(
    `update run_items set attempts = attempts + 1, error = $3, state = 'queued' where run_id = $1 and company_id = $2
     returning attempts`,
    [runId, companyId, error],
  );
  return rows[0]?.attempts ?? 0;
}

/** Ends an item; the last one of a run ends the run. */
export async function settleItem(
  tx: Tx,
  runId: string,
  companyId: string,
  result: { state: 'done' | 'failed' | 'cancelled'; outcome: string; error?: string },
): Promise<void> {
  await tx.query(
    `update run_items set state = $3, outcome = $4, error = $5, finished_at = now() where run_id = $1 and company_id = $2`,
    [runId, companyId, result.state, result.outcome, result.error ?? null],
  );
}

/** Ends an item that is still open as failed; false when it was settled already, or is gone. */
export async function failOpenItem(
  tx: Tx,
  runId: string,
  companyId: string,
  error: string,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update run_items set state = 'failed', outcome = 'failed', error = $3, finished_at = now()
     where run_id = $1 and company_id = $2 and state in ('queued', 'working')`,
    [runId, companyId, error],
  );
  return rowCount === 1;
}

/**
 * Ends the run if none of its items is open; true when this call ended it. Two workers may settle the last two items at
 * once, and neither sees what the other has not committed: call it in a transaction that begins after the item was settled.
 */
export async function finishRunIfSettled(tx: Tx, runId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update runs set state = 'done', finished_at = now()
     where id = $1 and state = 'running'
       and not exists (select from run_items where run_id = $1 and state in ('queued', 'working'))`,
    [runId],
  );
  return rowCount === 1;
}

/** Ends every running run without an open item, however it came to be left so. */
export async function finishSettledRuns(tx: Tx): Promise<void> {
  await tx.query(
    `update runs set state = 'done', finished_at = now()
     where state = 'running' and kind <> 'undo' and not exists (
       select from run_items i where i.run_id = runs.id and i.workspace_id = runs.workspace_id
         and i.state in ('queued', 'working'))`,
  );
}

/** Cancels up to `limit` companies that have not begun. Items at work stop at their next checkpoint. Returns how many. */
export async function cancelQueuedItems(tx: Tx, runId: string, limit: number): Promise<number> {
  const { rowCount } = await tx.query(
    // Those that a worker takes up in this moment are its own to leave.
    `update run_items set state = 'cancelled', outcome = 'cancelled', finished_at = now()
     where run_id = $1 and company_id = any(array(
       select company_id from run_items where run_id = $1 and state = 'queued' limit $2 for update skip locked))`,
    [runId, limit],
  );
  return rowCount ?? 0;
}

/** Items by state; the states always add up to `total`. */
export async function countItems(tx: Tx, runId: string): Promise<RunCounts> {
  const { rows } = await tx.query<RunCounts>(
    `select count(*) filter (where state = 'queued') as queued, count(*) filter (where state = 'working') as working,
       count(*) filter (where state = 'done') as done, count(*) filter (where state = 'failed') as failed,
       count(*) filter (where state = 'cancelled') as cancelled, count(*) as total
     from run_items where run_id = $1`,
    [runId],
  );
  return rows[0] ?? { queued: 0, working: 0, done: 0, failed: 0, cancelled: 0, total: 0 };
}

/** Items of a run in one state, oldest first; at most `limit`. */
export async function listItems(tx: Tx, runId: string, state: ItemState, limit = 1000): Promise<RunItem[]> {
  const { rows } = await tx.query<RunItem>(
    `select ${COLUMNS} from run_items where run_id = $1 and state = $2 order by finished_at, company_id limit $3`,
    [runId, state, limit],
  );
  return rows;
}

/** The items of these companies in a run. */
export async function findItems(tx: Tx, runId: string, companyIds: readonly string[]): Promise<RunItem[]> {
  const { rows } = await tx.query<RunItem>(
    `select ${COLUMNS} from run_items where run_id = $1 and company_id = any($2::uuid[])`,
    [runId, companyIds],
  );
  return rows;
}
