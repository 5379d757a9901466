import type { CrmObject, SyncCursor } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** What a cursor is about: an object, or the deals that accounts have. */
type CursorObject = CrmObject | 'Opportunity';

/** Where a reading of one object stands, and when it began at the object's beginning, by the database's clock. */
export type FoundCursor = { cursor: SyncCursor; begunAt: Date };

/**
 * Where the sync of one object left off, if it read by the same plan; null before the first, and where everything was to be read anew
 * since that reading began.
 */
export async function findCursor(
  tx: Tx,
  connectionId: string,
  object: CursorObject,
  plan: string,
): Promise<FoundCursor | null> {
  const { rows } = await tx.query<FoundCursor>(
    `select s.cursor, s.begun_at as "begunAt"
     from sync_cursors s join connections c on c.workspace_id = s.workspace_id and c.id = s.connection_id
     where s.connection_id = $1 and s.object = $2 and s.plan = $3
       and s.begun_at >= coalesce(c.read_anew_since, '-infinity')`,
    [connectionId, object, plan],
  );
  return rows[0] ?? null;
}

/**
 * Moves the cursor; in the same transaction as the rows that it stands for. A reading that began earlier than the one which is known
 * leaves it as it is: it knows nothing of what was asked for since.
 */
export async function saveCursor(
  tx: Tx,
  at: FoundCursor & {
    workspaceId: string;
    connectionId: string;
    object: CursorObject;
    plan: string;
    rowsRead: number;
  },
): Promise<void> {
  await tx.query(
    `insert into sync_cursors (workspace_id, connection_id, object, cursor, plan, rows_read, begun_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (workspace_id, connection_id, object) do update
     set cursor = excluded.cursor, plan = excluded.plan, rows_read = sync_cursors.rows_read + excluded.rows_read,
       begun_at = excluded.begun_at, synced_at = now()
     where sync_cursors.begun_at <= excluded.begun_at`,
    [
      at.workspaceId,
      at.connectionId,
      at.object,
      JSON.stringify(at.cursor),
      at.plan,
      at.rowsRead,
      at.begunAt.toISOString(),
    ],
  );
}

/** Forgets where one object's sync left off. */
export async function forgetCursor(tx: Tx, connectionId: string, object: CursorObject): Promise<void> {
  await tx.query('delete from sync_cursors where connection_id = $1 and object = $2', [connectionId, object]);
}

/**
 * From now on everything is to be read anew: what any sync read before counts for nothing, and the next ones go on, over any number of stops,
 * until each object was read from its beginning.
 */
export async function askForFullSync(tx: Tx, id: string): Promise<void> {
  await tx.query(
    // A reading's own beginning is told in whole milliseconds.
    `update connections set read_anew_since = date_trunc('milliseconds', clock_timestamp()) where id = $1`,
    [id],
  );
}
