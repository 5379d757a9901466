import { Refusal } from './call.ts';
import type { Call, TwinUser } from './call.ts';
import type { OrgEvent } from './events.ts';
import { normalizeId } from './ids.ts';
import type { SalesforceValue } from './options.ts';
import type { Org } from './org.ts';
import type { Row } from './rows.ts';
import { keyPrefixes } from './schema.ts';
import type { DataObject, Field } from './schema.ts';
import { checkFieldValue, readFieldValue } from './values.ts';

const DEFAULT_LEAD_OWNER = 'rep:Default Lead Owner';

/** Fields by their own names, types read, not yet checked against the row. */
export type ReadFields = { field: Field; value: SalesforceValue }[];

/**
 * Reads the fields of an update. Columns that do not exist refuse the row; JSON of the wrong type refuses the whole
 * request (JSON_PARSER_ERROR), so the caller tells them apart by code.
 */
export function readFields(
  org: Org,
  user: TwinUser,
  object: DataObject,
  values: Readonly<Record<string, unknown>>,
): ReadFields {
  const read: ReadFields = [];
  const forbidden: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (name === 'attributes') continue;
    const field = org.visibleField(user, object, name);
    if (field === undefined)
      throw new Refusal(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object}`);
    if (!org.permissions.mayEdit(user, object, field)) forbidden.push(field.name);
    read.push({ field, value: readFieldValue(field, value) });
  }
  if (forbidden.length > 0)
    throw new Refusal(
      400,
      'INVALID_FIELD_FOR_INSERT_UPDATE',
      `Unable to create/update fields: ${forbidden.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
      forbidden,
    );
  return read;
}

/** The row an id names, if it can be updated at all. */
export function findUpdatable(org: Org, user: TwinUser, object: DataObject, id: string): Row {
  const full = normalizeId(id);
  if (full === null || !full.startsWith(keyPrefixes[object]))
    throw new Refusal(400, 'MALFORMED_ID', `${object} ID: id value of incorrect type: ${id}`, ['Id']);
  const row = org.find(full);
  if (row === undefined)
    throw new Refusal(404, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', []);
  if (row.deleted) throw new Refusal(404, 'ENTITY_IS_DELETED', 'entity is deleted', []);
  if (!org.permissions.mayEditObject(user, object))
    throw new Refusal(403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id', []);
  if (row.locked === 'row')
    throw new Refusal(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record', []);
  if (row.locked === 'approval')
    throw new Refusal(400, 'ENTITY_IS_LOCKED', 'the entity is locked for editing', []);
  if (row.values.IsConverted === true)
    throw new Refusal(400, 'CANNOT_UPDATE_CONVERTED_LEAD', 'cannot reference converted lead', []);
  return row;
}

/** Checks one update and returns the event that makes it happen; nothing has changed yet. */
export function planUpdate(
  org: Org,
  user: TwinUser,
  object: DataObject,
  id: string,
  fields: ReadFields,
  headers: Call['headers'],
): OrgEvent {
  const row = findUpdatable(org, user, object, id);
  const values: Record<string, SalesforceValue> = {};
  for (const { field, value } of fields) values[field.name] = checkFieldValue(field, value);
  // After the platform's own checks; they look at the whole row as it would be, whoever saves it and whatever changes.
  for (const rule of org.rules(object)) {
    const would = rule.field in values ? values[rule.field] : org.value(row, rule.field);
    if (would === null || would === undefined)
      throw new Refusal(
        400,
        'FIELD_CUSTOM_VALIDATION_EXCEPTION',
        rule.message,
        rule.at === null ? [] : [rule.at],
      );
  }
  refuseDuplicates(org, row, values, allowsSave(headers));
  if (object === 'Lead' && assigns(headers)) values.OwnerId = org.people.idOf(DEFAULT_LEAD_OWNER);
  return { type: 'update', at: org.now(), by: user.author, id: row.id, values };
}

/**
 * Do assignment rules run? They do on each update of a lead through REST, whichever fields it carries, unless the caller says no (REST API
 * guide, "Assignment Rule Header"). Here as in an org whose rules have no entry for such a lead: it goes to the default owner.
 */
function assigns(headers: Call['headers']): boolean {
  return !/^\s*false\s*$/i.test(String(headers['sforce-auto-assign'] ?? ''));
}

/** Did the caller acknowledge alerts beforehand? (REST API guide, "Duplicate Rule Header"; false unless it says so.) */
function allowsSave(headers: Call['headers']): boolean {
  return /(^|[;,\s])allowSave\s*=\s*true\b/i.test(String(headers['sforce-duplicate-rule-header'] ?? ''));
}

/** Duplicate rules look at each update, whichever fields it carries; an alert may be saved past, a block never. */
function refuseDuplicates(
  org: Org,
  row: Row,
  values: Readonly<Record<string, SalesforceValue>>,
  acknowledged: boolean,
): void {
  for (const { field, onSave, message } of org.duplicateRules(row.object)) {
    if (onSave === 'alert' && acknowledged) continue;
    const own = field in values ? values[field] : org.value(row, field);
    const isLike = (other: Row): boolean =>
      other.id !== row.id && !other.deleted && own !== null && org.value(other, field) === own;
    if (org.rows(row.object).some(isLike)) throw new Refusal(400, 'DUPLICATES_DETECTED', message, []);
  }
}
