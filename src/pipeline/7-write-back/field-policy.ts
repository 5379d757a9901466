import type { FieldKey } from '../../connectors/crm-fields.ts';

/**
 * When a field may be written.
 * - `ours-until-edited`: while it holds what we left there, or is empty and was never ours (the default)
 * - `fill-if-empty`: only into an empty field that was never ours
 * - `always`: whatever it holds; what it held is kept in the audit log
 * - `never`
 */
export type FieldPolicy = 'ours-until-edited' | 'fill-if-empty' | 'always' | 'never';

/** Per field; a field without one is `ours-until-edited`. */
export type FieldPolicies = Partial<Record<FieldKey, FieldPolicy>>;

export const policyOf = (policies: FieldPolicies | undefined, field: FieldKey): FieldPolicy =>
  policies?.[field] ?? 'ours-until-edited';
