import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition, FieldKey, FieldValue } from '../crm-fields.ts';
import type { FindUnfit, Refusal } from '../crm.ts';
import { propertyType } from './fields.ts';
import type { ApiProperty } from './shapes.ts';

// Types into which no text goes (properties guide, "Property type and fieldType values"). What goes into a number or a moment goes into a
// text as well; of any other type the write itself will tell.
const NO_TEXT = new Set(['number', 'bool', 'date', 'datetime']);
const SHOWN_CHARACTERS = 255;

/**
 * What an account would refuse since an administrator changed properties of ours; null: all take what they were made for. HubSpot refuses a
 * whole batch for one such value and does not say whose it was: a hundred of them would take two hundred calls.
 */
export function openUnfit(properties: ReadonlyMap<string, ApiProperty>): FindUnfit | null {
  const changed = new Map<FieldKey, { definition: FieldDefinition; found: ApiProperty }>();
  for (const definition of FIELDS) {
    const found = properties.get(definition.hubspotName);
    if (found !== undefined && (hasOtherType(definition, found) || lacksOptions(definition, found)))
      changed.set(definition.key, { definition, found });
  }
  if (changed.size === 0) return null;
  return (field, value, restores) => {
    const known = changed.get(field);
    if (known === undefined || value === null) return null;
    const { definition, found } = known;
    if (!hasOtherType(definition, found)) return restores ? null : refuseOption(found, value);
    const message = `${definition.label} is ${found.type}, must be ${propertyType(definition).type}`;
    return { code: 'WRONG_TYPE', message };
  };
}

function hasOtherType(definition: FieldDefinition, { type }: ApiProperty): boolean {
  return NO_TEXT.has(type) && type !== propertyType(definition).type;
}

/** Without options of its own it takes those of elsewhere, which are not shown. */
function lacksOptions({ values }: FieldDefinition, { type, options }: ApiProperty): boolean {
  if (type !== 'enumeration' || options.length === 0) return false;
  return values === undefined || values.some((value) => !options.some((option) => option.value === value));
}

function refuseOption({ options }: ApiProperty, value: Exclude<FieldValue, null>): Refusal | null {
  const text = String(value);
  if (options.some((option) => option.value === text)) return null;
  const allowed = options.map((option) => option.value).join(', ');
  const message = `${text.slice(0, SHOWN_CHARACTERS)} was not one of the allowed options: [${allowed}]`;
  return { code: 'INVALID_OPTION', message };
}
