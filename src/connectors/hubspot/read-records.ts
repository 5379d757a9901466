import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { FoundRecords } from '../crm.ts';
import type { ObjectPlan } from '../crm-reading.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';
import { objectPath } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { judgeRows } from './judge-rows.ts';
import type { JudgedRows } from './judge-rows.ts';
import { syncedProperties, toRecord, withMergedAway } from './records.ts';
import { RowBatchAnswer } from './shapes.ts';

/** CRM objects guide: a batch read takes up to 100 records of one object. */
export const READ_RECORDS_BATCH = 100;

/**
 * Records by their ids, as a sync reads them: one call, and one more among the archived for those that it does not find. A merged
 * id answers with its survivor, which names it.
 */
export async function readRecords(
  api: HubspotApi,
  plan: ObjectPlan<HubspotObject>,
  externalIds: readonly string[],
  options: CallOptions,
): Promise<FoundRecords> {
  const ids = [...new Set(externalIds)];
  if (ids.length === 0) return { records: [], unreadable: [] };
  const found = await readBatch(api, plan, ids, false, options);
  const { unreadable } = found;
  const records = found.readable.flatMap((record) => withMergedAway(toRecord(plan, record), record));
  const seen = new Set([...found.ids, ...records.map(({ externalId }) => externalId)]);
  const missing = ids.filter((id) => !seen.has(id));
  if (missing.length === 0) return { records, unreadable };
  const archived = await readBatch(api, plan, missing, true, options);
  const gone = archived.readable.flatMap((record) =>
    withMergedAway({ ...toRecord(plan, record), deleted: true }, record),
  );
  return { records: [...records, ...gone], unreadable: [...unreadable, ...archived.unreadable] };
}

async function readBatch(
  api: HubspotApi,
  plan: ObjectPlan<HubspotObject>,
  ids: readonly string[],
  archived: boolean,
  options: CallOptions,
): Promise<JudgedRows> {
  const operation = 'batch read';
  const { data } = await api.send(
    {
      operation,
      method: 'POST',
      path: `/crm/objects/${HUBSPOT_API_VERSION}/${objectPath(plan.object)}/batch/read`,
      query: { archived: String(archived) },
      body: {
        inputs: ids.map((id) => ({ id })),
        properties: [...syncedProperties(plan)],
        propertiesWithHistory: [],
      },
      schema: RowBatchAnswer,
      repeatable: true,
    },
    options,
  );
  const strange = data.errors.find((error) => error.category !== 'OBJECT_NOT_FOUND');
  if (strange !== undefined)
    throw new ProviderError({ provider: 'hubspot', operation, kind: 'unavailable', code: strange.category, message: strange.message }); // prettier-ignore
  return judgeRows(plan.object, data.results);
}
