import type { Tx } from '../../db.ts';
import { changeInOrder, neededOf } from './writes-in-order.ts';
import { withdrawn } from './writes-withdrawn.ts';

/**
 * Plans again what gave way to these rows of undos, or was kept behind them, now that they are cancelled or settled: of each field the
 * newest. `cancelled`: with them also undos that they took the place of, and notes, which else tell of a band that is not there any more. Not where its own run was cancelled or undone as well, or the record is left out or another company's since.
 */
export async function planAgain(
  tx: Tx,
  ids: readonly number[],
  { cancelled }: { cancelled: boolean },
): Promise<void> {
  if (ids.length === 0) return;
  const { rows: waiting } = await tx.query<{ id: number }>(
    'select id from writes where gave_way_to = any($1) order by id for update',
    [ids],
  );
  if (waiting.length === 0) return;
  const values = [waiting.map(({ id }) => id), cancelled];
  await tx.query(
    // "offset 0" is a fence: each field is looked up by its own index, whatever the planner believes about the table.
    changeInOrder(
      `select distinct on (old.connection_id, old.object, old.external_id, old.field) ${neededOf('old')} from writes old
       where old.id = any($1) and ${MAY_GO}
         and not exists (select from ${ROWS_OF_FIELD} where other.state = 'planned')
       order by old.connection_id, old.object, old.external_id, old.field, old.id desc`,
      `state = 'planned', settled_at = null, leased_until = null, not_before = null, failures = 0, reason = null,
       waits_for = null, gave_way_to = null, attempt = w.attempt + 1`,
    ),
    values,
  );
  // Another undo has taken the field meanwhile: it is behind that one now.
  await tx.query(
    `update writes w set gave_way_to = next.id
     from (
       select old.id as "of", other.id from writes old cross join lateral ${ROWS_OF_FIELD}
       where old.id = any($1) and ${MAY_GO} and other.state = 'planned' and other.undoes is not null
         and other.run_id is not null and other.id <> old.gave_way_to) as next
     where w.id = next."of"`,
    values,
  );
}

const ROWS_OF_FIELD = `(
  select id, run_id, state, undoes from writes where connection_id = old.connection_id and object = old.object
    and external_id = old.external_id and field = old.field offset 0) as other`;
const MAY_GO = `old.state = 'cancelled' and ($2 or old.undoes is null and old.field <> 'note')
  and not exists (select from runs r where r.id = old.run_id and r.state = 'cancelled') and not ${withdrawn('old')}
  and (old.undoes is not null
    or not exists (select from companies c where c.id = old.company_id and c.excluded_because is not null)
      and not exists (select from records r where r.connection_id = old.connection_id and r.object = old.object
        and r.external_id = old.external_id and (r.excluded_because is not null or r.company_id is distinct from old.company_id)))`;
