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

/** What our fields held over time, newest first; null for records that are archived or were merged away. One call. */
export async function readHistory(
  api: HubspotApi,
  object: HubspotObject,
  externalIds: readonly string[],
  fields: readonly FieldKey[],
  options: CallOptions,
): Promise<RecordHistory[]> {
  const asked = FIELDS.filter((field) => fields.includes(field.key));
  const { data } = await api.send(
    {
      operation: 'batch read',
      method: 'POST',
      path: `/crm/objects/${HUBSPOT_API_VERSION}/${objectPath(object)}/batch/read`,
      body: {
        inputs: [...new Set(externalIds)].map((id) => ({ id })),
        properties: [],
        propertiesWithHistory: asked.map((field) => field.hubspotName),
      },
      schema: Answer,
      repeatable: true,
    },
    options,
  );
  refuseUnread('batch read', data.errors);
  const byId = new Map(data.results.map((record) => [record.id, record]));
  return externalIds.map((externalId) => {
    const record = byId.get(externalId);
    if (record === undefined || record.archived === true) return { object, externalId, versions: null };
    const versions = asked.map(({ key, hubspotName }) => {
      const held = (record.propertiesWithHistory[hubspotName] ?? []).toSorted(
        (one, other) => Date.parse(other.timestamp) - Date.parse(one.timestamp),
      );
      const read = (value: string | null): FieldValue => readFields({ [hubspotName]: value })[key] ?? null;
      return [key, held.map(({ value, timestamp }) => ({ value: read(value), at: timestamp }))] as const;
    });
    return { object, externalId, versions: Object.fromEntries(versions) };
  });
}
