import type { CrmObject, CrmRecord } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import type { ConnectionSettings } from './connection-settings.ts';

/** One CRM row that we mirror. */
export type MirroredRecord = Omit<CrmRecord, 'isPerson' | 'ours' | 'signs' | 'others'> & {
  domain: string | null;
  /** Why it leads to no company. */
  skippedBecause: string | null;
  /** Why it is left out of research although it leads to one. */
  excludedBecause: string | null;
  /** Hash of everything that research, pitch or matching depend on. */
  rowHash: string;
};

/** Objects that carry our fields. */
export const WRITABLE_OBJECTS: readonly CrmObject[] = ['Account', 'Lead', 'company', 'contact'];

/** A record of a company that carries our fields, and when each of these may be written. */
export type CompanyRecord = {
  connectionId: string;
  object: CrmObject;
  externalId: string;
  policies: ConnectionSettings['write'];
  /** A note is wanted on its timeline when its band changes. */
  noteOnBandChange: boolean;
};

/** Is any row of that object mirrored? */
export async function hasRecords(tx: Tx, connectionId: string, object: CrmObject): Promise<boolean> {
  const { rowCount } = await tx.query(
    'select from records where connection_id = $1 and object = $2 limit 1',
    [connectionId, object],
  );
  return rowCount === 1;
}

/** The rows of both CRMs that point to the company and can be written to: not deleted, merged away, converted or left out. */
export async function listWritableRecords(
  tx: Tx,
  companyId: string,
  objects: readonly CrmObject[],
): Promise<CompanyRecord[]> {
  const { rows } = await tx.query<CompanyRecord>(
    // "offset 0" is a fence: without it the primary key, which has the object, can look as good as the company's own index.
    `select r.connection_id as "connectionId", r.object, r.external_id as "externalId",
       coalesce(n.settings->'write', '{}') as policies,
       coalesce((n.settings->>'noteOnBandChange')::boolean, false) as "noteOnBandChange"
     from (select * from records where company_id = $1 offset 0) as r
     join connections n on n.id = r.connection_id and n.workspace_id = r.workspace_id
     where r.object = any($2) and not r.deleted and r.merged_into is null and r.converted_to is null
       and r.excluded_because is null
     order by r.connection_id, r.object, r.external_id`,
    [companyId, objects],
  );
  return rows;
}

/** A person in a CRM who works at the company. */
export type CompanyContact = {
  connectionId: string;
  object: CrmObject;
  externalId: string;
  name: string;
  title: string | null;
  email: string | null;
};

/** Leads and contacts of the company (by e-mail domain, website, or the account that they belong to), but for those left out. At most 500. */
export async function listContacts(tx: Tx, companyId: string): Promise<CompanyContact[]> {
  const { rows } = await tx.query<CompanyContact>(
    // The same fence as in listing the company's records.
    `select connection_id as "connectionId", object, external_id as "externalId", name, title, email
     from (select * from records where company_id = $1 offset 0) as r
     where object in ('Lead', 'Contact', 'contact') and not deleted and merged_into is null
       and name is not null and excluded_because is null
     order by object, external_id limit 500`,
    [companyId],
  );
  return rows;
}

/** Accounts that name a company but no website, are not left out, and were not looked up yet; at most `limit`. */
export async function listNamesWithoutDomain(
  tx: Tx,
  connectionId: string,
  limit: number,
): Promise<{ object: CrmObject; externalId: string; name: string }[]> {
  const { rows } = await tx.query<{ object: CrmObject; externalId: string; name: string }>(
    `select object, external_id as "externalId", name from records r
     where connection_id = $1 and object in ('Account', 'company') and domain is null and name is not null
       and skipped_because = 'no website' and not deleted and excluded_because is null
       and not exists (select from open_deals d where d.workspace_id = r.workspace_id and d.connection_id = r.connection_id
         and d.account_id = r.external_id)
     order by external_id limit $2`,
    [connectionId, limit],
  );
  return rows;
}
