import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** The companies that these records of a connection point to, by external id; a record that is not mirrored has none. */
export async function findCompaniesOfRecords(
  tx: Tx,
  connectionId: string,
  object: CrmObject,
  externalIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ externalId: string; companyId: string }>(
    `select external_id as "externalId", company_id as "companyId" from records
     where connection_id = $1 and object = $2 and external_id = any($3) and company_id is not null`,
    [connectionId, object, externalIds],
  );
  return new Map(rows.map((row) => [row.externalId, row.companyId]));
}

/** Those of these companies that another connection knows, too, through a record that is not left out. */
export async function listKnownElsewhere(
  tx: Tx,
  connectionId: string,
  companyIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await tx.query<{ id: string }>(
    `select distinct company_id as id from records
     where company_id = any($2::uuid[]) and connection_id <> $1 and not deleted and merged_into is null
       and converted_to is null and excluded_because is null`,
    [connectionId, companyIds],
  );
  return new Set(rows.map(({ id }) => id));
}
