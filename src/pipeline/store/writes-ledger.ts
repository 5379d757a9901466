import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { withdrawn } from './writes-withdrawn.ts';
import type { WriteField, WriteState } from './writes.ts';

export type RecordAddress = { connectionId: string; object: CrmObject; externalId: string };

export const recordKey = (record: RecordAddress): string =>
  `${record.connectionId}/${record.object}/${record.externalId}`;

/** A line of the audit log as far as later decisions need it. */
export type LedgerEntry = {
  id: number;
  /** Whose result it was. */
  companyId: string;
  state: WriteState;
  value: FieldValue;
  /** What the CRM held afterwards; what was sent while that is not read back. */
  returned: FieldValue;
  readBack: boolean;
  reason: string | null;
  undoes: number | null;
};

/** What the audit log knows of one field of one record; absent entries: nothing. Undoing writes count only while open. */
export type FieldLedger = {
  /** Our last write that landed, or may have landed, and was not put back since. */
  written?: LedgerEntry;
  /** The last that came to skipped, conflicted or rejected. */
  settled?: LedgerEntry;
  /** The last that was put back, when nothing of ours landed after it. */
  undone?: LedgerEntry;
  /** Waiting or on its way; what an undo withdrew is not. */
  open?: LedgerEntry;
  /** What the CRM held after our last writes to records that were merged or converted into this one: it may hold it now. */
  inherited?: InheritedValue[];
};

type InheritedValue = {
  value: FieldValue;
  /**
   * The record goes on as this one, with its values: what a person emptied there is empty here. False where this one was there before
   * (Salesforce's merges and conversions), and may be empty since nobody ever filled it.
   */
  goesOn: boolean;
};

/** By field; of notes under `note`. */
export type RecordLedger = Partial<Record<WriteField, FieldLedger>>;

/** The ledgers of many records in one query, by `recordKey`; a record that was never written has none. */
export async function findLedgers(
  tx: Tx,
  records: readonly RecordAddress[],
): Promise<Map<string, RecordLedger>> {
  const ledgers = new Map<string, RecordLedger>();
  if (records.length === 0) return ledgers;
  const { rows } = await tx.query<
    RecordAddress & LedgerEntry & { field: WriteField; role: Exclude<keyof FieldLedger, 'inherited'> | null }
  >(
    `with classed as (
       select w.*, case
         when state = 'planned' and ${withdrawn('w')} then null
         when state in ('planned', 'sending') then 'open'
         when state = 'undone' then 'undone'
         when state = 'conflicted' and returned_value is not null then 'written'
         when undoes is not null then null
         when state = 'applied' then 'written'
         when state in ('skipped', 'conflicted', 'rejected') then 'settled' end as role
       from (select distinct * from unnest($1::uuid[], $2::text[], $3::text[])) as r (connection_id, object, external_id)
       cross join lateral (
         select * from writes where connection_id = r.connection_id and object = r.object and external_id = r.external_id
         offset 0) as w)
     select distinct on (connection_id, object, external_id, field, role)
       connection_id as "connectionId", object, external_id as "externalId", field, role, id, company_id as "companyId", state, new_value as value,
       coalesce(returned_value, new_value) as returned, returned_value is not null as "readBack", reason, undoes
     from classed where role is not null
     order by connection_id, object, external_id, field, role, id desc`,
    [
      records.map((record) => record.connectionId),
      records.map((record) => record.object),
      records.map((record) => record.externalId),
    ],
  );
  for (const { connectionId, object, externalId, field, role, ...entry } of rows) {
    if (role === null) continue;
    const key = recordKey({ connectionId, object, externalId });
    const ledger: RecordLedger = ledgers.get(key) ?? {};
    ledgers.set(key, ledger);
    ledger[field] = { ...ledger[field], [role]: entry };
  }
  await addInherited(tx, records, ledgers);
  for (const ledger of ledgers.values())
    for (const field of Object.values(ledger))
      if (field.written && field.undone && field.written.id > field.undone.id) delete field.undone;
  return ledgers;
}

// Word for word as the index has it.
const BECAME = 'case when merged_into is not null then merged_into else converted_to end';

async function addInherited(
  tx: Tx,
  records: readonly RecordAddress[],
  ledgers: Map<string, RecordLedger>,
): Promise<void> {
  const { rows } = await tx.query<RecordAddress & InheritedValue & { field: FieldKey }>(
    // HubSpot's objects: there a merge makes a new record of the two. "offset 0" is a fence: what became of a record, and its writes,
    // are looked up by their own indexes.
    `select distinct on (r.connection_id, r.object, r.external_id, was.object, was.external_id, w.field)
       r.connection_id as "connectionId", r.object, r.external_id as "externalId", w.field,
       coalesce(w.returned_value, w.new_value) as value,
       was.merged_into is not null and was.object in ('company', 'contact') as "goesOn"
     from (select distinct * from unnest($1::uuid[], $2::text[], $3::text[])) as r (connection_id, object, external_id)
     cross join lateral (
       select object, external_id, merged_into, converted_to from records
       where connection_id = r.connection_id and ${BECAME} = r.external_id offset 0) as was
     cross join lateral (
       select * from writes where connection_id = r.connection_id and object = was.object
         and external_id = was.external_id offset 0) as w
     where (was.object = r.object or was.converted_to is not null)
       and w.state = 'applied' and w.undoes is null and w.field <> 'note'
     order by r.connection_id, r.object, r.external_id, was.object, was.external_id, w.field, w.id desc`,
    [
      records.map((record) => record.connectionId),
      records.map((record) => record.object),
      records.map((record) => record.externalId),
    ],
  );
  for (const { field, value, goesOn, ...record } of rows) {
    const ledger: RecordLedger = ledgers.get(recordKey(record)) ?? {};
    ledgers.set(recordKey(record), ledger);
    ledger[field] = { ...ledger[field], inherited: [...(ledger[field]?.inherited ?? []), { value, goesOn }] };
  }
}

/** The newest of what landed and what did not. */
export function lastOutcome(ledger: FieldLedger | undefined): LedgerEntry | undefined {
  const { written, settled } = ledger ?? {};
  if (written === undefined || settled === undefined) return written ?? settled;
  return written.id > settled.id ? written : settled;
}
