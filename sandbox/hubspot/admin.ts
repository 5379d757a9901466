import { z } from 'zod';
import type { Author } from './events.ts';
import { mergeRecords } from './merge.ts';
import { BATCH_FORMS } from './portal.ts';
import type { Portal } from './portal.ts';
import type { HistoryEntry, TwinRecord } from './records.ts';
import { createRecord } from './routes-write.ts';
import { findObjectType, objectTypes } from './schema.ts';
import type { ObjectType } from './schema.ts';
import { userIdOf } from './user-ids.ts';
import { checkValue } from './values.ts';

const As = z
  .string()
  .regex(
    /^((rep|integration):.+|integration|administrator)$/,
    'send "rep:NAME", "administrator", "integration" (our own app) or "integration:NAME"',
  );
const target = { as: As, object: z.string(), id: z.string() };
const properties = z.record(z.string(), z.string());

/** What POST /_twin/edit takes; `operation` may be left out for an update. */
const Edit = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.literal('update'), ...target, properties }),
  /** What HubSpot itself writes, from deals and subscriptions: the properties that nobody may set. */
  z.strictObject({ operation: z.literal('calculate'), object: z.string(), id: z.string(), properties }),
  z.strictObject({ operation: z.literal('create'), as: As, object: z.string(), properties }),
  z.strictObject({ operation: z.literal('archive'), ...target }),
  z.strictObject({ operation: z.literal('restore'), ...target }),
  /** `id` is the primary record, `other` the one merged into it; both become a new one. */
  z.strictObject({ operation: z.literal('merge'), ...target, other: z.string() }),
  z.strictObject({
    operation: z.literal('associate'),
    ...target,
    to: z.strictObject({ object: z.string(), id: z.string() }),
  }),
  z.strictObject({ operation: z.literal('configure'), limits: z.record(z.string(), z.unknown()) }),
  /** Rotates the static token; null revokes it. */
  z.strictObject({ operation: z.literal('token'), accessToken: z.string().min(1).nullable() }),
  z.strictObject({ operation: z.literal('uninstall') }),
  /** Sets the app's webhooks: WebhookSettings. */
  z.strictObject({ operation: z.literal('webhooks'), settings: z.record(z.string(), z.unknown()) }),
  z.strictObject({ operation: z.literal('batches'), form: z.enum(BATCH_FORMS) }),
  /** An administrator's rule for a text property: at most so many characters; null lifts it. */
  z.strictObject({
    operation: z.literal('limit'),
    object: z.string(),
    property: z.string(),
    length: z.number().int().min(1).nullable(),
  }),
]);

/** `rep:Anna` and the administrator work in the app (CRM_UI), `integration:NAME` is another app (INTEGRATION). */
function readAuthor(as: string, caller: Author): Author {
  if (as === 'integration') return caller;
  const [kind = '', ...rest] = as.split(':');
  const name = rest.length === 0 ? kind : rest.join(':');
  const userId = userIdOf(name);
  return kind === 'integration'
    ? { sourceType: 'INTEGRATION', sourceId: String(userId), userId: null, name }
    : { sourceType: 'CRM_UI', sourceId: `userId:${userId}`, userId, name };
}

function readType(name: string): ObjectType {
  const type = findObjectType(name);
  if (type === null) throw new Error(`no object "${name}"; there are ${objectTypes.join(', ')}`);
  return type;
}

/** Changes something as a named person or integration. @throws Error that says what is wrong with the edit */
export function editPortal(portal: Portal, body: unknown): unknown {
  const isUpdate = typeof body === 'object' && body !== null && !('operation' in body);
  const parsed = Edit.safeParse(isUpdate ? { operation: 'update', ...body } : body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
  }
  const edit = parsed.data;
  switch (edit.operation) {
    case 'configure':
      return portal.guard.setLimits(edit.limits);
    case 'token':
      return portal.tokens.setStatic(edit.accessToken);
    case 'uninstall':
      return portal.tokens.uninstall();
    case 'webhooks':
      return portal.webhooks.set(edit.settings);
    case 'batches':
      portal.batches.form = edit.form;
      return portal.batches;
    case 'limit':
      return limitText(portal, edit);
  }
  if (edit.operation === 'calculate') return calculate(portal, edit);
  const by = readAuthor(edit.as, portal.caller);
  const acting: Portal = { ...portal, caller: by };
  const type = readType(edit.object);
  if (edit.operation === 'create') return dumpRecord(createRecord(acting, type, edit.properties));
  const { id } = edit;
  const at = portal.clock.now().getTime();
  const record = portal.state.find(type, id, edit.operation === 'restore');
  if (record === undefined) throw new Error(`no ${edit.object} ${id}`);
  switch (edit.operation) {
    case 'update': {
      const values = checkEdit(portal, type, edit.properties);
      portal.state.commit([{ kind: 'update', type, id: record.id, properties: values, at, by }]);
      return dumpRecord(record);
    }
    case 'archive':
    case 'restore':
      portal.state.commit([{ kind: edit.operation, type, id: record.id, at, by }]);
      return dumpRecord(record);
    case 'merge':
      return dumpRecord(mergeRecords(acting, type, id, edit.other));
    case 'associate': {
      const to = { type: readType(edit.to.object), id: edit.to.id };
      if (portal.state.find(to.type, to.id) === undefined) throw new Error(`no ${edit.to.object} ${to.id}`);
      portal.state.commit([{ kind: 'associate', from: { type, id }, to, at, by }]);
      return dumpRecord(record);
    }
  }
}

function limitText(
  portal: Portal,
  edit: { object: string; property: string; length: number | null },
): unknown {
  const type = readType(edit.object);
  const found = portal.state.properties(type).get(edit.property);
  if (found === undefined) throw new Error(`no property ${edit.property} of ${edit.object}`);
  const { textLimit: _, ...rest } = found;
  const definition = edit.length === null ? rest : { ...rest, textLimit: edit.length };
  const by = readAuthor('administrator', portal.caller);
  portal.state.commit([{ kind: 'property', type, definition, at: portal.clock.now().getTime(), by }]);
  return definition;
}

const HUBSPOT: Author = { sourceType: 'CALCULATED', sourceId: 'hubspot', userId: null, name: 'hubspot' };

function calculate(
  portal: Portal,
  edit: { object: string; id: string; properties: Record<string, string> },
): unknown {
  const type = readType(edit.object);
  const record = portal.state.find(type, edit.id);
  if (record === undefined) throw new Error(`no ${edit.object} ${edit.id}`);
  for (const name of Object.keys(edit.properties))
    if (portal.state.properties(type).get(name)?.readOnlyValue !== true)
      throw new Error(`${name} is not HubSpot's own to write`);
  const at = portal.clock.now().getTime();
  portal.state.commit([
    { kind: 'update', type, id: record.id, properties: edit.properties, at, by: HUBSPOT },
  ]);
  return dumpRecord(record);
}

function checkEdit(
  portal: Portal,
  type: ObjectType,
  written: Record<string, string>,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(written)) {
    const checked = checkValue(name, portal.state.properties(type).get(name), value);
    if ('problem' in checked) throw new Error(checked.problem.message);
    values[name] = checked.value;
  }
  return values;
}

/** The records on whose timelines a note stands. */
const listTies = (portal: Portal, record: TwinRecord): string[] =>
  objectTypes.flatMap((type) => portal.state.links.list(record, type));

function dumpRecord(record: TwinRecord): Record<string, unknown> {
  const { id, properties: held, createdAt, updatedAt, archivedAt, writes, unchanged } = record;
  const iso = (at: number) => new Date(at).toISOString();
  return {
    id,
    properties: held,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    archivedAt: archivedAt === null ? null : iso(archivedAt),
    writes,
    unchanged,
    history: Object.fromEntries(
      [...record.history].map(([name, entries]) => [name, entries.map(dumpEntry)] as const),
    ),
  };
}

function dumpEntry({ value, at, by }: HistoryEntry): unknown {
  return {
    value,
    timestamp: new Date(at).toISOString(),
    sourceType: by.sourceType,
    sourceId: by.sourceId,
    by: by.name,
  };
}

/**
 * The whole portal: per object its records (properties held, accepted updates, history of what changed, oldest first),
 * merged ids with where they lead, the names of custom properties.
 */
export function dumpPortal(portal: Portal): unknown {
  const dumped = objectTypes.map((type) => [
    type,
    {
      records: portal.state
        .shelf(type)
        .inOrder()
        .map((record) => ({
          ...dumpRecord(record),
          ...(type === 'notes' ? { tiedTo: listTies(portal, record) } : {}),
        })),
      merged: Object.fromEntries(portal.state.mergedInto(type)),
      customProperties: [...portal.state.properties(type).values()]
        .filter((property) => !property.hubspotDefined)
        .map((property) => property.name),
    },
  ]);
  return { portalId: portal.portalId, ...Object.fromEntries(dumped) };
}
