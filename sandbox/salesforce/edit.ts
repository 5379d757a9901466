import { z } from 'zod';
import { planConversion } from './convert.ts';
import { CustomField, duplicateRule, leadMapping, validationRule } from './events.ts';
import type { OrgEvent } from './events.ts';
import { makeId, normalizeId } from './ids.ts';
import type { SalesforceValue } from './options.ts';
import type { Org } from './org.ts';
import type { Row } from './rows.ts';
import { dataObjects } from './schema.ts';
import { taskStart } from './tasks.ts';
import type { DataObject } from './schema.ts';
import { checkFieldValue, readFieldValue } from './values.ts';

const author = z
  .string()
  .regex(/^(rep:.+|integration|administrator)$/, 'as: send "rep:NAME", "integration" or "administrator"');
const object = z.enum(dataObjects);
const fields = z.record(z.string(), z.unknown());
const record = { as: author, id: z.string() };

const Edit = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.literal('update'), ...record, object: object.optional(), fields }),
  z.strictObject({ operation: z.literal('create'), as: author, object, records: z.array(fields).min(1) }),
  z.strictObject({ operation: z.literal('delete'), ...record }),
  z.strictObject({ operation: z.literal('undelete'), ...record }),
  z.strictObject({ operation: z.literal('merge'), as: author, winner: z.string(), loser: z.string() }),
  z.strictObject({ operation: z.literal('convert'), ...record, accountId: z.string().optional() }),
  /** Says which custom fields of a lead its conversion copies, and where to; takes the place of what was said before. */
  z.strictObject({ operation: z.literal('map lead fields'), as: author, map: z.array(leadMapping) }),
  z.strictObject({
    operation: z.literal('lock'),
    ...record,
    how: z.enum(['row', 'approval']).default('row'),
  }),
  z.strictObject({ operation: z.literal('unlock'), ...record }),
  z.strictObject({ operation: z.literal('revoke'), as: author, rights: z.array(z.string()) }),
  /** Deactivates a user (as authors are named), who keeps what they own. */
  z.strictObject({ operation: z.literal('deactivate'), as: author, user: author }),
  /** Makes a permission set group of these sets, and gives it to these users (as authors are named). */
  z.strictObject({
    operation: z.literal('group permission sets'),
    as: author,
    name: z.string(),
    sets: z.array(z.string()),
    to: z.array(author),
  }),
  /** Makes a validation rule: `field` must be filled. */
  z.strictObject({ operation: z.literal('rule'), as: author, ...validationRule.shape }),
  z.strictObject({ operation: z.literal('drop rule'), as: author, object, name: z.string() }),
  z.strictObject({
    operation: z.literal('duplicate rules'),
    as: author,
    rules: z.array(duplicateRule),
  }),
  /** Changes a custom field, as Setup does: its type, its length, whether its text is rich, or which values its picklist takes. */
  z.strictObject({
    operation: z.literal('alter field'),
    as: author,
    object,
    field: z.string(),
    type: CustomField.shape.type.optional(),
    length: z.number().int().min(1).optional(),
    rich: z.boolean().optional(),
    values: z.array(z.string()).min(1).optional(),
  }),
]);
type Edit = z.infer<typeof Edit>;

/**
 * Changes the org as a named person or integration, past field-level security (as an administrator's screens do) but
 * not past the fields' types and lengths. Without `operation` it is an update: `{ as, id, fields }`.
 * @throws Error saying what is wrong with the edit
 */
export function editOrg(org: Org, body: unknown): unknown {
  const isUpdate = typeof body === 'object' && body !== null && !('operation' in body);
  const parsed = Edit.safeParse(isUpdate ? { operation: 'update', ...body } : body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
  }
  const { events, answer } = plan(org, parsed.data);
  org.record(events);
  return answer;
}

function mustFind(org: Org, id: string): Row {
  const row = org.find(normalizeId(id) ?? '');
  if (row === undefined) throw new Error(`no record has the id ${id}`);
  return row;
}

function plan(org: Org, edit: Edit): { events: OrgEvent[]; answer: unknown } {
  const act = { at: org.now(), by: edit.as };
  switch (edit.operation) {
    case 'update': {
      const row = mustFind(org, edit.id);
      if (row.deleted) throw new Error(`${edit.id} is deleted`);
      const values = readValues(org, row.object, edit.fields);
      return { events: [{ type: 'update', ...act, id: row.id, values }], answer: { id: row.id } };
    }
    case 'create':
      return planCreate(org, edit);
    case 'delete':
    case 'undelete': {
      const { id } = mustFind(org, edit.id);
      return { events: [{ type: edit.operation, ...act, id }], answer: { id } };
    }
    case 'merge': {
      const winner = mustFind(org, edit.winner);
      const loser = mustFind(org, edit.loser);
      if (winner.object !== loser.object || winner.id === loser.id)
        throw new Error('merge takes two different records of one object');
      return {
        events: [{ type: 'merge', ...act, winner: winner.id, loser: loser.id }],
        answer: { id: winner.id },
      };
    }
    case 'convert':
      return planConversion(org, mustFind(org, edit.id), {
        by: edit.as,
        account: edit.accountId === undefined ? null : mustFind(org, edit.accountId),
      });
    case 'map lead fields':
      return planMapping(org, edit);
    case 'lock':
    case 'unlock': {
      const { id } = mustFind(org, edit.id);
      const locked = edit.operation === 'lock' ? edit.how : 'no';
      return { events: [{ type: 'lock', id, locked }], answer: { id, locked } };
    }
    case 'rule': {
      const { operation, as: _, ...rule } = edit;
      return { events: [{ type: operation, rule }], answer: rule };
    }
    case 'duplicate rules':
      return { events: [{ type: edit.operation, rules: edit.rules }], answer: edit.rules };
    case 'drop rule':
      return { events: [{ type: edit.operation, object: edit.object, name: edit.name }], answer: {} };
    case 'alter field':
      return planAlteration(org, edit);
    case 'group permission sets': {
      const { name, sets } = edit;
      const users = edit.to.map((who) => org.people.idOf(who));
      return { events: [{ type: 'permission set group', name, sets, users }], answer: { users } };
    }
    case 'deactivate':
      return { events: [{ type: 'deactivate', user: edit.user }], answer: { user: edit.user } };
    case 'revoke':
      return { events: [{ type: 'rights', revoked: edit.rights }], answer: { revoked: edit.rights } };
  }
}

function planMapping(org: Org, { map }: Extract<Edit, { operation: 'map lead fields' }>) {
  for (const { from, to } of map)
    for (const [name, field] of [
      ['Lead', from],
      [to.object, to.field],
    ] as const)
      if (org.fields(name).get(field.toLowerCase())?.custom !== true)
        throw new Error(`${name} has no custom field ${field}`);
  if (new Set(map.map(({ to }) => `${to.object} ${to.field}`)).size < map.length)
    throw new Error('a field takes the value of one field of a lead only');
  return { events: [{ type: 'lead mapping' as const, map }], answer: { map } };
}

function planAlteration(org: Org, edit: Extract<Edit, { operation: 'alter field' }>) {
  const found = org.fields(edit.object).get(edit.field.toLowerCase());
  if (found?.custom !== true) throw new Error(`${edit.object} has no custom field ${edit.field}`);
  const field = CustomField.parse({
    ...found,
    ...(edit.type === undefined ? {} : { type: edit.type }),
    ...(edit.rich === undefined ? {} : { rich: edit.rich }),
    ...(edit.length === undefined ? {} : { length: edit.length }),
    ...(edit.values === undefined ? {} : { values: edit.values }),
  });
  return { events: [{ type: 'field' as const, object: edit.object, field }], answer: field };
}

// What people cannot type but an import or the platform sets; edits may, so that tests can make such records.
const settable = new Set(['IsPersonAccount']);

function readValues(
  org: Org,
  name: DataObject,
  values: Readonly<Record<string, unknown>>,
): Record<string, SalesforceValue> {
  const read: Record<string, SalesforceValue> = {};
  for (const [key, value] of Object.entries(values)) {
    const field = org.fields(name).get(key.toLowerCase());
    if (field === undefined) throw new Error(`${name} has no field ${key}`);
    if (!field.updateable && !settable.has(field.name)) throw new Error(`${field.name} cannot be edited`);
    read[field.name] = checkFieldValue(field, readFieldValue(field, value));
  }
  return read;
}

function planCreate(org: Org, edit: Extract<Edit, { operation: 'create' }>) {
  const before = org.rows(edit.object).length;
  const at = org.now();
  const events = edit.records.map((values, index): OrgEvent => {
    const read = readValues(org, edit.object, values);
    for (const field of org.fields(edit.object).values())
      if (field.createable && !field.nillable && !(field.name in read) && !defaults.has(field.name))
        throw new Error(`${edit.object} needs ${field.name}`);
    const id = makeId(edit.object, `created:${before + index}`);
    const filled = { OwnerId: org.people.idOf(edit.as), ...startValues[edit.object], ...read };
    return { type: 'create', at, by: edit.as, object: edit.object, id, values: filled };
  });
  return { events, answer: { ids: events.flatMap((event) => ('id' in event ? [event.id] : [])) } };
}

const startValues: Readonly<Record<DataObject, Record<string, SalesforceValue>>> = {
  Account: {},
  Lead: { Status: 'Open - Not Contacted' },
  Contact: {},
  Opportunity: {},
  Task: taskStart,
};
// What the platform fills in where nobody says anything.
const defaults = new Set(['OwnerId', 'Status', 'Priority', 'HasOptedOutOfEmail']);
