import { z } from 'zod';
import { dataObjects } from './schema.ts';

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const values = z.record(z.string(), value);
const object = z.enum(dataObjects);
/** When (ISO, whole seconds) and by whom. */
const act = { at: z.string(), by: z.string() };

const fieldType = z.enum(['string', 'textarea', 'picklist', 'url', 'double', 'boolean', 'date', 'datetime']);
export const CustomField = z.object({
  name: z.string(),
  label: z.string(),
  type: fieldType,
  length: z.number(),
  precision: z.number(),
  scale: z.number(),
  values: z.array(z.string()),
  restricted: z.boolean(),
  long: z.boolean(),
  rich: z.boolean().default(false),
});

/** An administrator's own condition on saving: an empty `field` refuses the row, with the administrator's words, at `at`. */
export const validationRule = z.object({
  object,
  name: z.string(),
  field: z.string(),
  message: z.string(),
  /** The field that the words stand at; null: the top of the page. */
  at: z.string().nullable(),
});

/**
 * What Salesforce does where somebody saves a record that has the same value in `field` as another (Setup, Duplicate Rules): it asks
 * first, with `message`, or refuses.
 */
export const duplicateRule = z.object({
  object,
  field: z.string(),
  onSave: z.enum(['alert', 'block']),
  message: z.string(),
});

/** A custom field of leads that a conversion copies to one of the account or the contact (Setup, Map Lead Fields). */
export const leadMapping = z.object({
  from: z.string(),
  to: z.object({ object: z.enum(['Account', 'Contact']), field: z.string() }),
});

/** Everything that can happen in the org; its state is the world with these applied in order. */
export const OrgEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('update'), ...act, id: z.string(), values }),
  z.object({ type: z.literal('create'), ...act, object, id: z.string(), values }),
  z.object({ type: z.literal('delete'), ...act, id: z.string() }),
  z.object({ type: z.literal('undelete'), ...act, id: z.string() }),
  z.object({ type: z.literal('merge'), ...act, winner: z.string(), loser: z.string() }),
  z.object({
    type: z.literal('convert'),
    ...act,
    id: z.string(),
    accountId: z.string(),
    contactId: z.string(),
  }),
  z.object({ type: z.literal('lead mapping'), map: z.array(leadMapping) }),
  z.object({ type: z.literal('lock'), id: z.string(), locked: z.enum(['no', 'row', 'approval']) }),
  z.object({ type: z.literal('field'), object, field: CustomField }),
  z.object({
    type: z.literal('permission set'),
    name: z.string(),
    label: z.string(),
    fields: z.array(z.object({ field: z.string(), readable: z.boolean(), editable: z.boolean() })),
    /** Such as EditTask; the set's field rights alone where it is absent. */
    userPermissions: z.array(z.string()).optional(),
  }),
  z.object({
    type: z.literal('permission set group'),
    name: z.string(),
    sets: z.array(z.string()),
    users: z.array(z.string()),
  }),
  z.object({ type: z.literal('assign'), set: z.string(), user: z.string() }),
  z.object({ type: z.literal('rights'), revoked: z.array(z.string()) }),
  z.object({ type: z.literal('deactivate'), user: z.string() }),
  z.object({ type: z.literal('rule'), rule: validationRule }),
  z.object({ type: z.literal('drop rule'), object, name: z.string() }),
  /** In place of those before. */
  z.object({ type: z.literal('duplicate rules'), rules: z.array(duplicateRule) }),
  /** What an administrator entered for Fieldnote's package: its address and its key. */
  z.object({ type: z.literal('button'), address: z.string(), key: z.string() }),
]);
export type OrgEvent = z.infer<typeof OrgEvent>;
export type LeadMapping = z.infer<typeof leadMapping>;
export type ValidationRule = z.infer<typeof validationRule>;
export type DuplicateRule = z.infer<typeof duplicateRule>;
export type CustomField = z.infer<typeof CustomField>;
export type Lock = Extract<OrgEvent, { type: 'lock' }>['locked'];
