import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

type At = { workspaceId: string; connectionId: string; object: CrmObject };

/** Forgets what a reading of all of an object's records came by. */
export async function forgetSightings(
  tx: Tx,
  { connectionId, object }: Omit<At, 'workspaceId'>,
): Promise<void> {
  await tx.query('delete from sightings where connection_id = $1 and object = $2', [connectionId, object]);
}

/** Did the reading that began then come by any so far? */
export async function hasSightings(
  tx: Tx,
  { connectionId, object }: Omit<At, 'workspaceId'>,
  begunAt: Date,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    'select from sightings where connection_id = $1 and object = $2 and begun_at = $3 limit 1',
    [connectionId, object, begunAt],
  );
  return rowCount === 1;
}

/** The reading that began then came by these. In the transaction that stores them, and moves its cursor. */
export async function saveSightings(tx: Tx, at: At, begunAt: Date, ids: readonly string[]): Promise<void> {
  await tx.query(
    `insert into sightings (workspace_id, connection_id, object, begun_at, external_id)
     select $1, $2, $3, $4, id from (select distinct unnest($5::text[]) as id) as ids order by id collate "C"
     on conflict (workspace_id, connection_id, object, external_id) do update set begun_at = excluded.begun_at`,
    [at.workspaceId, at.connectionId, at.object, begunAt, ids],
  );
}

// Looked up row by row: without statistics a join is planned as a walk over all sightings for each record, 33 s for 20,000 of them.
const SEEN_AT = `(select s.begun_at from sightings s where s.workspace_id = r.workspace_id and s.connection_id = r.connection_id
  and s.object = r.object and s.external_id = r.external_id)`;

/** How many records are known to be alive, and how many of them the reading that began then did not come by. */
export async function countUnseen(
  tx: Tx,
  { connectionId, object }: Omit<At, 'workspaceId'>,
  begunAt: Date,
): Promise<{ known: number; unseen: number }> {
  const { rows } = await tx.query<{ known: number; unseen: number }>(
    `select count(*) as known, count(*) filter (where ${SEEN_AT} is distinct from $3) as unseen
     from records r where r.connection_id = $1 and r.object = $2 and not r.deleted`,
    [connectionId, object, begunAt],
  );
  return rows[0] ?? { known: 0, unseen: 0 };
}

/** Ids of such records, `limit` at most. */
export async function listUnseen(
  tx: Tx,
  { connectionId, object }: Omit<At, 'workspaceId'>,
  { begunAt, limit }: { begunAt: Date; limit: number },
): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `select r.external_id as id from records r
     where r.connection_id = $1 and r.object = $2 and not r.deleted and ${SEEN_AT} is distinct from $3
     limit $4`,
    [connectionId, object, begunAt, limit],
  );
  return rows.map(({ id }) => id);
}
