import { z } from 'zod';
import { Refusal, readJson } from './call.ts';
import type { Answer, Call } from './call.ts';
import { makeId, normalizeId } from './ids.ts';
import type { Org } from './org.ts';
import { findUpdatable, planUpdate, readFields } from './save.ts';
import { dataObjects } from './schema.ts';
import type { DataObject } from './schema.ts';
import { showValue } from './soql-run.ts';

const Values = z.record(z.string(), z.unknown());

const notFound = () => new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist');

/** The object that a path names; 404 when there is none that the user may see. */
export function openObject(org: Org, call: Call, name: string): DataObject {
  const object = dataObjects.find((each) => each.toLowerCase() === name.toLowerCase());
  if (object === undefined || !org.permissions.mayReadObject(call.user, object)) throw notFound();
  return object;
}

// IMF-fixdate, the only form that the platform takes (RFC 9110 §5.6.7).
const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The second after which a change refuses the update; null: no condition was sent. */
function readCondition(call: Call): number | null {
  const header = call.headers['if-unmodified-since'];
  if (header === undefined) return null;
  const at = HTTP_DATE.test(header) ? Date.parse(header) : Number.NaN;
  if (Number.isNaN(at))
    throw new Refusal(400, 'INVALID_HEADER', `If-Unmodified-Since is not an HTTP date: ${header}`);
  return at;
}

/** PATCH /sobjects/OBJECT/ID: one row, if it was not modified after If-Unmodified-Since (whole seconds). */
export function updateRow(org: Org, call: Call, objectName: string, id: string): Answer {
  const object = openObject(org, call, objectName);
  const body = Values.safeParse(readJson(call));
  if (!body.success) throw new Refusal(400, 'JSON_PARSER_ERROR', 'The request body must be one object');
  if (Object.keys(body.data).some((name) => name.toLowerCase() === 'id'))
    throw new Refusal(400, 'INVALID_FIELD', 'The Id field should not be specified in the sobject data.');
  const condition = readCondition(call);
  const fields = readFields(org, call.user, object, body.data);
  const row = findUpdatable(org, call.user, object, id);
  if (condition !== null && Date.parse(row.modifiedAt) > condition)
    throw new Refusal(412, 'PRECONDITION_FAILED', 'The record was modified after If-Unmodified-Since');
  org.record([planUpdate(org, call.user, object, id, fields, call.headers)]);
  return { status: 204, operation: 'row update' };
}

/** GET /sobjects/OBJECT/ID with optional ?fields=. */
export function readRow(org: Org, call: Call, objectName: string, id: string): Answer {
  const object = openObject(org, call, objectName);
  const full = normalizeId(id);
  const row = full === null ? undefined : org.find(full);
  if (row === undefined || row.object !== object || row.deleted) throw notFound();
  const asked = call.query.get('fields')?.split(',');
  const names = asked ?? [...org.fields(object).values()].map((field) => field.name);
  const shown: Record<string, unknown> = {
    attributes: { type: object, url: `/services/data/${call.version}/sobjects/${object}/${row.id}` },
  };
  for (const name of names) {
    const field = org.visibleField(call.user, object, name);
    if (field !== undefined) shown[field.name] = showValue(field, org.value(row, field.name));
    else if (asked !== undefined)
      throw new Refusal(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object}`);
  }
  const lastModified = new Date(row.modifiedAt).toUTCString();
  return { status: 200, json: shown, headers: { 'last-modified': lastModified }, operation: 'row read' };
}

const Assignment = z.object({ PermissionSetId: z.string(), AssigneeId: z.string() });

/** POST /sobjects/PermissionSetAssignment: gives a permission set to a user; administrators only. */
export function assignPermissionSet(org: Org, call: Call): Answer {
  if (call.user.role !== 'administrator')
    throw new Refusal(
      403,
      'INSUFFICIENT_ACCESS_OR_READONLY',
      'insufficient access rights on cross-reference id',
    );
  const body = Assignment.safeParse(readJson(call));
  if (!body.success)
    throw new Refusal(
      400,
      'REQUIRED_FIELD_MISSING',
      'Required fields are missing: [PermissionSetId, AssigneeId]',
    );
  const set = org.permissions.sets().find((each) => each.id === normalizeId(body.data.PermissionSetId));
  const user = org.people.byId(normalizeId(body.data.AssigneeId) ?? '');
  if (set === undefined || user === undefined)
    throw new Refusal(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id');
  if (set.assignees.has(user.id))
    throw new Refusal(400, 'DUPLICATE_VALUE', 'Duplicate PermissionSetAssignment. Assignee, permission set.');
  org.record([{ type: 'assign', set: set.name, user: user.id }]);
  const id = makeId('PermissionSetAssignment', `${set.id}:${user.id}`);
  return { status: 201, json: { id, success: true, errors: [] }, operation: 'permission set assign' };
}
