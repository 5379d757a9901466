import type { CrmKind } from '../../connectors/crm.ts';
import type { UnreadableRow } from '../../connectors/unreadable.ts';
import type { Tx } from '../../db.ts';

type At = { workspaceId: string; connectionId: string };

/** Most rows that are kept by name, per connection and object; the first ones stay. Whoever has more has one cause to find. */
export const MOST_LISTED = 500;

/** Keeps rows that could not be taken. Answers those that were not kept before. */
export async function saveUnreadable(
  tx: Tx,
  { workspaceId, connectionId }: At,
  rows: readonly UnreadableRow[],
): Promise<UnreadableRow[]> {
  if (rows.length === 0) return [];
  const { rows: added } = await tx.query<UnreadableRow>(
    `with given as (
       select distinct on (object, shown_id) object, shown_id, problem
       from unnest($3::text[], $4::text[], $5::text[]) with ordinality as g (object, shown_id, problem, line)
       order by object, shown_id, line desc
     ), numbered as (
       select g.*, k.problem as known,
         (select count(*) from unreadable_rows u where u.connection_id = $2 and u.object = g.object)
           + row_number() over (partition by g.object, k.shown_id is null order by g.shown_id) as place
       from given g left join unreadable_rows k
         on k.connection_id = $2 and k.object = g.object and k.shown_id = g.shown_id
     ), saved as (
       insert into unreadable_rows (workspace_id, connection_id, object, shown_id, problem)
       select $1, $2, object, shown_id, problem from numbered where known is not null or place <= $6
       on conflict (workspace_id, connection_id, object, shown_id)
       do update set problem = excluded.problem, seen_at = now()
     )
     select object, shown_id as "shownId", problem from numbered where known is null`,
    [
      workspaceId,
      connectionId,
      rows.map(({ object }) => object),
      rows.map(({ shownId }) => shownId),
      rows.map(({ problem }) => problem),
      MOST_LISTED,
    ],
  );
  return added;
}

/** Ids of an object's rows that could not be taken; the readable ones among them may come in a version that can. */
export async function listUnreadableIds(
  tx: Tx,
  connectionId: string,
  object: UnreadableRow['object'],
): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    'select shown_id as id from unreadable_rows where connection_id = $1 and object = $2',
    [connectionId, object],
  );
  return rows.map(({ id }) => id);
}

/** These can be read by now, or are looked for anew (null: all of the object). */
export async function forgetUnreadable(
  tx: Tx,
  connectionId: string,
  object: UnreadableRow['object'],
  ids: readonly string[] | null,
): Promise<void> {
  await tx.query(
    `delete from unreadable_rows
     where connection_id = $1 and object = $2 and ($3::text[] is null or shown_id = any($3))`,
    [connectionId, object, ids],
  );
}

/** A row that could not be taken, as people are shown it. */
export type UnreadableLine = {
  crm: CrmKind;
  /** The connection's name. */
  connection: string;
  object: string;
  id: string;
  problem: string;
  firstSeenAt: Date;
};

/** What people do about it. */
export const UNREADABLE_FIX =
  'correct the record in the CRM, or delete it there: it is taken with its next change; "fieldnote sync --full" looks at all of them anew';

/** How many rows could not be taken, and the latest of them. */
export async function listUnreadable(
  tx: Tx,
  limit: number,
): Promise<{ rows: number; listed: UnreadableLine[] }> {
  const { rows } = await tx.query<UnreadableLine & { total: number }>(
    `select n.kind as crm, n.name as connection, u.object, u.shown_id as id, u.problem,
       u.first_seen_at as "firstSeenAt", count(*) over () as total
     from unreadable_rows u join connections n on n.id = u.connection_id and n.workspace_id = u.workspace_id
     order by u.first_seen_at desc, u.connection_id, u.object, u.shown_id limit $1`,
    [limit],
  );
  return { rows: rows[0]?.total ?? 0, listed: rows.map(({ total: _total, ...line }) => line) };
}
