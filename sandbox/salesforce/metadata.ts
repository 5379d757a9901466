import { z } from 'zod';
import { Refusal } from './call.ts';
import type { Answer, TwinUser } from './call.ts';
import type { CustomField, OrgEvent } from './events.ts';
import { escapeXml, readEnvelope, writeFault, writeResults } from './metadata-xml.ts';
import type { SoapCall, Tree } from './metadata-xml.ts';
import type { Org } from './org.ts';
import { dataObjects } from './schema.ts';
import type { DataObject } from './schema.ts';

// Metadata API guide, createMetadata and upsertMetadata: components in one call.
const MOST_COMPONENTS = 10;

const text = z.tuple([z.string().min(1)]).transform(([only]) => only);
const number = text.transform(Number).pipe(z.number().int());
const flag = z.tuple([z.enum(['true', 'false'])]).transform(([only]) => only === 'true');
const one = <T extends z.ZodType>(inner: T) => z.tuple([inner]).transform(([only]) => only);

const base = { fullName: text, label: text, description: text.optional(), inlineHelpText: text.optional() };
const picklistValue = z.object({ fullName: text, default: flag, label: text });
const FieldComponent = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('Number'), ...base, type: text, precision: number, scale: number }),
  z.strictObject({
    kind: z.literal('Text'),
    ...base,
    type: text,
    length: number.pipe(z.number().min(1).max(255)),
  }),
  z.strictObject({
    kind: z.literal('LongTextArea'),
    ...base,
    type: text,
    length: number.pipe(z.number().min(256).max(131_072)),
    visibleLines: number.pipe(z.number().min(2).max(50)),
  }),
  z.strictObject({
    kind: z.literal('Picklist'),
    ...base,
    type: text,
    valueSet: one(
      z.object({
        restricted: flag.optional(),
        valueSetDefinition: one(z.object({ sorted: flag, value: z.array(picklistValue).min(1) })),
      }),
    ),
  }),
  z.strictObject({ kind: z.literal('Url'), ...base, type: text }),
  z.strictObject({ kind: z.literal('DateTime'), ...base, type: text }),
]);
type FieldComponent = z.infer<typeof FieldComponent>;

const SetComponent = z.object({
  fullName: text,
  label: text,
  fieldPermissions: z.array(z.object({ field: text, readable: flag, editable: flag })).default([]),
  userPermissions: z.array(z.object({ enabled: flag, name: text })).default([]),
});

const nothing = {
  length: 0,
  precision: 0,
  scale: 0,
  values: [],
  restricted: false,
  long: false,
  rich: false,
};

function toField(component: FieldComponent, name: string): CustomField {
  const shared = { ...nothing, name, label: component.label };
  switch (component.kind) {
    case 'Number':
      return { ...shared, type: 'double', precision: component.precision, scale: component.scale };
    case 'Text':
      return { ...shared, type: 'string', length: component.length };
    case 'LongTextArea':
      return { ...shared, type: 'textarea', length: component.length, long: true };
    case 'Url':
      return { ...shared, type: 'url', length: 255 };
    case 'DateTime':
      return { ...shared, type: 'datetime' };
    case 'Picklist': {
      const { restricted, valueSetDefinition } = component.valueSet;
      const values = valueSetDefinition.value.map((value) => value.fullName);
      return { ...shared, type: 'picklist', length: 255, values, restricted: restricted ?? false };
    }
  }
}

function planField(
  org: Org,
  tree: Tree,
  replace: boolean,
): { fullName: string; created: boolean; event: OrgEvent } {
  const kind = typeof tree === 'object' ? tree.type?.[0] : undefined;
  const parsed = FieldComponent.safeParse(typeof tree === 'object' ? { ...tree, kind } : tree);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Refusal(
      400,
      'FIELD_INTEGRITY_EXCEPTION',
      `CustomField of type ${JSON.stringify(kind ?? null)}: ${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? ''}`,
    );
  }
  const component = parsed.data;
  const [objectName = '', name = ''] = component.fullName.split('.');
  const object: DataObject | undefined = dataObjects.find((each) => each === objectName);
  if (object === undefined || !/^[A-Za-z]\w{0,39}__c$/.test(name))
    throw new Refusal(400, 'INVALID_CROSS_REFERENCE_KEY', `In field: fullName - no ${component.fullName}`);
  const exists = org.fields(object).has(name.toLowerCase());
  if (exists && !replace)
    throw new Refusal(
      400,
      'DUPLICATE_DEVELOPER_NAME',
      `There is already a field named ${name.replace(/__c$/, '')} on ${object}.`,
    );
  const event: OrgEvent = { type: 'field', object, field: toField(component, name) };
  return { fullName: component.fullName, created: !exists, event };
}

function planSet(
  org: Org,
  tree: Tree,
  replace: boolean,
): { fullName: string; created: boolean; event: OrgEvent } {
  const parsed = SetComponent.safeParse(tree);
  if (!parsed.success)
    throw new Refusal(
      400,
      'REQUIRED_FIELD_MISSING',
      `PermissionSet: ${parsed.error.issues[0]?.message ?? ''}`,
    );
  const { fullName, label, fieldPermissions } = parsed.data;
  const userPermissions = parsed.data.userPermissions.flatMap(({ enabled, name }) => (enabled ? [name] : []));
  for (const { field } of fieldPermissions) {
    const [objectName = '', name = ''] = field.split('.');
    const object = dataObjects.find((each) => each === objectName);
    if (object === undefined || !org.fields(object).has(name.toLowerCase()))
      throw new Refusal(
        400,
        'INVALID_CROSS_REFERENCE_KEY',
        `In field: field - no CustomField named ${field} found`,
      );
  }
  const exists = org.permissions.find(fullName) !== undefined;
  if (exists && !replace)
    throw new Refusal(400, 'DUPLICATE_DEVELOPER_NAME', `The name ${fullName} is already used.`);
  return {
    fullName,
    created: !exists,
    event: { type: 'permission set', name: fullName, label, fields: fieldPermissions, userPermissions },
  };
}

function saveComponent(org: Org, item: SoapCall['items'][number], upsert: boolean): string {
  const fullName = typeof item.tree === 'object' ? item.tree.fullName?.[0] : undefined;
  try {
    const plan = item.type === 'PermissionSet' ? planSet : planField;
    if (item.type !== 'PermissionSet' && item.type !== 'CustomField')
      throw new Refusal(400, 'INVALID_TYPE', `The sandbox knows no metadata of type ${item.type}`);
    const { fullName: name, created, event } = plan(org, item.tree, upsert);
    org.record([event]);
    const flag = upsert ? `<created>${created}</created>` : '';
    return `${flag}<fullName>${escapeXml(name)}</fullName><success>true</success>`;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const reason = `<message>${escapeXml(error.message)}</message><statusCode>${error.code}</statusCode>`;
    const flag = upsert ? '<created>false</created>' : '';
    const name = typeof fullName === 'string' ? escapeXml(fullName) : '';
    return `${flag}<errors>${reason}</errors><fullName>${name}</fullName><success>false</success>`;
  }
}

/** POST /services/Soap/m/NN.0: createMetadata and upsertMetadata of custom fields and permission sets. */
export function answerMetadata(
  org: Org,
  xml: string,
  login: (token: string | undefined) => TwinUser,
): Answer {
  const operation = 'metadata';
  const fault = (code: string, message: string): Answer => ({
    status: 500,
    text: { type: 'text/xml; charset=utf-8', content: writeFault(code, message) },
    operation,
  });
  try {
    const call = readEnvelope(xml);
    const user = login(call.sessionId);
    if (user.role !== 'administrator')
      return fault(
        'INSUFFICIENT_ACCESS',
        'use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions',
      );
    if (call.method !== 'createMetadata' && call.method !== 'upsertMetadata')
      return fault('INVALID_OPERATION', `The sandbox knows no ${call.method}`);
    if (call.items.length > MOST_COMPONENTS)
      return fault(
        'LIMIT_EXCEEDED',
        `record limit reached: at most ${MOST_COMPONENTS} components in one call`,
      );
    const upsert = call.method === 'upsertMetadata';
    const results = call.items.map((item) => saveComponent(org, item, upsert));
    const content = writeResults(call.method, results);
    return {
      status: 200,
      text: { type: 'text/xml; charset=utf-8', content },
      operation: `metadata ${upsert ? 'upsert' : 'create'}`,
      units: call.items.length,
    };
  } catch (error) {
    if (error instanceof Refusal) return fault(error.code, error.message);
    throw error;
  }
}
