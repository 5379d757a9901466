import type { CallOptions } from '../call.ts';
import type { Survivor } from '../crm.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';
import { objectPath } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { mergedIds } from './records.ts';
import { BatchAnswer } from './shapes.ts';

/**
 * Ids that were merged into other records: HubSpot answers with the survivor, which names them. One call, a hundred ids at
 * most (CRM objects guide).
 */
export async function findSurvivors(
  api: HubspotApi,
  object: HubspotObject,
  externalIds: readonly string[],
  options: CallOptions,
): Promise<Survivor[]> {
  const { data } = await api.send(
    {
      operation: 'batch read',
      method: 'POST',
      path: `/crm/objects/${HUBSPOT_API_VERSION}/${objectPath(object)}/batch/read`,
      body: {
        inputs: [...new Set(externalIds)].map((id) => ({ id })),
        properties: ['hs_merged_object_ids'],
        propertiesWithHistory: [],
      },
      schema: BatchAnswer,
      repeatable: true,
    },
    options,
  );
  const asked = new Set(externalIds);
  const survivors = data.results.flatMap((record): Survivor[] => {
    const gone = mergedIds(record);
    return gone
      .filter((externalId) => asked.has(externalId) && externalId !== record.id)
      .map((externalId) => ({ externalId, survivorId: record.id, mergedIds: gone }));
  });
  return [...new Map(survivors.map((survivor) => [survivor.externalId, survivor])).values()];
}
