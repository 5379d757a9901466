import type { Tx } from '../../db.ts';
import { REPLACED } from './writes.ts';

/**
 * Plans again what rows of these had taken the place of, now that they are cancelled before they were sent: else a value that another
 * run wants is lost to an undo that never was. Not where that run was cancelled as well, or the record is left out or another company's
 * since.
 */
export async function planReplacedAgain(tx: Tx, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    // "offset 0" is a fence: each field is looked up by its own index, whatever the planner believes about the table.
    `update writes w set state = 'planned', settled_at = null, leased_until = null, not_before = null, failures = 0, reason = null,
       waits_for = null
     from (select old.id from writes gone cross join lateral (
         select * from writes where connection_id = gone.connection_id and object = gone.object
           and external_id = gone.external_id and field = gone.field offset 0) as old
       where gone.id = any($1) and old.state = 'cancelled' and old.undoes is null and old.reason = $2 and old.settled_at = gone.planned_at
         and not exists (select from runs r where r.id = old.run_id and r.state = 'cancelled')
         and not exists (select from companies c where c.id = old.company_id and c.excluded_because is not null)
         and not exists (select from records r where r.connection_id = old.connection_id and r.object = old.object
           and r.external_id = old.external_id and (r.excluded_because is not null or r.company_id is distinct from old.company_id))
         and not exists (select from (
             select state from writes where connection_id = old.connection_id and object = old.object
               and external_id = old.external_id and field = old.field offset 0) as other where other.state = 'planned')) as replaced
     where w.id = replaced.id`,
    [ids, REPLACED],
  );
}
