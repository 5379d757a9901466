import { z } from 'zod';
import { Refusal, readJson } from './call.ts';
import type { Answer, Call } from './call.ts';
import { failed } from './collections.ts';
import type { RowResult } from './collections.ts';
import type { OrgEvent } from './events.ts';
import { makeId, normalizeId } from './ids.ts';
import type { SalesforceValue } from './options.ts';
import type { Org } from './org.ts';
import { findUpdatable, readFields } from './save.ts';
import { checkFieldValue } from './values.ts';

// sObject Collections: records per create or delete (REST API guide).
const MOST = 200;

/** What the platform fills in where nobody says anything. */
export const taskStart: Record<string, SalesforceValue> = { Status: 'Not Started', Priority: 'Normal' };

const Create = z.object({
  allOrNone: z.literal(false).default(false),
  records: z.array(z.looseObject({ attributes: z.object({ type: z.string() }) })),
});

/** POST /composite/sobjects: the sandbox creates tasks and nothing else this way. Results in input order, 201 or not. */
export function createTasks(org: Org, call: Call): Answer {
  const body = Create.safeParse(readJson(call));
  if (!body.success)
    throw new Refusal(400, 'JSON_PARSER_ERROR', 'records must be a list of objects with attributes.type');
  const { records } = body.data;
  if (records.length > MOST)
    throw new Refusal(400, 'LIMIT_EXCEEDED', `record limit reached. cannot submit more than ${MOST} records in a single request.`); // prettier-ignore
  const events: OrgEvent[] = [];
  const before = org.rows('Task').length;
  const results = records.map(({ attributes, ...values }, index): RowResult => {
    try {
      if (attributes.type !== 'Task')
        throw new Refusal(400, 'INVALID_TYPE', `The sandbox creates no ${attributes.type} this way`);
      const id = makeId('Task', `created:${before + index}`);
      events.push({ type: 'create', ...planTask(org, call, values), id });
      return { id, success: true, errors: [] };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code === 'JSON_PARSER_ERROR') throw error;
      return failed(error.code, error.message, error.fields);
    }
  });
  org.record(events);
  return { status: 200, json: results, operation: 'collections create', units: records.length };
}

function planTask(org: Org, call: Call, sent: Readonly<Record<string, unknown>>) {
  const { user } = call;
  if (!org.permissions.mayEditObject(user, 'Task'))
    throw new Refusal(403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id');
  const values: Record<string, SalesforceValue> = { ...taskStart };
  for (const { field, value } of readFields(org, user, 'Task', sent))
    values[field.name] = checkFieldValue(field, value);
  for (const name of ['WhoId', 'WhatId']) {
    const id = values[name];
    if (id === null || id === undefined) continue;
    const row = org.find(String(id));
    const fits = name === 'WhoId' ? ['Lead', 'Contact'] : ['Account', 'Opportunity'];
    if (row === undefined || !fits.includes(row.object))
      throw new Refusal(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [name]);
    if (row.deleted) throw new Refusal(400, 'ENTITY_IS_DELETED', 'entity is deleted', [name]);
  }
  // Object reference, Task.WhatId: it can't be named where WhoId is a lead.
  if (typeof values.WhoId === 'string' && values.WhoId.startsWith('00Q') && typeof values.WhatId === 'string')
    throw new Refusal(400, 'FIELD_INTEGRITY_EXCEPTION', 'Related To ID: a lead may have no related record', ['WhatId']); // prettier-ignore
  return {
    at: org.now(),
    by: user.author,
    object: 'Task' as const,
    values: { OwnerId: user.id, ...values },
  };
}

/** DELETE /composite/sobjects?ids=…&allOrNone=false: tasks and nothing else. Deleted rows stay for queryAll. */
export function deleteTasks(org: Org, call: Call): Answer {
  const ids = (call.query.get('ids') ?? '').split(',').filter((id) => id !== '');
  if (ids.length === 0) throw new Refusal(400, 'MISSING_ARGUMENT', 'ids is required');
  if (ids.length > MOST)
    throw new Refusal(400, 'LIMIT_EXCEEDED', `record limit reached. cannot submit more than ${MOST} records in a single request.`); // prettier-ignore
  const events: OrgEvent[] = [];
  const results = ids.map((id): RowResult => {
    try {
      const row = findUpdatable(org, call.user, 'Task', id);
      events.push({ type: 'delete', at: org.now(), by: call.user.author, id: row.id });
      return { id: normalizeId(id) ?? id, success: true, errors: [] };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return failed(error.code, error.message, error.fields);
    }
  });
  org.record(events);
  return { status: 200, json: results, operation: 'collections delete', units: ids.length };
}
