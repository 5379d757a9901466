import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition, FieldKey, FieldValue } from '../crm-fields.ts';
import type { FindUnfit, Refusal } from '../crm.ts';
import type { DescribedField, ObjectDescription } from './describe.ts';

/** Our types as the describe call names them. */
export const describeTypes: Readonly<Record<FieldDefinition['type'], string>> = {
  number: 'double',
  text: 'string',
  'long-text': 'textarea',
  picklist: 'picklist',
  url: 'url',
  datetime: 'datetime',
};

// What the JSON of a value must be, by the type of the describe call (SOAP API guide, "Field Types"); all others take text.
const NUMBERS = new Set(['double', 'int', 'long', 'currency', 'percent']);
const NO_TEXT = new Set([...NUMBERS, 'boolean', 'date', 'datetime', 'time', 'base64']);
const SHOWN_CHARACTERS = 255;

type Narrowed = { definition: FieldDefinition; found: DescribedField; wrongType: Refusal | null };

/**
 * What an org would refuse since an administrator changed fields of ours; null: all take what they were made for. Of a value whose JSON has the
 * wrong type the platform refuses the whole request, with all records in it (JSON_PARSER_ERROR): that must never be sent.
 */
export function openUnfit({ fields }: ObjectDescription): FindUnfit | null {
  const narrowed = new Map<FieldKey, Narrowed>();
  for (const definition of FIELDS) {
    const found = fields.get(definition.salesforceName);
    if (found === undefined) continue;
    const wrongType = refuseOtherType(definition, found);
    if (wrongType !== null || isNarrower(definition, found))
      narrowed.set(definition.key, { definition, found, wrongType });
  }
  if (narrowed.size === 0) return null;
  return (field, value, restores) => {
    const known = narrowed.get(field);
    if (known === undefined || value === null) return null;
    if (known.wrongType !== null) return known.wrongType;
    return restores ? null : refuseValue(known.found, value);
  };
}

function refuseOtherType({ type, label }: FieldDefinition, found: DescribedField): Refusal | null {
  const takesText = !NO_TEXT.has(found.type);
  const takesIt =
    type === 'number' ? NUMBERS.has(found.type) : takesText || (type === 'datetime' && found.type === type);
  return takesIt
    ? null
    : { code: 'WRONG_TYPE', message: `${label} is ${found.type}, must be ${describeTypes[type]}` };
}

const listActive = (found: DescribedField): (string | null)[] =>
  found.picklistValues.flatMap(({ value, active }) => (active ? value : []));
const isRestricted = (found: DescribedField): boolean =>
  found.type === 'picklist' && found.restrictedPicklist;

/** It would show our lines run together, and what it makes of an ampersand looks like somebody's edit. */
const isRich = ({ type, htmlFormatted }: DescribedField): boolean => type === 'textarea' && htmlFormatted;

function isNarrower({ length, values }: FieldDefinition, found: DescribedField): boolean {
  if ((length !== undefined && found.length < length) || isRich(found)) return true;
  const active = listActive(found);
  return isRestricted(found) && (values ?? [null]).some((value) => !active.includes(value));
}

function refuseValue(found: DescribedField, value: Exclude<FieldValue, null>): Refusal | null {
  if (typeof value === 'number') return null;
  const { label, length } = found;
  if (isRich(found)) return { code: 'WRONG_TYPE', message: `${label} is rich text, must be plain` };
  if (isRestricted(found))
    return listActive(found).includes(value)
      ? null
      : {
          code: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
          message: `${label}: bad value for restricted picklist field: ${value.slice(0, SHOWN_CHARACTERS)}`,
        };
  if (length === 0 || value.length <= length) return null;
  // Without the value, which the platform repeats: so all records for which it is too long have one reason.
  return { code: 'STRING_TOO_LONG', message: `${label}: data value too large (max length=${length})` };
}
