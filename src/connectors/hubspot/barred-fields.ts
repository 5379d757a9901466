import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { ClosedFields, CurrentRecord, FieldValues } from '../crm.ts';
import type { HubspotApi } from './api.ts';
import { objectPath } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { openUnfit } from './find-unfit.ts';
import { readPropertiesOf } from './properties.ts';
import type { ApiProperty } from './shapes.ts';

// What an administrator changes of a sound property shows after this long, or at once where a read or a write fails over it.
const KNOWN_FOR_MS = 10 * 60_000;
// An administrator may put right at any moment what is wrong with our properties.
const BARRED_KNOWN_FOR_MS = 30_000;

/** What of our fields can't be written, or not with every value. */
export type Barred = Pick<CurrentRecord, 'closedFields' | 'findUnfit'>;

/** Asks the account what our properties take, as little as it can. */
export function createBarred(
  api: HubspotApi,
): (object: HubspotObject, records: readonly FieldValues[], options: CallOptions) => Promise<Barred> {
  const kept = new Map<HubspotObject, { at: number; barred: Barred }>();
  return async (object, records, options) => {
    if (records.length === 0) return {};
    const known = kept.get(object);
    // HubSpot answers null for an empty property that was asked for, and leaves out one that does not exist.
    const lacks = records.some((values) => FIELDS.some(({ key }) => !(key in values)));
    if (known !== undefined && lacks === isMissing(known.barred)) {
      const isBarred = Object.keys(known.barred).length > 0;
      if (performance.now() - known.at < (isBarred ? BARRED_KNOWN_FOR_MS : KNOWN_FOR_MS)) return known.barred;
    }
    const barred = await findBarred(api, object, options);
    kept.set(object, { at: performance.now(), barred });
    return barred;
  };
}

const MISSING = 'PROPERTY_DOESNT_EXIST';

const isMissing = ({ closedFields = {} }: Barred): boolean =>
  Object.values(closedFields).some(({ code }) => code === MISSING);

async function findBarred(api: HubspotApi, object: HubspotObject, options: CallOptions): Promise<Barred> {
  let there: Map<string, ApiProperty>;
  try {
    there = await readPropertiesOf(api, object, options);
  } catch (error) {
    // A token that may not look at properties, a day whose calls are used up: the write itself will tell.
    if (error instanceof ProviderError) return {};
    throw error;
  }
  const closed: ClosedFields = {};
  for (const { key, hubspotName } of FIELDS) {
    const found = there.get(hubspotName);
    if (found === undefined)
      closed[key] = {
        code: MISSING,
        message: `Property "${hubspotName}" does not exist on ${objectPath(object)}`,
      };
    else if (found.modificationMetadata?.readOnlyValue === true)
      closed[key] = {
        code: 'READ_ONLY_VALUE',
        message: `"${hubspotName}" is a read only property; its value cannot be set`,
      };
  }
  const findUnfit = openUnfit(there);
  return {
    ...(Object.keys(closed).length > 0 ? { closedFields: closed } : {}),
    ...(findUnfit === null ? {} : { findUnfit }),
  };
}
