import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import { fieldDefinition } from './same-value.ts';

// Both numbers of ours are shares of a hundred, as their descriptions say.
const [LEAST, MOST] = [0, 100];

/** Why a value may not be sent to that field, in words for the audit log; null when it may. Empty is always right here. */
export function findFault(field: FieldKey, value: FieldValue): string | null {
  if (value === null) return null;
  const { type, length, values, label } = fieldDefinition(field);
  if (type === 'number') {
    if (typeof value !== 'number' || !Number.isFinite(value)) return `${label} takes a number`;
    return value < LEAST || value > MOST
      ? `${label} takes a number from ${LEAST} to ${MOST}, not ${value}`
      : null;
  }
  if (typeof value !== 'string') return `${label} takes text`;
  if (length !== undefined && value.length > length)
    return `${label} holds ${length} characters; this text has ${value.length}`;
  if (type === 'picklist' && !values?.includes(value))
    return `${label} takes one of ${values?.join(', ')}, not "${value.slice(0, 40)}"`;
  if (type === 'url' && !/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
    return `${label} takes a web address (http or https)`;
  if (type === 'datetime' && Number.isNaN(Date.parse(value)))
    return `${label} takes a moment in ISO 8601, not "${value.slice(0, 40)}"`;
  return null;
}
