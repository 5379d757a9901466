import type { CrmKind } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { VERDICTS, countNone } from './writes-rehearsal.ts';
import type { Verdict } from './writes-rehearsal.ts';
import type { Write, WriteField } from './writes.ts';

// Of a page of 50 lines hardly more than 25 portions are read to their ends, since one with a single line is as long as that line.
const PORTION = 200;
const BEHIND_ALL = '9223372036854775807';

/**
 * Notes where the values of each verdict lie among those of a dry run, in place of what was noted before.
 * @returns how many have each verdict; those that were not read have none
 */
export async function notePortions(tx: Tx, runId: string): Promise<Record<Verdict, number>> {
  await tx.query('delete from rehearsal_portions where run_id = $1', [runId]);
  await tx.query(
    `insert into rehearsal_portions (workspace_id, run_id, verdict, last, first, fields)
     select current_workspace(), $1, verdict, max(id), min(id), count(*)
     from (
       select id, verdict, (row_number() over (order by id) - 1) / ${PORTION} as portion from writes
       where run_id = $1 and state = 'rehearsed') as line
     where verdict is not null group by verdict, portion`,
    [runId],
  );
  const { rows } = await tx.query<{ verdict: Verdict; fields: number }>(
    'select verdict, sum(fields) as fields from rehearsal_portions where run_id = $1 group by 1',
    [runId],
  );
  const counts = countNone();
  for (const { verdict, fields } of rows) counts[verdict] = fields;
  return counts;
}

export type RehearsedLine = Pick<
  Write<WriteField>,
  'id' | 'connectionId' | 'object' | 'externalId' | 'companyId' | 'field' | 'reason'
> & { crm: CrmKind; connection: string; old: FieldValue; new: FieldValue; verdict: Verdict };

/**
 * What a dry run would have done, as far as the CRMs were read for it, in id order; the next page begins after the last id. Only the
 * portions are looked at in which the asked verdict was found, and no more of them than fill the page.
 */
export async function listRehearsedLines(
  tx: Tx,
  runId: string,
  page: { verdict?: Verdict | undefined; afterId: number; limit: number },
): Promise<RehearsedLine[]> {
  const { rows } = await tx.query<RehearsedLine>(
    // Each portion ends with a line of the verdict, so that one behind $3 has at least one to show: of that which $3 cuts, nothing more
    // is known. A rehearsal that was read before portions were noted has none: all of it is one then.
    `with portion as materialized (
       select known.verdict, p.first, p.last from unnest($2::text[]) as known (verdict) cross join lateral (
         select first, last, coalesce(
           sum(case when first > $3 then fields else 1 end) over (order by last rows between unbounded preceding and 1 preceding), 0) as before
         from (
           select first, last, fields from rehearsal_portions
           where run_id = $1 and verdict = known.verdict and last > $3 order by last limit $4) as next
       ) as p where p.before < $4
       union all
       select known.verdict, 0, ${BEHIND_ALL} from unnest($2::text[]) as known (verdict)
       where not exists (select from rehearsal_portions p where p.run_id = $1 and p.verdict = known.verdict)
         and exists (select from rehearsals r where r.run_id = $1 and coalesce(r.counts ->> known.verdict, '?') <> '0'))
     select w.id, w.connection_id as "connectionId", w.object, w.external_id as "externalId", w.company_id as "companyId", w.field,
       w.old_value as old, w.new_value as new, w.verdict, w.reason, n.kind as crm, n.name as connection
     from portion cross join lateral (
       select * from writes where run_id = $1 and state = 'rehearsed' and id > $3 and id between portion.first and portion.last
         and verdict = portion.verdict order by id limit $4) as w
     join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     order by w.id limit $4`,
    [runId, page.verdict === undefined ? VERDICTS : [page.verdict], page.afterId, page.limit],
  );
  return rows;
}
