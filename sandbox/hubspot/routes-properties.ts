import type { Request } from 'express';
import { z } from 'zod';
import { HubspotRefusal, refuse } from './answers.ts';
import { parseBody } from './bodies.ts';
import { crmPaths, handle, param, readObjectType } from './portal.ts';
import type { Portal } from './portal.ts';
import type { ObjectType, PropertyDefinition, PropertyGroup } from './schema.ts';

// Knowledge base, "Create and edit properties": options of one property.
const OPTION_LIMIT = 5_000;
const BATCH_LIMIT = 100;

/** Which fieldType goes with which type (properties guide, "Property type and fieldType values"). */
const FIELD_TYPES: Readonly<Record<PropertyDefinition['type'], readonly string[]>> = {
  string: ['text', 'textarea', 'html', 'phonenumber', 'file'],
  number: ['number'],
  enumeration: ['select', 'radio', 'checkbox', 'booleancheckbox'],
  bool: ['booleancheckbox'],
  date: ['date'],
  datetime: ['date'],
};

const Create = z.object({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/, 'property names are lower case letters, digits and _'),
  label: z.string().min(1),
  groupName: z.string(),
  type: z.enum(['string', 'number', 'enumeration', 'bool', 'date', 'datetime']),
  fieldType: z.string(),
  description: z.string().default(''),
  hasUniqueValue: z.boolean().default(false),
  options: z
    .array(
      z.object({
        label: z.string(),
        value: z.string(),
        hidden: z.boolean(),
        displayOrder: z.number().default(-1),
        description: z.string().default(''),
      }),
    )
    .max(OPTION_LIMIT)
    .default([]),
});
type Create = z.infer<typeof Create>;
const Batch = z.object({ inputs: z.array(Create) });
const Group = z.object({ name: z.string().min(1), label: z.string(), displayOrder: z.number().default(-1) });

/** Properties and their groups: list, read, create, batch create, archive. */
export function mountProperties(portal: Portal): void {
  const { app, state } = portal;
  app.get(crmPaths('properties', '/:type/groups'), (request, response) => {
    handle(response, 'property groups', () => {
      const groups = [...state.groups(see(portal, request)).values()];
      return { body: { results: groups.map(showGroup) } };
    });
  });
  app.post(crmPaths('properties', '/:type/groups'), (request, response) => {
    handle(response, 'property group create', () => {
      const type = mayChange(portal, request);
      const group = parseBody(Group, request.body);
      if (state.groups(type).has(group.name)) throw conflict('Property Group already exists');
      state.commit([{ kind: 'group', type, group, ...now(portal) }]);
      return { status: 201, body: showGroup(group) };
    });
  });
  app.get(crmPaths('properties', '/:type'), (request, response) => {
    handle(response, 'properties', () => {
      const definitions = [...state.properties(see(portal, request)).values()];
      return { body: { results: definitions.map(showProperty) }, units: definitions.length };
    });
  });
  app.get(crmPaths('properties', '/:type/:name'), (request, response) => {
    handle(response, 'property', () => {
      const definition = state.properties(see(portal, request)).get(param(request, 'name'));
      if (definition === undefined) throw missing(param(request, 'name'));
      return { body: showProperty(definition) };
    });
  });
  app.post(crmPaths('properties', '/:type'), (request, response) => {
    handle(response, 'property create', () => {
      const type = mayChange(portal, request);
      const wanted = parseBody(Create, request.body);
      if (state.properties(type).has(wanted.name))
        throw conflict(`A property named '${wanted.name}' already exists.`);
      return { status: 201, body: showProperty(createProperty(portal, type, wanted)) };
    });
  });
  app.post(crmPaths('properties', '/:type/batch/create'), (request, response) => {
    handle(response, 'property batch create', () => createBatch(portal, request));
  });
  app.delete(crmPaths('properties', '/:type/:name'), (request, response) => {
    handle(response, 'property archive', () => {
      const type = mayChange(portal, request);
      const definition = state.properties(type).get(param(request, 'name'));
      if (definition === undefined) throw missing(param(request, 'name'));
      if (definition.hubspotDefined) throw refuse(`The property ${definition.name} cannot be archived`);
      state.commit([{ kind: 'drop-property', type, name: definition.name, ...now(portal) }]);
      return null;
    });
  });
}

function createBatch(portal: Portal, request: Request): { status: number; body: unknown; units: number } {
  const type = mayChange(portal, request);
  const { inputs } = parseBody(Batch, request.body);
  if (inputs.length > BATCH_LIMIT)
    throw refuse(`Invalid input JSON: inputs: size must be between 0 and ${BATCH_LIMIT}`);
  const taken = inputs.filter(({ name }) => portal.state.properties(type).has(name));
  const results = inputs
    .filter((input) => !taken.includes(input))
    .map((input) => showProperty(createProperty(portal, type, input)));
  const errors = taken.map(({ name }) => ({
    status: 'error',
    category: 'OBJECT_ALREADY_EXISTS',
    message: `A property named '${name}' already exists.`,
    context: { name: [name] },
    links: {},
    errors: [],
  }));
  const at = portal.clock.now().toISOString();
  const failed = errors.length === 0 ? {} : { numErrors: errors.length, errors };
  return {
    status: errors.length === 0 ? 201 : 207,
    body: { status: 'COMPLETE', results, ...failed, startedAt: at, completedAt: at },
    units: inputs.length,
  };
}

function createProperty(portal: Portal, type: ObjectType, wanted: Create): PropertyDefinition {
  if (!portal.state.groups(type).has(wanted.groupName))
    throw refuse(`Property group '${wanted.groupName}' does not exist`);
  if (!FIELD_TYPES[wanted.type].includes(wanted.fieldType))
    throw refuse(`fieldType '${wanted.fieldType}' is not valid for type '${wanted.type}'`);
  if (wanted.type === 'enumeration' && wanted.options.length === 0)
    throw refuse('An enumeration property needs options');
  const values = wanted.options.map((option) => option.value);
  if (new Set(values).size < values.length) throw refuse('Property options must have unique values');
  const { at } = now(portal);
  const definition = { ...wanted, hubspotDefined: false, readOnlyValue: false, createdAt: at };
  portal.state.commit([{ kind: 'property', type, definition, ...now(portal) }]);
  return definition;
}

function see(portal: Portal, request: Request): ObjectType {
  const type = readObjectType(param(request, 'type'));
  portal.guard.needScope(`crm.schemas.${type}.read`, `crm.objects.${type}.read`);
  return type;
}

function mayChange(portal: Portal, request: Request): ObjectType {
  const type = readObjectType(param(request, 'type'));
  portal.guard.needScope(`crm.schemas.${type}.write`);
  return type;
}

function now(portal: Portal): { at: number; by: Portal['caller'] } {
  return { at: portal.clock.now().getTime(), by: portal.caller };
}

function conflict(message: string): HubspotRefusal {
  return new HubspotRefusal({ status: 409, category: 'OBJECT_ALREADY_EXISTS', message });
}

function missing(name: string): HubspotRefusal {
  return new HubspotRefusal({
    status: 404,
    category: 'OBJECT_NOT_FOUND',
    message: `Property ${name} does not exist`,
  });
}

function showGroup(group: PropertyGroup): unknown {
  return { ...group, archived: false };
}

function showProperty(definition: PropertyDefinition): unknown {
  const { readOnlyValue, createdAt, textLimit: _, ...shown } = definition;
  const at = createdAt === null ? {} : { createdAt: new Date(createdAt).toISOString(), updatedAt: new Date(createdAt).toISOString() }; // prettier-ignore
  return {
    ...shown,
    ...at,
    displayOrder: -1,
    calculated: false,
    externalOptions: false,
    archived: false,
    hidden: false,
    formField: false,
    modificationMetadata: {
      archivable: !definition.hubspotDefined,
      readOnlyDefinition: definition.hubspotDefined,
      readOnlyOptions: false,
      readOnlyValue,
    },
  };
}
