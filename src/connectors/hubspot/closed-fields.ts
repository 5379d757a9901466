import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { ClosedFields, FieldValues } from '../crm.ts';
import type { HubspotApi } from './api.ts';
import { objectPath } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { readPropertiesOf } from './properties.ts';

// An administrator may put right at any moment what is wrong with our properties.
const KNOWN_FOR_MS = 30_000;

/** Which of our fields cannot be written. Asks the account only when an answer leaves some of them out. */
export function createClosedFields(
  api: HubspotApi,
): (object: HubspotObject, records: readonly FieldValues[], options: CallOptions) => Promise<ClosedFields> {
  const kept = new Map<HubspotObject, { at: number; closed: ClosedFields }>();
  return async (object, records, options) => {
    // HubSpot answers null for an empty property that was asked for, and leaves out one that does not exist.
    if (records.every((values) => FIELDS.every(({ key }) => key in values))) return {};
    const known = kept.get(object);
    if (known !== undefined && performance.now() - known.at < KNOWN_FOR_MS) return known.closed;
    const closed = await findClosed(api, object, options);
    if (closed !== null) kept.set(object, { at: performance.now(), closed });
    return closed ?? {};
  };
}

async function findClosed(
  api: HubspotApi,
  object: HubspotObject,
  options: CallOptions,
): Promise<ClosedFields | null> {
  try {
    const there = await readPropertiesOf(api, object, options);
    return Object.fromEntries(
      FIELDS.filter(({ hubspotName }) => !there.has(hubspotName)).map(({ key, hubspotName }) => [
        key,
        {
          code: 'PROPERTY_DOESNT_EXIST',
          message: `Property "${hubspotName}" does not exist on ${objectPath(object)}`,
        },
      ]),
    );
  } catch (error) {
    // A token that may not look at properties, a day whose calls are used up: the write itself will tell.
    if (error instanceof ProviderError) return null;
    throw error;
  }
}
