import type { CrmKind, CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** Mirrored rows that lead to no company: how many, for how many reasons, and the commonest of these. */
export type SkippedCount = { rows: number; reasons: number; listed: { because: string; rows: number }[] };

const SKIPPED = 'skipped_because is not null and domain is null and not deleted';

/**
 * Pages on one platform are one reason, whichever page each is.
 * @param limit how many reasons are listed: some name the very domain, so that there may be thousands
 */
export async function countSkipped(tx: Tx, limit: number): Promise<SkippedCount> {
  const { rows } = await tx.query<{ because: string; rows: number; total: number; reasons: number }>(
    `select because, rows, sum(rows) over () as total, count(*) over () as reasons
     from (
       -- Grouped twice: what is cut from a text is looked for once a reason, not once a row.
       select regexp_replace(because, '^\\S+ is a page on ', 'a page on ') as because, sum(rows)::bigint as rows
       from (select skipped_because as because, count(*) as rows from records where ${SKIPPED} group by 1) as told
       group by 1) as reason
     order by rows desc, because limit $1`,
    [limit],
  );
  return {
    rows: rows[0]?.total ?? 0,
    reasons: rows[0]?.reasons ?? 0,
    listed: rows.map((row) => ({ because: row.because, rows: row.rows })),
  };
}

/** A mirrored row that leads to no company, and why. */
export type SkippedRecord = {
  crm: CrmKind;
  connection: string;
  connectionId: string;
  object: CrmObject;
  externalId: string;
  name: string | null;
  because: string;
};

/** All such rows, page by page in the order of their ids; the next page begins after the last row of the one before. */
export async function listSkipped(
  tx: Tx,
  page: { after: Pick<SkippedRecord, 'connectionId' | 'object' | 'externalId'> | null; limit: number },
): Promise<SkippedRecord[]> {
  const { after, limit } = page;
  const { rows } = await tx.query<SkippedRecord>(
    `select c.kind as crm, c.name as connection, r.connection_id as "connectionId", r.object, r.external_id as "externalId",
       coalesce(r.name, r.company_name) as name, r.skipped_because as because
     from records r join connections c on c.workspace_id = r.workspace_id and c.id = r.connection_id
     where ${SKIPPED} and ($1::uuid is null or (r.connection_id, r.object, r.external_id) > ($1, $2, $3))
     order by r.connection_id, r.object, r.external_id limit $4`,
    [after?.connectionId ?? null, after?.object ?? null, after?.externalId ?? null, limit],
  );
  return rows;
}
