import { z } from 'zod';
import type { CrmObject } from '../../src/connectors/crm.ts';
import { FIELDS } from '../../src/connectors/crm-fields.ts';
import type { FieldKey } from '../../src/connectors/crm-fields.ts';

/** A record as a twin's dump shows it: our fields by key, everything else by the platform's name, and who changed what. */
export type TwinRecord = {
  object: CrmObject;
  id: string;
  ours: Partial<Record<FieldKey, string>>;
  other: Record<string, string>;
  changes: { field: string; by: string }[];
};

const Value = z.union([z.string(), z.number(), z.boolean()]);
const Salesforce = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      object: z.enum(['Account', 'Lead', 'Contact', 'Opportunity', 'Task']),
      values: z.record(z.string(), Value),
      history: z.array(z.object({ field: z.string(), by: z.string() })),
    }),
  ),
});
const HubspotRecords = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      properties: z.record(z.string(), Value.nullable()),
      history: z.record(z.string(), z.array(z.object({ by: z.string().nullable() }))),
    }),
  ),
});
const Hubspot = z.object({ companies: HubspotRecords, contacts: HubspotRecords });

// What a CRM itself moves with each change, whoever makes it.
const MOVING = /^(LastModifiedDate|SystemModstamp|LastModifiedById|hs_lastmodifieddate|lastmodifieddate)$/;

/** The records of both twins, by `object/id`. The urls are those of the twins, or of a sandbox in another process. */
export async function dumpRecords(urls: {
  salesforce: string;
  hubspot: string;
}): Promise<Map<string, TwinRecord>> {
  const salesforce = Salesforce.parse(await readDump(urls.salesforce));
  const hubspot = Hubspot.parse(await readDump(urls.hubspot));
  const records = [
    ...salesforce.records.flatMap((row) =>
      row.object === 'Opportunity' || row.object === 'Task'
        ? []
        : describe(row.object, row.id, row.values, row.history),
    ),
    ...(['companies', 'contacts'] as const).flatMap((type) =>
      hubspot[type].records.map((row) =>
        describe(
          type === 'companies' ? 'company' : 'contact',
          row.id,
          row.properties,
          Object.entries(row.history).flatMap(([field, entries]) =>
            entries.map((entry) => ({ field, by: entry.by ?? '' })),
          ),
        ),
      ),
    ),
  ];
  return new Map(records.map((record) => [`${record.object}/${record.id}`, record]));
}

/** Keys of the records whose own or other fields are not the same in both dumps. */
export function changedBetween(
  before: ReadonlyMap<string, TwinRecord>,
  after: ReadonlyMap<string, TwinRecord>,
): string[] {
  const text = (record: TwinRecord | undefined): string => JSON.stringify([record?.ours, record?.other]);
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => text(before.get(key)) !== text(after.get(key)),
  );
}

function describe(
  object: CrmObject,
  id: string,
  values: Record<string, string | number | boolean | null>,
  changes: TwinRecord['changes'],
): TwinRecord {
  const record: TwinRecord = { object, id, ours: {}, other: {}, changes };
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === '' || MOVING.test(name)) continue;
    const field = FIELDS.find((one) => one.salesforceName === name || one.hubspotName === name);
    if (field === undefined) record.other[name] = String(value);
    else record.ours[field.key] = String(value);
  }
  return record;
}

async function readDump(url: string): Promise<unknown> {
  const response = await fetch(`${url}/_twin/dump`, { signal: AbortSignal.timeout(30_000) });
  return response.json();
}

const Calls = z.object({
  calls: z.array(
    z.object({ operation: z.string(), method: z.string(), path: z.string(), about: z.string().nullable() }),
  ),
});
export type TwinCall = z.infer<typeof Calls>['calls'][number];

/** Every call that a twin received since its log was last emptied. */
export async function readCalls(url: string): Promise<TwinCall[]> {
  const response = await fetch(`${url}/_twin/calls?full`, { signal: AbortSignal.timeout(30_000) });
  return Calls.parse(await response.json()).calls;
}

export async function emptyCalls(urls: readonly string[]): Promise<void> {
  for (const url of urls) await fetch(`${url}/_twin/calls`, { method: 'DELETE' });
}

/** Changes something at a twin; throws with the twin's own words when it refuses. */
export async function editTwin(url: string, edit: object): Promise<unknown> {
  const response = await fetch(`${url}/_twin/edit`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(edit),
    signal: AbortSignal.timeout(30_000),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`the twin refused the edit: ${JSON.stringify(answer)}`);
  return answer;
}

/** Can this call have changed a CRM? Reads that go by POST (queries, batch reads, tokens) cannot. */
export function isWrite(call: TwinCall): boolean {
  return (
    call.method !== 'GET' &&
    !/\/(query|search|batch\/read|oauth2\/token|token|access-token-info)\b/.test(call.path) &&
    !/retrieve|query|read|search/.test(call.operation)
  );
}
