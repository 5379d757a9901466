import { z } from 'zod';
import { FIELDS } from '../crm-fields.ts';
import type { FieldKey, FieldValue } from '../crm-fields.ts';
import type { CallOptions } from '../call.ts';
import type { Author } from '../crm-users.ts';
import type { FieldVersion, RecordHistory } from '../crm.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';
import { objectPath, readFields } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { describeShape } from './judge-rows.ts';
import { refuseUnread } from './refusals.ts';
import { RowErrors } from './shapes.ts';

/** CRM objects guide: a batch read with history takes up to 50 records. */
export const HISTORY_BATCH = 50;

const Version = z.object({
  value: z.string().nullable(),
  timestamp: z.iso.datetime({ offset: true }),
  // Who it was is worth knowing, and no reason to leave a version out.
  sourceType: z.string().optional().catch(undefined),
  sourceId: z.string().optional().catch(undefined),
  updatedByUserId: z.number().int().optional().catch(undefined),
});
const Row = z.object({
  id: z.string(),
  archived: z.boolean().optional(),
  propertiesWithHistory: z.record(z.string(), z.array(Version)).default({}),
});
/** Each row is judged by itself, so that a bad one harms no other. */
const Answer = z.object({ results: z.array(z.unknown()), errors: RowErrors });

type Found = {
  rows: z.infer<typeof Row>[];
  /** What is wrong with the others, by id; under `null` with one that has none to go by. */
  unreadable: Map<string | null, string>;
};

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
  const { rows, unreadable } = await read(ids, false);
  const byId = new Map(rows.flatMap((record) => (record.archived === true ? [] : [[record.id, record]])));
  // A merged id answers with its survivor, which has another history.
  const missing = ids.filter((id) => !byId.has(id) && !unreadable.has(id));
  if (missing.length > 0) {
    const archived = await read(missing, true);
    for (const record of archived.rows) byId.set(record.id, record);
    for (const [id, problem] of archived.unreadable) unreadable.set(id, problem);
  }
  return externalIds.map((externalId) => {
    const record = byId.get(externalId);
    // Of whom a row without a readable id tells, nobody knows: maybe of this one.
    const problem = unreadable.get(externalId) ?? (record === undefined ? unreadable.get(null) : undefined);
    if (problem !== undefined) return { object, externalId, unreadable: problem, versions: null };
    if (record === undefined) return { object, externalId, versions: null };
    const versions = asked.map(({ key, hubspotName }) => {
      const held = (record.propertiesWithHistory[hubspotName] ?? []).toSorted(
        (one, other) => Date.parse(other.timestamp) - Date.parse(one.timestamp),
      );
      const value = (raw: string | null): FieldValue => readFields({ [hubspotName]: raw })[key] ?? null;
      const shown = held.map((version) => ({
        value: value(version.value),
        at: version.timestamp,
        by: authorOf(version),
        ...sourceOf(version),
      }));
      return [key, shown] as const;
    });
    return { object, externalId, versions: Object.fromEntries(versions) };
  });
}

// Changes that no person made by hand, even where HubSpot names one who set them up.
const NOBODY: Readonly<Record<string, string>> = {
  INTEGRATION: 'another app',
  API: 'another app',
  AUTOMATION_PLATFORM: 'a workflow',
  WORKFLOWS: 'a workflow',
};

function authorOf({ sourceType = '', updatedByUserId }: z.infer<typeof Version>): Author {
  const what = NOBODY[sourceType];
  if (what !== undefined) return { userId: null, what };
  if (updatedByUserId !== undefined) return { userId: String(updatedByUserId), what: null };
  return { userId: null, what: sourceType === 'IMPORT' ? 'an import' : null };
}

/** An app is known by its id. A merge says nothing of who had written what it brought along. */
function sourceOf({ sourceType, sourceId }: z.infer<typeof Version>): Pick<FieldVersion, 'source'> {
  if (sourceType === undefined || sourceId === undefined || sourceType.startsWith('MERGE')) return {};
  return { source: `${sourceType} ${sourceId}` };
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
  const found: Found = { rows: [], unreadable: new Map() };
  for (const raw of data.results) {
    const row = Row.safeParse(raw);
    if (row.success) found.rows.push(row.data);
    else {
      const id: unknown = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : undefined;
      const known = typeof id === 'string' && ids.includes(id) ? id : null;
      found.unreadable.set(known, describeShape(raw, id, row.error));
    }
  }
  return found;
}
