import type { CrmKind } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import type { WantedWrite } from './writes.ts';

/**
 * What would put a run's applied writes back: per field the value before the run's first write, and the write that is
 * undone, which is the run's last. Fields that a later run wrote too are only counted.
 */
export async function findUndoable(
  tx: Tx,
  runId: string,
): Promise<{ undoable: WantedWrite[]; overtaken: number }> {
  const { rows } = await tx.query<WantedWrite & { undoes: number; overtaken: boolean }>(
    // A later note stands beside ours, not over it; but where a later run changed the band, ours stays as part of the story.
    `with ours as (
       select connection_id, object, external_id, field, company_id, max(id) as last, min(id) as first
       from writes where run_id = $1 and state = 'applied' and undoes is null
       group by connection_id, object, external_id, field, company_id)
     select ours.connection_id as "connectionId", ours.object, ours.external_id as "externalId", ours.field,
       ours.company_id as "companyId", first.old_value as value, ours.last as undoes,
       exists (select from (
           select id, state, undoes, returned_value from writes where connection_id = ours.connection_id and object = ours.object
             and external_id = ours.external_id
             and field = case ours.field when 'note' then 'band' else ours.field end offset 0) as later
         where later.id > ours.last and later.undoes is null
           and (later.state = 'applied' or later.state = 'conflicted' and later.returned_value is not null)) as overtaken
     from ours join writes first on first.id = ours.first
     order by ours.last`,
    [runId],
  );
  const undoable = rows.flatMap(({ overtaken, ...write }) => (overtaken ? [] : [write]));
  return { undoable, overtaken: rows.length - undoable.length };
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

/** Settles what a run had planned and was not sent: the run is being undone. */
export async function cancelRunWrites(tx: Tx, runId: string): Promise<void> {
  await tx.query(
    `update writes set state = 'cancelled', settled_at = now(), leased_until = null,
       reason = 'Its run was undone before it was sent'
     where run_id = $1 and state = 'planned'`,
    [runId],
  );
}
