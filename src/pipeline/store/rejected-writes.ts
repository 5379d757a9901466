import type { Tx } from '../../db.ts';

// What refused a field once may be over soon (somebody else was saving the record); what refused it twice takes a person.
const FIRST_AGAIN = `interval '15 minutes'`;
const AGAIN = `interval '1 day'`;
// Every company is due again within a week, and plans what it wants then.
const OLDEST = `interval '8 days'`;

/**
 * Fields whose last word is a CRM's refusal and that it is time to try again: noted as tried now, each once. What our own check refused
 * never comes up, for nothing but another value would help. Companies that are left out, at work or without a score are passed over, as
 * are records that are gone. Takes at most `limit` fields. @returns the companies that they belong to
 */
export async function takeRejected(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ companyId: string }>(
    // "offset 0" is a fence: each field's rows are looked up by their own index.
    `with due as (
       select w.id from connections n
       cross join lateral (
         select * from writes where connection_id = n.id and state = 'rejected' and tried_again_at is null
           and settled_at between now() - ${OLDEST} and now() - ${FIRST_AGAIN} offset 0) as w
       join records r on r.workspace_id = w.workspace_id and r.connection_id = w.connection_id and r.object = w.object
         and r.external_id = w.external_id and r.company_id = w.company_id
       join companies c on c.workspace_id = w.workspace_id and c.id = w.company_id
       where n.status = 'active' and w.attempt > 0 and w.undoes is null
         and not r.deleted and r.merged_into is null and r.converted_to is null and r.excluded_because is null
         and c.excluded_because is null
         and exists (select from scores s where s.workspace_id = c.workspace_id and s.company_id = c.id and s.current)
         and not exists (
           select from run_items i join runs q on q.id = i.run_id and q.workspace_id = i.workspace_id
           where i.company_id = c.id and i.workspace_id = c.workspace_id and i.state in ('queued', 'working')
             and q.state in ('running', 'paused'))
         and not exists (
           select from (
             select id, state, settled_at from writes where connection_id = w.connection_id and object = w.object
               and external_id = w.external_id and field = w.field offset 0) as other
           where other.id > w.id and other.state not in ('rehearsed', 'cancelled')
             or other.id < w.id and other.state = 'rejected' and w.settled_at > now() - ${AGAIN}
               and other.settled_at > w.settled_at - 2 * ${AGAIN})
       order by w.id limit $1)
     update writes w set tried_again_at = now() from due where w.id = due.id and w.tried_again_at is null
     returning w.company_id as "companyId"`,
    [limit],
  );
  return [...new Set(rows.map(({ companyId }) => companyId))];
}
