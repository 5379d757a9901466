import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition, FieldKey, FieldValue } from '../crm-fields.ts';
import type { CrmObject, FieldValues } from '../crm.ts';

export type HubspotObject = 'company' | 'contact';

/** The property group that holds our fields. */
export const GROUP = { name: 'fieldnote', label: 'Fieldnote' } as const;

const byKey = new Map<string, FieldDefinition>(FIELDS.map((field) => [field.key, field]));
const byName = new Map<string, FieldDefinition>(FIELDS.map((field) => [field.hubspotName, field]));

export const ourProperties: readonly string[] = FIELDS.map((field) => field.hubspotName);

/** The object in HubSpot's paths. @throws Error for an object that HubSpot does not have */
export function objectPath(object: CrmObject): 'companies' | 'contacts' {
  if (object === 'company') return 'companies';
  if (object === 'contact') return 'contacts';
  throw new Error(`HubSpot has no ${object}`);
}

/** HubSpot's type and fieldType for one of our fields (properties guide, "Property type and fieldType values"). */
export function propertyType(field: FieldDefinition): { type: string; fieldType: string } {
  switch (field.type) {
    case 'number':
      return { type: 'number', fieldType: 'number' };
    case 'picklist':
      return { type: 'enumeration', fieldType: 'select' };
    case 'datetime':
      return { type: 'datetime', fieldType: 'date' };
    case 'long-text':
      return { type: 'string', fieldType: 'textarea' };
    case 'text':
    case 'url':
      return { type: 'string', fieldType: 'text' };
  }
}

/** What creates the property of one of our fields. */
export function describeProperty(field: FieldDefinition, displayOrder: number): Record<string, unknown> {
  const options = (field.values ?? []).map((value, place) => ({
    label: value,
    value,
    displayOrder: place,
    hidden: false,
  }));
  return {
    name: field.hubspotName,
    label: field.label,
    description: field.description,
    groupName: GROUP.name,
    displayOrder,
    ...propertyType(field),
    ...(options.length === 0 ? {} : { options }),
    formField: false,
    hasUniqueValue: false,
  };
}

export type FieldProblem = { key: FieldKey; message: string };

/**
 * Field values as HubSpot's properties: strings, empty to clear. Nothing but our own fields passes; what stood there before
 * (`restores`) passes unjudged.
 * @returns the properties, or the fields whose value HubSpot would not take
 * @throws Error for a key that is none of ours
 */
export function toProperties(
  fields: FieldValues,
  restores: readonly FieldKey[] = [],
): { properties: Record<string, string> } | { problems: FieldProblem[] } {
  const properties: Record<string, string> = {};
  const problems: FieldProblem[] = [];
  for (const [key, value] of Object.entries(fields)) {
    const field = byKey.get(key);
    if (field === undefined)
      throw new Error(`"${key}" is not one of Fieldnote's fields: it is never written`);
    if (value === undefined) continue;
    const problem = restores.includes(field.key) ? null : findProblem(field, value);
    if (problem === null) properties[field.hubspotName] = writeValue(field, value);
    else problems.push({ key: field.key, message: problem });
  }
  return problems.length > 0 ? { problems } : { properties };
}

function findProblem(field: FieldDefinition, value: FieldValue): string | null {
  if (value === null) return null;
  if (field.type === 'number')
    return typeof value === 'number' && Number.isFinite(value) ? null : `${field.label} takes a number`;
  if (typeof value !== 'string') return `${field.label} takes text`;
  if (field.type === 'picklist' && field.values?.includes(value) !== true)
    return `${field.label} takes one of ${field.values?.join(', ') ?? 'its options'}`;
  if (field.type === 'datetime' && Number.isNaN(Date.parse(value)))
    return `${field.label} takes an ISO date and time`;
  if (field.length !== undefined && value.length > field.length)
    return `${field.label} holds ${field.length} characters, not ${value.length}`;
  return null;
}

function writeValue(field: FieldDefinition, value: FieldValue): string {
  if (value === null) return '';
  return field.type === 'datetime' ? new Date(value).toISOString() : String(value);
}

/** Our fields among a record's properties, as values; what is empty is null. */
export function readFields(properties: Readonly<Record<string, string | null>>): FieldValues {
  const values: FieldValues = {};
  for (const field of FIELDS) {
    const stored = properties[field.hubspotName];
    if (stored !== undefined) values[field.key] = readValue(field, stored);
  }
  return values;
}

function readValue(field: FieldDefinition, stored: string | null): FieldValue {
  if (stored === null || stored === '') return null;
  if (field.type === 'number') {
    const number = Number(stored);
    return Number.isFinite(number) ? number : stored;
  }
  if (field.type !== 'datetime') return stored;
  // Milliseconds may be more than any calendar knows.
  const moment = /^\d+$/.test(stored) ? new Date(Number(stored)).getTime() : Date.parse(stored);
  return Number.isNaN(moment) ? stored : new Date(moment).toISOString();
}

/** Which of our fields a property is. */
export function fieldOfProperty(name: string): FieldKey | null {
  return byName.get(name)?.key ?? null;
}
