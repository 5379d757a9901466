import type { Tx } from '../../db.ts';
import type { ItemState } from './run-items.ts';

/** A company's place in the newest run that a person asked for. */
export type AskedWork = {
  runId: string;
  state: ItemState;
  /** The last stage that finished. */
  stage: string | null;
  error: string | null;
  /** Since it was asked for, and since it was over; null: it is not. */
  ageSeconds: number;
  overSeconds: number | null;
};

/** The newest of the last day; null: nobody asked. */
export async function findAskedWork(tx: Tx, companyId: string): Promise<AskedWork | null> {
  const { rows } = await tx.query<AskedWork>(
    `select r.id as "runId", i.state, i.stage, i.error,
       extract(epoch from now() - r.created_at)::float8 as "ageSeconds",
       extract(epoch from now() - i.finished_at)::float8 as "overSeconds"
     from runs r join run_items i on i.workspace_id = r.workspace_id and i.run_id = r.id and i.company_id = $1
     where r.kind = 'interactive' and not r.dry_run and i.begins_behind is null and r.created_at > now() - interval '1 day'
     order by r.created_at desc limit 1`,
    [companyId],
  );
  return rows[0] ?? null;
}

/** How long the last twenty that people asked for took, in seconds, on average; null: there were none in a week. */
export async function estimateAskedSeconds(tx: Tx): Promise<number | null> {
  const { rows } = await tx.query<{ seconds: number | null }>(
    `select avg(seconds)::float8 as seconds from (
       select extract(epoch from finished_at - created_at) as seconds from runs
       where kind = 'interactive' and state = 'done' and created_at > now() - interval '7 days' and exists (
         select from run_items i where i.workspace_id = runs.workspace_id and i.run_id = runs.id and i.begins_behind is null)
       order by created_at desc limit 20) as last`,
  );
  return rows[0]?.seconds ?? null;
}

/**
 * Lets one at a time ask for a company's score or its pitches: the second waits until the first is stored, and sees it. The company's row is
 * left to syncs, which lock many of them in an order of their own.
 */
export async function holdCompany(tx: Tx, companyId: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('asked ' || $1, 0))`, [companyId]);
}

/** The same for several at once, held in one order everywhere, so that no two who ask wait for each other in a circle. */
export async function holdCompanies(tx: Tx, companyIds: readonly string[]): Promise<void> {
  await tx.query(
    `select pg_advisory_xact_lock(hashtextextended('asked ' || id, 0)) from unnest($1::text[]) as id`,
    [companyIds.toSorted()],
  );
}
