import { Refusal } from './call.ts';
import { normalizeId } from './ids.ts';
import type { SalesforceValue } from './options.ts';
import type { Field } from './schema.ts';

function describeJson(value: unknown): string {
  if (typeof value === 'string') return `VALUE_STRING value ${value.slice(0, 80)}`;
  if (typeof value === 'number')
    return `VALUE_NUMBER_${Number.isInteger(value) ? 'INT' : 'FLOAT'} value ${value}`;
  if (typeof value === 'boolean') return `VALUE_${String(value).toUpperCase()}`;
  return Array.isArray(value) ? 'START_ARRAY' : 'START_OBJECT';
}

/** The JSON has the wrong type: the whole request is refused, not just the row. */
function wrongType(field: Field, value: unknown): Refusal {
  return new Refusal(
    400,
    'JSON_PARSER_ERROR',
    `Cannot deserialize instance of ${field.type} from ${describeJson(value)} or request may be missing a required field at [line:1, column:1]`,
  );
}

// ISO 8601 with a zone, as the REST API takes it.
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:?\d{2})$/;

// A rich text area keeps special characters as HTML has them, and counts them so (Salesforce help, "Rich Text Area Field Considerations").
const toHtml = (text: string): string => text.replaceAll(/&(?!\w+;)/g, '&amp;');

/** JSON value → what the platform would store, type alone: throws JSON_PARSER_ERROR. */
export function readFieldValue(field: Field, value: unknown): SalesforceValue {
  if (value === null) return null;
  switch (field.type) {
    case 'double':
    case 'int':
      if (typeof value !== 'number' || (field.type === 'int' && !Number.isInteger(value)))
        throw wrongType(field, value);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(field, value);
      return value;
    case 'datetime': {
      const at = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : Number.NaN;
      if (Number.isNaN(at)) throw wrongType(field, value);
      return `${new Date(at).toISOString().slice(0, 19)}.000Z`;
    }
    case 'date':
      if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) throw wrongType(field, value);
      return value;
    default: {
      if (typeof value !== 'string') throw wrongType(field, value);
      const plain = value.replaceAll('\r\n', '\n').trimEnd();
      const text = field.rich ? toHtml(plain) : plain;
      return text === '' ? null : text;
    }
  }
}

/** Rounds as the platform does on saving: half away from zero, at the field's scale. */
function roundTo(value: number, scale: number): number {
  const factor = 10 ** scale;
  const rounded = Math.round(Math.abs(value) * factor + Number.EPSILON * factor) / factor;
  return value < 0 ? -rounded : rounded;
}

/** Checks a value against its field; returns what is stored. Throws the row's refusal. */
export function checkFieldValue(field: Field, value: SalesforceValue): SalesforceValue {
  const refuse = (code: string, message: string): never => {
    throw new Refusal(400, code, `${field.label}: ${message}`, [field.name]);
  };
  if (value === null) {
    if (!field.nillable)
      throw new Refusal(400, 'REQUIRED_FIELD_MISSING', `Required fields are missing: [${field.name}]`, [
        field.name,
      ]);
    return null;
  }
  if (typeof value === 'number' && field.type === 'double') {
    const rounded = roundTo(value, field.scale);
    if (Math.abs(rounded) >= 10 ** (field.precision - field.scale))
      refuse('NUMBER_OUTSIDE_VALID_RANGE', `value outside of valid range on numeric field: ${value}`);
    return rounded;
  }
  if (typeof value === 'number' && Math.abs(value) > 2_147_483_647)
    refuse('NUMBER_OUTSIDE_VALID_RANGE', `value outside of valid range on numeric field: ${value}`);
  if (typeof value !== 'string') return value;
  if (field.type === 'reference') {
    const id = normalizeId(value);
    if (id === null) return refuse('MALFORMED_ID', `id value of incorrect type: ${value}`);
    return id;
  }
  if (field.type === 'picklist' && field.restricted && !field.values.includes(value))
    refuse('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', `bad value for restricted picklist field: ${value}`);
  if (field.type === 'email' && !/^[^\s@]+@[^\s@]+$/.test(value))
    refuse('INVALID_EMAIL_ADDRESS', `invalid email address: ${value}`);
  if (field.length > 0 && value.length > field.length)
    refuse(
      'STRING_TOO_LONG',
      `data value too large: ${value.slice(0, 255)}${value.length > 255 ? '...' : ''} (max length=${field.length})`,
    );
  return value;
}
