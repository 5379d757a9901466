import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';

/** A write of ours that landed, or may have landed: what it was meant to replace, and by what. */
export type Replacement = {
  id: number;
  /** Null: it put back what a person had left there. */
  runId: string | null;
  externalId: string;
  field: FieldKey;
  oldValue: FieldValue;
  newValue: FieldValue;
  /** As of the record when that was read before it. */
  baseModifiedAt: Date | null;
};

// Of one field of one record; a year of weekly runs changes a field less often.
const MOST_REPLACEMENTS = 100;

/** What we replaced in these fields of these records of one object, the newest hundred of each. */
export async function listReplacements(
  tx: Tx,
  { connectionId, object }: { connectionId: string; object: CrmObject },
  fields: readonly { externalId: string; field: FieldKey }[],
): Promise<Replacement[]> {
  const { rows } = await tx.query<Replacement>(
    `select w.id, w.run_id as "runId", w.external_id as "externalId", w.field, w.old_value as "oldValue", w.new_value as "newValue",
       w.base_modified_at as "baseModifiedAt"
     from (select distinct * from unnest($3::text[], $4::text[])) as asked (external_id, field)
     cross join lateral (
       select * from writes where connection_id = $1 and object = $2 and external_id = asked.external_id and field = asked.field
         and state in ('applied', 'undone', 'sending') and old_value is not null
       order by id desc limit $5) as w`,
    [
      connectionId,
      object,
      fields.map(({ externalId }) => externalId),
      fields.map(({ field }) => field),
      MOST_REPLACEMENTS,
    ],
  );
  return rows;
}
