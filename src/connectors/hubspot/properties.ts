import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { CrmField, ObjectPlan } from '../crm-reading.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';
import { objectPath, ourProperties } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { PropertyList } from './shapes.ts';
import type { ApiProperty } from './shapes.ts';

/** The properties of an object, as the account says now. */
export async function readPropertiesOf(
  api: HubspotApi,
  object: HubspotObject,
  options: CallOptions,
): Promise<Map<string, ApiProperty>> {
  const request = {
    operation: 'properties',
    method: 'GET' as const,
    path: `/crm/properties/${HUBSPOT_API_VERSION}/${objectPath(object)}`,
    schema: PropertyList,
    repeatable: true,
  };
  const { data } = await api.send(request, options);
  return new Map(data.results.map((property) => [property.name, property]));
}

// Property types (properties guide, "Property type and fieldType values").
const KINDS: Readonly<Record<string, CrmField['kind']>> = {
  string: 'text',
  enumeration: 'text',
  phone_number: 'text',
  number: 'number',
  bool: 'yes-no',
  date: 'date',
  datetime: 'date',
};

/** Every property of an object, for those who map them, but for our own: results of ours tell nothing of a company. */
export async function listFields(
  api: HubspotApi,
  object: HubspotObject,
  options: CallOptions,
): Promise<CrmField[]> {
  const properties = await readPropertiesOf(api, object, options);
  return [...properties.values()].flatMap(({ name, label, type }) =>
    ourProperties.includes(name) ? [] : { name, label, kind: KINDS[type] ?? 'other', platformType: type },
  );
}

/**
 * HubSpot answers a read of a property that is not there as if it were empty: every record would seem to have lost its value.
 * @throws ProviderError of kind refused that names the property
 */
export async function requireProperties(
  api: HubspotApi,
  plan: ObjectPlan<HubspotObject>,
  options: CallOptions,
): Promise<void> {
  if (plan.asked.size === 0) return;
  const properties = await readPropertiesOf(api, plan.object, options);
  for (const [name, use] of plan.asked)
    if (!properties.has(name))
      throw new ProviderError({
        provider: 'hubspot',
        operation: 'properties',
        kind: 'refused',
        message: `there is no ${plan.object} property ${name}, and the connection's settings name it (${use})`,
        fix: 'map another one: fieldnote connect hubspot --set FILE',
      });
}
