import type { Tx } from '../../db.ts';
import type { ItemState } from './run-items.ts';

/** One company of a run, as people watch it. */
export type RunCompany = {
  domain: string;
  name: string;
  state: ItemState;
  /** The last stage that finished. */
  stage: string | null;
  attempts: number;
  outcome: string | null;
  error: string | null;
  finishedAt: Date | null;
};

/** The companies of a run: at work first, then failed, waiting, finished; the newest of the finished ones first. */
export async function listRunCompanies(
  tx: Tx,
  runId: string,
  filter: { state?: ItemState; limit: number; offset: number },
): Promise<RunCompany[]> {
  const { rows } = await tx.query<RunCompany>(
    `select c.domain, c.name, i.state, i.stage, i.attempts, i.outcome, i.error, i.finished_at as "finishedAt"
     from run_items i join companies c on c.id = i.company_id and c.workspace_id = i.workspace_id
     where i.run_id = $1 and ($2::text is null or i.state = $2)
     order by array_position(array['working', 'failed', 'queued', 'done', 'cancelled'], i.state),
       i.finished_at desc nulls last, c.domain collate "C" limit $3 offset $4`,
    [runId, filter.state ?? null, filter.limit, filter.offset],
  );
  return rows;
}

/** How many finished companies of a run came to what. */
export async function countOutcomes(tx: Tx, runId: string): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ outcome: string; items: number }>(
    `select outcome, count(*) as items from run_items where run_id = $1 and state = 'done' group by outcome`,
    [runId],
  );
  return new Map(rows.map((row) => [row.outcome, row.items]));
}

/** Items at work by the last stage that finished; `stage` null: none did yet. */
export async function countWorkingByStage(
  tx: Tx,
  runId: string,
): Promise<{ stage: string | null; items: number }[]> {
  const { rows } = await tx.query<{ stage: string | null; items: number }>(
    `select stage, count(*) as items from run_items where run_id = $1 and state = 'working' group by stage`,
    [runId],
  );
  return rows;
}

/** What went wrong in a run: the same error once, with how many companies it stopped or holds up, and some of them. */
export type RunTrouble = { error: string; failed: number; retrying: number; domains: string[] };

export async function listTroubles(tx: Tx, runId: string, limit = 20): Promise<RunTrouble[]> {
  const { rows } = await tx.query<RunTrouble>(
    `select i.error, count(*) filter (where i.state = 'failed') as failed,
       count(*) filter (where i.state in ('queued', 'working')) as retrying,
       (array_agg(c.domain order by c.domain collate "C"))[1:5] as domains
     from run_items i join companies c on c.id = i.company_id and c.workspace_id = i.workspace_id
     where i.run_id = $1 and i.error is not null and i.state in ('failed', 'queued', 'working')
     group by i.error order by failed desc, retrying desc, i.error limit $2`,
    [runId, limit],
  );
  return rows;
}
