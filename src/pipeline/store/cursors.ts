import type { CrmObject, SyncCursor } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** What a cursor is about: an object, or the deals that accounts have. */
type CursorObject = CrmObject | 'Opportunity';

/** Where the sync of one object left off, if it read by the same plan; null before the first. */
export async function findCursor(
  tx: Tx,
  connectionId: string,
  object: CursorObject,
  plan: string,
): Promise<SyncCursor | null> {
  const { rows } = await tx.query<{ cursor: SyncCursor }>(
    'select cursor from sync_cursors where connection_id = $1 and object = $2 and plan = $3',
    [connectionId, object, plan],
  );
  return rows[0]?.cursor ?? null;
}

/** Moves the cursor; in the same transaction as the rows that it stands for. */
export async function saveCursor(
  tx: Tx,
  at: {
    workspaceId: string;
    connectionId: string;
    object: CursorObject;
    cursor: SyncCursor;
    plan: string;
    rowsRead: number;
  },
): Promise<void> {
  await tx.query(
    `insert into sync_cursors (workspace_id, connection_id, object, cursor, plan, rows_read) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id, connection_id, object) do update
     set cursor = excluded.cursor, plan = excluded.plan, rows_read = sync_cursors.rows_read + excluded.rows_read,
       synced_at = now()`,
    [at.workspaceId, at.connectionId, at.object, JSON.stringify(at.cursor), at.plan, at.rowsRead],
  );
}

/** Forgets where one object's sync left off. */
export async function forgetCursor(tx: Tx, connectionId: string, object: CursorObject): Promise<void> {
  await tx.query('delete from sync_cursors where connection_id = $1 and object = $2', [connectionId, object]);
}

/** Forgets where the sync left off, so that the next one reads everything. */
export async function forgetCursors(tx: Tx, connectionId: string): Promise<void> {
  await tx.query('delete from sync_cursors where connection_id = $1', [connectionId]);
}
