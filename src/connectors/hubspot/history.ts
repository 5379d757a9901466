import { z } from 'zod';
import { FIELDS } from '../crm-fields.ts';
import type { FieldKey, FieldValue } from '../crm-fields.ts';
import type { CallOptions } from '../call.ts';
import type { RecordHistory } from '../crm.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';
import { objectPath, readFields } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { refuseUnread } from './refusals.ts';
import { RowErrors } from './shapes.ts';

/** CRM objects guide: a batch read with history takes up to 50 records. */
export const HISTORY_BATCH = 50;

const Answer = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      archived: z.boolean().optional(),
      propertiesWithHistory: z
        .record(z.string(), z.array(z.object({ value: z.string().nullable(), timestamp: z.string() })))
        .default({}),
    }),
  ),
  errors: RowErrors,
});

type Found = z.infer<typeof Answer>['results'];

/**
 * What our fields held over time, newest first; null for records that were merged away or that HubSpot knows nothing of. One call, and one
 * more among the archived for those that it does not find: a write may have fallen on a person's value right before the record went.
 */
export async function readHistory(
  api: HubspotApi,
  object: HubspotObject,
  externalIds: readonly string[],
  fields: readonly FieldKey[],
  options: CallOptions,
): Promise<RecordHistory[]> {
  const asked = FIELDS.filter((field) => fields.includes(field.key));
  const read = (ids: readonly string[], archived: boolean): Promise<Found> =>
    readBatch(api, object, { ids, archived, names: asked.map((field) => field.hubspotName) }, options);
  const ids = [...new Set(externalIds)];
  const living = (await read(ids, false)).filter((record) => record.archived !== true);
  const byId = new Map(living.map((record) => [record.id, record]));
  // A merged id answers with its survivor, which has another history.
  const missing = living.length < ids.length ? ids.filter((id) => !byId.has(id)) : [];
  if (missing.length > 0) for (const record of await read(missing, true)) byId.set(record.id, record);
  return externalIds.map((externalId) => {
    const record = byId.get(externalId);
    if (record === undefined) return { object, externalId, versions: null };
    const versions = asked.map(({ key, hubspotName }) => {
      const held = (record.propertiesWithHistory[hubspotName] ?? []).toSorted(
        (one, other) => Date.parse(other.timestamp) - Date.parse(one.timestamp),
      );
      const value = (raw: string | null): FieldValue => readFields({ [hubspotName]: raw })[key] ?? null;
      return [key, held.map((version) => ({ value: value(version.value), at: version.timestamp }))] as const;
    });
    return { object, externalId, versions: Object.fromEntries(versions) };
  });
}

async function readBatch(
  api: HubspotApi,
  object: HubspotObject,
  { ids, archived, names }: { ids: readonly string[]; archived: boolean; names: readonly string[] },
  options: CallOptions,
): Promise<Found> {
  const { data } = await api.send(
    {
      operation: 'batch read',
      method: 'POST',
      path: `/crm/objects/${HUBSPOT_API_VERSION}/${objectPath(object)}/batch/read`,
      query: { archived: String(archived) },
      body: { inputs: ids.map((id) => ({ id })), properties: [], propertiesWithHistory: names },
      schema: Answer,
      repeatable: true,
    },
    options,
  );
  refuseUnread('batch read', data.errors);
  return data.results;
}
