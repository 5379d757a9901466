import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldKey } from '../../connectors/crm-fields.ts';
import type { FieldPolicy, WritePolicies } from '../store/connection-settings.ts';

export type { FieldPolicy, WritePolicies } from '../store/connection-settings.ts';

/** When a field is written on an object: as set for that object, else as for all of them, else `ours-until-edited`. */
export function policyOf(
  policies: WritePolicies | undefined,
  object: CrmObject,
  field: FieldKey,
): FieldPolicy {
  // Nothing is ever written to Salesforce's contacts.
  const own = object === 'Contact' ? undefined : policies?.[object]?.[field];
  return own ?? policies?.[field] ?? 'ours-until-edited';
}
