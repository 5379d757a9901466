import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { ClosedFields } from '../crm.ts';
import type { Client } from './client.ts';
import type { SalesforceObject } from './fields.ts';
import type { OrgMemory } from './org-memory.ts';

const DescribedField = z.object({
  name: z.string(),
  label: z.string(),
  type: z.string(),
  length: z.number(),
  precision: z.number(),
  scale: z.number(),
  updateable: z.boolean(),
  restrictedPicklist: z.boolean().default(true),
  htmlFormatted: z.boolean().default(false),
  picklistValues: z.array(z.object({ value: z.string().nullable(), active: z.boolean() })),
});
export type DescribedField = z.infer<typeof DescribedField>;

const Described = z.object({
  name: z.string(),
  createable: z.boolean(),
  updateable: z.boolean(),
  fields: z.array(DescribedField),
});

/** What the integration user sees of an object. */
export type ObjectDescription = {
  createable: boolean;
  updateable: boolean;
  fields: ReadonlyMap<string, DescribedField>;
};

/** Beside what is synced: the deals that accounts have, and what notes are made as. */
export type DescribedObject = SalesforceObject | 'Opportunity' | 'Task';

export type Describe = {
  /** Asks the org. */
  fresh(object: DescribedObject, options: CallOptions): Promise<ObjectDescription>;
  /** As last asked within ten minutes, or within `maxAgeMs`. */
  known(object: DescribedObject, options: CallOptions, maxAgeMs?: number): Promise<ObjectDescription>;
  /** Something we thought was there is not: ask again next time. */
  forget(): void;
};

// A field that an administrator adds or takes away shows up after this long, or at once when a call fails over it.
const KNOWN_FOR_MS = 10 * 60_000;

/** Field names per object, so that only what exists and may be seen is asked for. */
export function createDescribe(client: Client, kept: OrgMemory['descriptions'], now: () => Date): Describe {
  const fresh = async (object: DescribedObject, options: CallOptions): Promise<ObjectDescription> => {
    const { value } = await client
      .call(
        'describe',
        ({ connection }) => connection.request({ method: 'GET', url: `/sobjects/${object}/describe` }),
        Described,
        { ...options, repeatable: true },
      )
      .catch((error: unknown) => {
        throw explainHidden(object, error);
      });
    const fields = new Map(value.fields.map((field) => [field.name, field]));
    const description = { createable: value.createable, updateable: value.updateable, fields };
    kept.set(object, { at: now().getTime(), description });
    return description;
  };
  return {
    fresh,
    known: async (object, options, maxAgeMs = KNOWN_FOR_MS) => {
      const entry = kept.get(object);
      return entry !== undefined && now().getTime() - entry.at < maxAgeMs
        ? entry.description
        : fresh(object, options);
    },
    forget: () => kept.clear(),
  };
}

/** An object that a user may not see is answered as if there were none. */
function explainHidden(object: DescribedObject, error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error;
  const { provider, operation, kind, code, status } = error;
  if (kind !== 'not-found' && code !== 'INVALID_TYPE') return error;
  return new ProviderError({
    provider,
    operation,
    kind,
    code,
    status,
    message: `the integration user may not see ${object}`,
    fix: `give it Read on ${object}: assign it the permission set Fieldnote_Integration ("fieldnote connect salesforce" lists what is missing)`,
    cause: error,
  });
}

/** Our fields that the integration user cannot write, in the words that a write would be refused with. */
export function closedFields(object: SalesforceObject, { fields }: ObjectDescription): ClosedFields {
  const closed: ClosedFields = {};
  for (const { key, salesforceName } of FIELDS) {
    const found = fields.get(salesforceName);
    if (found === undefined)
      closed[key] = {
        code: 'INVALID_FIELD',
        message: `No such column '${salesforceName}' on sobject of type ${object}`,
      };
    else if (!found.updateable)
      closed[key] = {
        code: 'INVALID_FIELD_FOR_INSERT_UPDATE',
        message: `Unable to create/update fields: ${salesforceName}`,
      };
  }
  return closed;
}

/** Platform names of our fields that exist on the object. */
export function ourFields(description: ObjectDescription): string[] {
  return FIELDS.map((field) => field.salesforceName).filter((name) => description.fields.has(name));
}
