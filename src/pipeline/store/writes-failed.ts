import type { CrmKind } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import { EDITOR } from './writes-editors.ts';
import type { Editor } from './writes-editors.ts';
import { WRITE_COLUMNS } from './writes.ts';
import type { Write, WriteField } from './writes.ts';

export type FailedWrite = Write<WriteField> & {
  crm: CrmKind;
  domain: string;
  company: string;
  editor: Editor | null;
};

// Word for word as the index has them, and no other one.
const FAILED = `w.state in ('rejected', 'conflicted')`;
const inFailed = (column: 'workspace_id' | 'id'): string => `(case when ${FAILED} then w.${column} end)`;

/**
 * Fields whose last word is a refusal or a conflict, in id order, as things stand now, when nothing is left to do about records that are
 * gone, became others, lead to another company or none, or are left out (what
 * could not be emptied there stays in the list); and about connections that were removed. Looks at the next `limit` refusals behind `afterId`, however many of them were overcome since, so that no
 * statement takes longer than that. `nextAfterId`: where the next page begins; null: it was the last.
 */
export async function listFailedWrites(
  tx: Tx,
  { afterId = 0, limit = 1_000 }: { afterId?: number; limit?: number } = {},
): Promise<{ failed: FailedWrite[]; nextAfterId: number | null }> {
  const { rows: looked } = await tx.query<{ id: number }>(
    `select ${inFailed('id')} as id from writes w
     where ${inFailed('workspace_id')} = current_workspace() and ${FAILED} and ${inFailed('id')} > $1
     order by ${inFailed('id')} limit $2`,
    [afterId, limit],
  );
  const { rows: failed } = await tx.query<FailedWrite>(
    // Each "offset 0" is a fence: whatever belongs to a refusal is looked up by its own index, whatever the planner believes.
    `select ${WRITE_COLUMNS}, ${EDITOR}, n.kind as crm, company.domain, company.name as company
     from (select * from writes where id = any($1) offset 0) as w
     cross join lateral (
       select domain, name, excluded_because from companies
       where workspace_id = w.workspace_id and id = w.company_id offset 0) as company
     cross join lateral (
       select kind, status from connections where workspace_id = w.workspace_id and id = w.connection_id offset 0) as n
     where ${FAILED} and company.excluded_because is null and n.status <> 'removed'
       and not exists (
         select from (
           select id, state from writes where connection_id = w.connection_id and object = w.object
             and external_id = w.external_id and field = w.field offset 0) as later
         where later.id > w.id and later.state not in ('rehearsed', 'cancelled'))
       and not exists (
         select from (
           select deleted, merged_into, converted_to, excluded_because, company_id from records where workspace_id = w.workspace_id
             and connection_id = w.connection_id and object = w.object and external_id = w.external_id offset 0) as r
         where r.deleted or r.merged_into is not null or r.converted_to is not null or r.excluded_because is not null
           or r.company_id is distinct from w.company_id and w.new_value <> 'null')
     order by w.id`,
    [looked.map(({ id }) => id)],
  );
  return { failed, nextAfterId: looked.length < limit ? null : (looked.at(-1)?.id ?? null) };
}
