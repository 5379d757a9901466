import type { CrmKind } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import { lockRows } from './writes-outbox.ts';
import type { WantedWrite } from './writes.ts';

/** A run's last write to a field, what it would put back, and whether a later run wrote the field, too. */
export type UndoableWrite = WantedWrite & { undoes: number; overtaken: boolean };

/**
 * What would put the next `limit` applied writes of a run back, `behind` one, oldest first: per field the value before the run's first
 * write, and the write that is undone, which is the run's last.
 */
export async function listUndoable(
  tx: Tx,
  runId: string,
  { behind, limit }: { behind: number; limit: number },
): Promise<UndoableWrite[]> {
  const { rows } = await tx.query<UndoableWrite>(
    // A later note stands beside ours, not over it; but where a later run changed the band, ours stays as part of the story.
    // "offset 0" is a fence: each field is looked up by its own index, whatever the planner believes about the table.
    `select w.connection_id as "connectionId", w.object, w.external_id as "externalId", w.field, w.company_id as "companyId",
       first.old_value as value, w.id as undoes,
       exists (select from (
           select id, state, undoes, returned_value from writes where connection_id = w.connection_id and object = w.object
             and external_id = w.external_id
             and field = case w.field when 'note' then 'band' else w.field end offset 0) as later
         where later.id > w.id and later.undoes is null
           and (later.state = 'applied' or later.state = 'conflicted' and later.returned_value is not null)) as overtaken
     from writes w
     cross join lateral (
       select min(id) as first, max(id) as last from (
         select id, run_id, state, undoes from writes where connection_id = w.connection_id and object = w.object
           and external_id = w.external_id and field = w.field offset 0) as known
       where known.run_id = $1 and known.state = 'applied' and known.undoes is null) as ours
     join writes first on first.id = ours.first
     where w.run_id = $1 and w.state = 'applied' and w.undoes is null and w.id = ours.last and w.id > $2
     order by w.id limit $3`,
    [runId, behind, limit],
  );
  return rows;
}

/** Values on their way to one connection: nobody knows yet whether they land. */
export type OnTheirWay = {
  crm: CrmKind;
  connection: string;
  active: boolean;
  fields: number;
  /** How much longer any of them may land, in milliseconds; 0: none can any more. */
  mayLandForMs: number;
};

/** A run's values that are on their way, by connection. */
export async function countOnTheirWay(tx: Tx, runId: string): Promise<OnTheirWay[]> {
  const { rows } = await tx.query<OnTheirWay>(
    `select c.kind as crm, c.name as connection, c.status = 'active' as active, count(*) as fields,
       (extract(epoch from greatest(max(w.may_land_until) - now(), interval '0')) * 1000)::float8 as "mayLandForMs"
     from writes w join connections c on c.id = w.connection_id and c.workspace_id = w.workspace_id
     where w.run_id = $1 and w.state = 'sending' group by c.id, c.kind, c.name, c.status order by c.kind, c.name`,
    [runId],
  );
  return rows;
}

/** Has the undone run anything that this undo withdraws? */
export async function hasWithdrawn(tx: Tx, undoId: string): Promise<boolean> {
  const { rows } = await tx.query<{ some: boolean }>(
    `select exists (
       select from runs u cross join lateral (
         select id from writes where run_id = u.undoes and state = 'planned' and id <= u.undoes_up_to offset 0) as w
       where u.id = $1) as some`,
    [undoId],
  );
  return rows[0]?.some ?? false;
}

/**
 * Settles up to `limit` writes that complete undos withdrew: of one undo, or of all for one connection. They are never sent. Returns how
 * many it looked at; call it until these are fewer than `limit`.
 */
export async function settleWithdrawn(
  tx: Tx,
  of: { undoId: string } | { connectionId: string },
  limit: number,
): Promise<number> {
  const [condition, id] =
    'undoId' in of
      ? ['u.id = $1', of.undoId]
      : // No index knows what is "not distinct", so that the connection's own can't be taken for as good as the run's.
        ['w.connection_id is not distinct from $1', of.connectionId];
  const { rows: found } = await tx.query<{ id: number }>(
    // "offset 0" is a fence: each undone run's writes are looked up by their own index, not all that wait.
    `select w.id from runs u cross join lateral (
       select id, connection_id from writes where run_id = u.undoes and state = 'planned' and id <= u.undoes_up_to offset 0) as w
     where u.undoes is not null and u.undoes_up_to is not null and u.state not in ('planning', 'cancelled') and ${condition} limit $2`,
    [id, limit],
  );
  if (found.length === 0) return 0;
  const locked = await lockRows(
    tx,
    found.map((row) => row.id),
  );
  await tx.query(
    `update writes set state = 'cancelled', settled_at = now(), leased_until = null,
       reason = 'Its run was undone before it was sent'
     where id = any($1)`,
    [locked.flatMap((row) => (row.state === 'planned' ? [row.id] : []))],
  );
  return found.length;
}
