import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** What is known of the record on which somebody looks at the card. */
export type CardRecord = {
  companyId: string | null;
  deleted: boolean;
  mergedInto: string | null;
  convertedTo: string | null;
  /** Why it leads to no company. */
  skippedBecause: string | null;
  /** Why it is left out of research although it leads to one. */
  excludedBecause: string | null;
};

/** The record as it was mirrored; null: no sync has seen it. */
export async function findCardRecord(
  tx: Tx,
  record: { connectionId: string; object: CrmObject; externalId: string },
): Promise<CardRecord | null> {
  const { rows } = await tx.query<CardRecord>(
    `select company_id as "companyId", deleted, merged_into as "mergedInto", converted_to as "convertedTo",
       skipped_because as "skippedBecause", excluded_because as "excludedBecause"
     from records where connection_id = $1 and object = $2 and external_id = $3`,
    [record.connectionId, record.object, record.externalId],
  );
  return rows[0] ?? null;
}
