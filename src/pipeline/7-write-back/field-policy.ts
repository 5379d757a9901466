import type { FieldKey } from '../../connectors/crm-fields.ts';
import type { FieldPolicy } from '../store/connection-settings.ts';

export type { FieldPolicy } from '../store/connection-settings.ts';

/** Per field; a field without one is `ours-until-edited`. */
export type FieldPolicies = Partial<Record<FieldKey, FieldPolicy>>;

export const policyOf = (policies: FieldPolicies | undefined, field: FieldKey): FieldPolicy =>
  policies?.[field] ?? 'ours-until-edited';
