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
 * most (CRM objects guide), and one more among the archived for those of which it knows no survivor: that one may have been deleted
 * since.
 */
export async function findSurvivors(
  api: HubspotApi,
  object: HubspotObject,
  externalIds: readonly string[],
  options: CallOptions,
): Promise<Survivor[]> {
  const asked = [...new Set(externalIds)];
  const living = await readSurvivors(api, object, { ids: asked, archived: false }, options);
  const missing = asked.filter((id) => !living.has(id));
  if (missing.length === 0) return [...living.values()];
  const archived = await readSurvivors(api, object, { ids: missing, archived: true }, options);
  return [...living.values(), ...archived.values()];
}

/** By the id that was merged away. */
async function readSurvivors(
  api: HubspotApi,
  object: HubspotObject,
  { ids, archived }: { ids: readonly string[]; archived: boolean },
  options: CallOptions,
): Promise<Map<string, Survivor>> {
  const { data } = await api.send(
    {
      operation: 'batch read',
      method: 'POST',
      path: `/crm/objects/${HUBSPOT_API_VERSION}/${objectPath(object)}/batch/read`,
      query: { archived: String(archived) },
      body: {
        inputs: ids.map((id) => ({ id })),
        properties: ['hs_merged_object_ids'],
        propertiesWithHistory: [],
      },
      schema: BatchAnswer,
      repeatable: true,
    },
    options,
  );
  const survivors = data.results.flatMap((record): Survivor[] => {
    const gone = mergedIds(record);
    return gone
      .filter((externalId) => ids.includes(externalId) && externalId !== record.id)
      .map((externalId) => ({ externalId, survivorId: record.id, mergedIds: gone }));
  });
  return new Map(survivors.map((survivor) => [survivor.externalId, survivor]));
}
