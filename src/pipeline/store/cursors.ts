import type { CrmObject, SyncCursor } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** What a cursor is about: an object, or the deals that accounts have. */
export type CursorObject = CrmObject | 'Opportunity';

/** Where a reading of one object stands; all times by the database's clock. */
export type FoundCursor = {
  cursor: SyncCursor;
  /** When it began at the object's beginning. */
  begunAt: Date;
  /** So old are the rows of the last page. */
  asOf: Date;
  /** Since when the object is being read to its end; null: it was. */
  readingSince: Date | null;
  /** When the reading began that came to the object's end since a sync was through last; null: none did. */
  seenUntil: Date | null;
};

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
    `select s.cursor, s.begun_at as "begunAt", coalesce(s.as_of, s.begun_at) as "asOf", s.reading_since as "readingSince",
       s.seen_until as "seenUntil"
     from sync_cursors s join connections c on c.workspace_id = s.workspace_id and c.id = s.connection_id
     where s.connection_id = $1 and s.object = $2 and s.plan = $3
       and s.begun_at >= coalesce(c.read_anew_since, '-infinity')`,
    [connectionId, object, plan],
  );
  return rows[0] ?? null;
}

/**
 * Moves the cursor; in the same transaction as the rows that it stands for. False: another reading has begun later, which comes by
 * the same rows itself; nothing of this one may be stored any more.
 */
export async function saveCursor(
  tx: Tx,
  at: Pick<FoundCursor, 'cursor' | 'begunAt' | 'asOf'> & {
    workspaceId: string;
    connectionId: string;
    readingSince: Date;
    object: CursorObject;
    plan: string;
    rowsRead: number;
  },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into sync_cursors (workspace_id, connection_id, object, cursor, plan, rows_read, begun_at, as_of, reading_since)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (workspace_id, connection_id, object) do update
     set cursor = excluded.cursor, plan = excluded.plan, rows_read = sync_cursors.rows_read + excluded.rows_read,
       begun_at = excluded.begun_at, as_of = excluded.as_of, reading_since = excluded.reading_since,
       seen_until = case when sync_cursors.begun_at = excluded.begun_at then sync_cursors.seen_until end, synced_at = now()
     where sync_cursors.begun_at <= excluded.begun_at`,
    [
      at.workspaceId,
      at.connectionId,
      at.object,
      JSON.stringify(at.cursor),
      at.plan,
      at.rowsRead,
      at.begunAt.toISOString(),
      at.asOf,
      at.readingSince,
    ],
  );
  return rowCount === 1;
}

/** The object was read to its end, if what is stored belongs to the reading that began then: answers whether it does. */
export async function noteSeen(
  tx: Tx,
  at: { connectionId: string; object: CursorObject; begunAt: Date; readingSince: Date },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update sync_cursors set seen_until = $4, reading_since = null
     where connection_id = $1 and object = $2 and begun_at = $3 and reading_since = $4`,
    [at.connectionId, at.object, at.begunAt.toISOString(), at.readingSince],
  );
  return rowCount === 1;
}

/** A sync is through: the next one looks at every object. */
export async function forgetSeen(tx: Tx, connectionId: string): Promise<void> {
  await tx.query(
    'update sync_cursors set seen_until = null where connection_id = $1 and seen_until is not null',
    [connectionId],
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
