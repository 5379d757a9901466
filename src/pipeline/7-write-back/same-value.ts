import { FIELDS } from '../../connectors/crm-fields.ts';
import type { FieldDefinition, FieldKey, FieldValue } from '../../connectors/crm-fields.ts';

const definitions = new Map<string, FieldDefinition>(FIELDS.map((field) => [field.key, field]));

/** The definition of one of our own fields. Throws for anything else: nothing but our own fields is ever touched. */
export function fieldDefinition(field: string): FieldDefinition {
  const definition = definitions.get(field);
  if (definition === undefined) throw new Error(`"${field}" is no field of ours`);
  return definition;
}

// What a CRM does to any text on saving without meaning anything by it: line ends, blank ends, empty for nothing.
function fold(field: FieldKey, value: FieldValue | undefined): string | number | null {
  if (value === null || value === undefined) return null;
  const { type } = fieldDefinition(field);
  const text = String(value).replaceAll('\0', '').toWellFormed().replace(/\r\n?/g, '\n').trim();
  if (text === '') return null;
  if (type === 'number') return Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === 'datetime') return Number.isNaN(Date.parse(text)) ? text : Date.parse(text);
  return text;
}

/** True when both say the same in that field: empty is empty, numbers and instants by their value, text but for its ends. */
export function sameValue(
  field: FieldKey,
  one: FieldValue | undefined,
  other: FieldValue | undefined,
): boolean {
  return fold(field, one) === fold(field, other);
}

export const isEmpty = (field: FieldKey, value: FieldValue | undefined): boolean =>
  fold(field, value) === null;

// Salesforce number fields keep up to 18 decimals; ours have far fewer.
const MOST_DECIMALS = 6;

/**
 * True when `held` is what a CRM may make of `sent` on saving: rounded numbers, instants without milliseconds, text with
 * other white space or another Unicode form, an address in its canonical form.
 */
export function couldHaveBecome(field: FieldKey, sent: FieldValue, held: FieldValue | undefined): boolean {
  if (sameValue(field, sent, held)) return true;
  const [before, after] = [fold(field, sent), fold(field, held)];
  if (before === null || after === null) return false;
  const { type } = fieldDefinition(field);
  if (typeof before === 'number' && typeof after === 'number') {
    if (type === 'datetime') return Math.abs(before - after) < 1000;
    for (let decimals = 0; decimals <= MOST_DECIMALS; decimals += 1)
      if (Math.abs(before - after) <= 0.5 / 10 ** decimals && after === round(after, decimals)) return true;
    return false;
  }
  if (type === 'url')
    return URL.parse(String(before))?.href === (URL.parse(String(after))?.href ?? String(after));
  const loosen = (value: string | number): string =>
    String(value).normalize('NFC').replace(/\s+/g, ' ').trim();
  return type !== 'picklist' && loosen(before) === loosen(after);
}

function round(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
