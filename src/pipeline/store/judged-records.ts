import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import type { MirroredRecord } from './records.ts';

/** A mirrored row; `domain` is the one that it says itself. */
export type StoredRecord = MirroredRecord & {
  /** Who put it elsewhere than it says itself (place-records.ts); null: nobody. */
  placedBy: 'contacts' | 'name' | 'account' | null;
  /** The contact of an account that is left out as a person. */
  ofPerson: boolean;
};

/** By which rules the connection's rows were judged last. */
export async function readJudgement(tx: Tx, connectionId: string): Promise<number> {
  const { rows } = await tx.query<{ rules: number }>(
    'select judged_by as rules from connections where id = $1',
    [connectionId],
  );
  return rows[0]?.rules ?? 0;
}

/** All of the connection's rows were judged by these rules. */
export async function saveJudgement(tx: Tx, connectionId: string, rules: number): Promise<void> {
  await tx.query('update connections set judged_by = $2 where id = $1', [connectionId, rules]);
}

/** Rows of a connection that the CRM still has, page by page in the order of their ids, behind the last one of the page before. */
export async function listStored(
  tx: Tx,
  connectionId: string,
  page: { behind: { object: CrmObject; externalId: string } | null; limit: number; personBecause: string },
): Promise<StoredRecord[]> {
  const { behind, limit, personBecause } = page;
  const { rows } = await tx.query<StoredRecord>(
    `select object, external_id as "externalId", case when placed_by is null then domain else own_domain end as domain,
       skipped_because as "skippedBecause", excluded_because as "excludedBecause", name, company_name as "companyName", website, email, title,
       industry, employees, country, owner_id as "ownerId", parent_id as "parentId", deleted, merged_into as "mergedInto",
       converted_to as "convertedTo", modified_at::text as "modifiedAt", row_hash as "rowHash", placed_by as "placedBy",
       object = 'Contact' and exists (
         select from records account where account.connection_id = r.connection_id and account.object = 'Account'
           and account.external_id = r.parent_id and account.skipped_because = $5) as "ofPerson"
     from records r
     where connection_id = $1 and not deleted and (object, external_id) > ($2, $3)
     order by object, external_id limit $4`,
    [connectionId, behind?.object ?? '', behind?.externalId ?? '', limit, personBecause],
  );
  return rows;
}
