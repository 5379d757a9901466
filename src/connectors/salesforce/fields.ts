import { z } from 'zod';
import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition, FieldKey, FieldValue } from '../crm-fields.ts';
import type { CrmObject, FieldValues } from '../crm.ts';

export type SalesforceObject = 'Account' | 'Lead' | 'Contact';

/** The port's objects that Salesforce has. */
export function asSalesforceObject(object: CrmObject): SalesforceObject {
  if (object === 'Account' || object === 'Lead' || object === 'Contact') return object;
  throw new Error(`Salesforce has no ${object}`);
}

/** Objects that carry our fields. */
export const writeObjects = ['Account', 'Lead'] as const;
export const readObjects = ['Account', 'Lead', 'Contact'] as const;

const byKey: ReadonlyMap<string, FieldDefinition> = new Map(FIELDS.map((field) => [field.key, field]));
const byName: ReadonlyMap<string, FieldKey> = new Map(
  FIELDS.map((field) => [field.salesforceName, field.key]),
);

/** The allow-list: nothing but our own fields leaves this connector. */
export function definitionOf(key: string): FieldDefinition {
  const definition = byKey.get(key);
  if (definition === undefined)
    throw new Error(`"${key}" is not one of Fieldnote's fields; it is never written`);
  return definition;
}

/** Platform names in an error → ours; others are left out. */
export function keysOf(names: readonly string[]): FieldKey[] {
  return names.flatMap((name) => byName.get(name) ?? []);
}

// Score and confidence as Number(5, 2): up to 999.99, so that a decimal survives the platform's rounding.
export const NUMBER_PRECISION = 5;
export const NUMBER_SCALE = 2;

/** Why a value has the wrong type for its field, which would refuse a whole batch; null when it has not. */
export function refuseType({ type, label }: FieldDefinition, value: FieldValue): string | null {
  if (value === null) return null;
  if (type === 'number')
    return typeof value === 'number' && Number.isFinite(value) ? null : `${label}: not a number`;
  if (typeof value !== 'string') return `${label}: not text`;
  if (type === 'datetime' && !INSTANT.safeParse(value).success) return `${label}: not an ISO instant`;
  return null;
}

/** Why a value cannot be stored in its field; null when it can. */
export function refuseValue(definition: FieldDefinition, value: FieldValue): string | null {
  const wrongType = refuseType(definition, value);
  if (wrongType !== null || value === null) return wrongType;
  const { label, length, values } = definition;
  if (typeof value === 'number')
    return Math.abs(value) < 10 ** (NUMBER_PRECISION - NUMBER_SCALE)
      ? null
      : `${label}: ${value} is out of range`;
  if (length !== undefined && value.length > length)
    return `${label}: ${value.length} characters, the field holds ${length}`;
  if (values !== undefined && !values.includes(value)) return `${label}: "${value}" is not in the picklist`;
  return null;
}

const INSTANT = z.iso.datetime({ offset: true });

// How the REST API (+0000) and bulk results (Z) write instants; taken as they are, since parsing dates is most of the cost of reading
// a row.
const USUAL_INSTANT =
  /^\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}(?:\+0000|Z)$/;
const INSTANT_LENGTH = '2026-01-05T08:00:00.000'.length;

/** `2026-01-05T08:00:00.000+0000` → `2026-01-05T08:00:00.000Z`; null when it is no instant. */
export function readInstant(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (USUAL_INSTANT.test(value)) return `${value.slice(0, INSTANT_LENGTH)}Z`;
  const at = Date.parse(value.replace(/\+0000$/, 'Z'));
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

/** Text without NULs, which a CRM cannot hold but a broken answer can; empty is null. */
export function readText(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = value.includes('\0') ? value.replaceAll('\0', '') : value;
  return text === '' ? null : text;
}

/** Our own fields of a row, as plain values; only fields that the row carries. */
export function readOurs(row: Readonly<Record<string, unknown>>): FieldValues {
  const ours: FieldValues = {};
  for (const { key, type, salesforceName } of FIELDS) {
    if (!(salesforceName in row)) continue;
    const raw = row[salesforceName];
    // In a field that an administrator made with another type anything may stand: it is not empty for that.
    if (type === 'number') ours[key] = typeof raw === 'number' ? raw : readText(raw);
    else if (type === 'datetime') ours[key] = readInstant(raw) ?? readText(raw);
    else ours[key] = readText(raw)?.replaceAll('\r\n', '\n') ?? null;
  }
  return ours;
}
