import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

type At = { workspaceId: string; connectionId: string };

// Salesforce keeps the results of a bulk query for seven days (Bulk API 2.0 guide): the oldest page that may still come.
const KEPT = '8 days';

/** The CRM knew nothing of these records when it was asked, and had told that they are gone. */
export async function saveGone(
  tx: Tx,
  at: At,
  { object, externalIds, askedAt }: { object: CrmObject; externalIds: readonly string[]; askedAt: Date },
): Promise<void> {
  if (externalIds.length === 0) return;
  await tx.query(
    `insert into gone_records (workspace_id, connection_id, object, external_id, asked_at)
     select $1, $2, $3, id, $5 from unnest($4::text[]) as id order by id collate "C"
     on conflict (workspace_id, connection_id, object, external_id) do update
     set asked_at = greatest(gone_records.asked_at, excluded.asked_at)`,
    [at.workspaceId, at.connectionId, object, externalIds, askedAt],
  );
}

/** The records of an object that were gone at a moment after that one. */
export async function listGoneSince(
  tx: Tx,
  connectionId: string,
  object: CrmObject,
  moment: Date,
): Promise<Set<string>> {
  const { rows } = await tx.query<{ id: string }>(
    'select external_id as id from gone_records where connection_id = $1 and object = $2 and asked_at > $3',
    [connectionId, object, moment],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Forgets those that no page can bring back any more. */
export async function forgetOldGone(tx: Tx, connectionId: string): Promise<void> {
  await tx.query(
    `delete from gone_records where connection_id = $1 and asked_at < now() - interval '${KEPT}'`,
    [connectionId],
  );
}
