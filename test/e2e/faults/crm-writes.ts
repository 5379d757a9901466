import { z } from 'zod';
import type { System } from '../../harness/system.ts';

const Salesforce = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      object: z.string(),
      values: z.record(z.string(), z.unknown()),
      history: z.array(z.object({ by: z.string(), field: z.string() })),
      updates: z.record(z.string(), z.number()),
    }),
  ),
});

const Shelf = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      properties: z.record(z.string(), z.string()),
      writes: z.number(),
      history: z.record(z.string(), z.array(z.object({ by: z.string() }))),
    }),
  ),
});
const Hubspot = z.object({ companies: Shelf, contacts: Shelf });

/** What the CRMs took for one record. */
export type WrittenRecord = {
  name: string;
  /** Updates that the CRM took from anybody, also those that changed nothing. */
  updates: number;
  /** Changes by field, whoever made them; what came with the import is none. */
  changes: { field: string; by: string }[];
  values: Record<string, unknown>;
};

/** Every record of both CRMs, as the twins hold it. */
export async function readCrms(system: System): Promise<WrittenRecord[]> {
  const { salesforce, hubspot } = system.sandbox.twins;
  const dump = async (url: string): Promise<unknown> => (await fetch(`${url}/_twin/dump`)).json();
  const [org, portal] = await Promise.all([
    dump(salesforce.url).then((body) => Salesforce.parse(body)),
    dump(hubspot.url).then((body) => Hubspot.parse(body)),
  ]);
  return [
    ...org.records.map((record) => ({
      name: `${record.object} ${record.id}`,
      updates: Object.values(record.updates).reduce((sum, count) => sum + count, 0),
      changes: record.history.map(({ field, by }) => ({ field, by })),
      values: record.values,
    })),
    ...Object.entries(portal).flatMap(([object, shelf]) =>
      shelf.records.map((record) => ({
        name: `${object} ${record.id}`,
        updates: record.writes,
        changes: Object.entries(record.history).flatMap(([field, entries]) =>
          entries.flatMap(({ by }) => (by === 'import' ? [] : [{ field, by }])),
        ),
        values: record.properties,
      })),
    ),
  ];
}

export const isOurField = (field: string): boolean => /^fieldnote_/i.test(field);
