import { z } from 'zod';
import { objectTypes } from './schema.ts';

/** Who changed something: HubSpot's own source fields, and the name that the twin's admin endpoint was told. */
const Author = z.object({
  /** CRM_UI: a person in the app; INTEGRATION: an app or key; IMPORT: the world itself; CALCULATED: HubSpot, from other records. */
  sourceType: z.enum(['CRM_UI', 'INTEGRATION', 'IMPORT', 'MERGE_OBJECTS', 'CALCULATED']),
  sourceId: z.string(),
  userId: z.number().nullable(),
  name: z.string(),
});
export type Author = z.infer<typeof Author>;

const type = z.enum(objectTypes);
const values = z.record(z.string(), z.string());
const happened = { at: z.number(), by: Author };

const Definition = z.object({
  name: z.string(),
  label: z.string(),
  description: z.string(),
  groupName: z.string(),
  type: z.enum(['string', 'number', 'enumeration', 'bool', 'date', 'datetime']),
  fieldType: z.string(),
  options: z.array(
    z.object({
      label: z.string(),
      value: z.string(),
      hidden: z.boolean(),
      displayOrder: z.number(),
      description: z.string(),
    }),
  ),
  hasUniqueValue: z.boolean(),
  hubspotDefined: z.boolean(),
  readOnlyValue: z.boolean(),
  createdAt: z.number().nullable(),
  textLimit: z.number().optional(),
});

/** What can happen to a portal; the journal's lines. */
const TwinEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('create'), type, id: z.string(), properties: values, ...happened }),
  z.object({ kind: z.literal('update'), type, id: z.string(), properties: values, ...happened }),
  z.object({ kind: z.literal('archive'), type, id: z.string(), ...happened }),
  z.object({ kind: z.literal('restore'), type, id: z.string(), ...happened }),
  z.object({
    kind: z.literal('merge'),
    type,
    id: z.string(),
    primary: z.string(),
    other: z.string(),
    ...happened,
  }),
  z.object({
    kind: z.literal('associate'),
    from: z.object({ type, id: z.string() }),
    to: z.object({ type, id: z.string() }),
    ...happened,
  }),
  z.object({ kind: z.literal('property'), type, definition: Definition, ...happened }),
  z.object({
    kind: z.literal('group'),
    type,
    group: z.object({ name: z.string(), label: z.string(), displayOrder: z.number() }),
    ...happened,
  }),
  z.object({ kind: z.literal('drop-property'), type, name: z.string(), ...happened }),
]);
export type TwinEvent = z.infer<typeof TwinEvent>;

export function parseEvent(line: unknown): TwinEvent {
  return TwinEvent.parse(line);
}
