import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition } from '../crm-fields.ts';
import type { CrmCheck, FieldCheck } from '../crm.ts';
import type { DailyUsage } from '../limits.ts';
import { API_VERSION } from './client.ts';
import type { Client } from './client.ts';
import type { Describe, DescribedField, ObjectDescription } from './describe.ts';
import { findEditable } from './editors.ts';
import { provider } from './failures.ts';
import { NUMBER_PRECISION, NUMBER_SCALE, readObjects, writeObjects } from './fields.ts';
import type { SalesforceObject } from './fields.ts';
import { queryRows } from './query.ts';
import { readFields } from './to-record.ts';

const UserInfo = z.object({ preferred_username: z.string() });
const Versions = z.array(z.object({ version: z.string() }));
const Organization = z.object({ Name: z.string() });

const describeTypes: Readonly<Record<FieldDefinition['type'], string>> = {
  number: 'double',
  text: 'string',
  'long-text': 'textarea',
  picklist: 'picklist',
  url: 'url',
  datetime: 'datetime',
};

// What a standard field is read for; those not named here only complete the picture.
const uses: Readonly<Record<string, string>> = {
  Website: "finding the company's domain",
  Email: "finding the company's domain and matching personas",
  Company: 'finding the company of a lead',
  Title: 'matching personas to people',
  AccountId: 'matching personas to the contacts of an account',
  ConvertedAccountId: 'following converted leads to their account',
};

/** Who we are, what we may do, and whether our fields are as they must be. */
export async function checkOrg(
  client: Client,
  describe: Describe,
  options: CallOptions,
  usage: () => DailyUsage | null,
): Promise<CrmCheck> {
  const user = await get(client, 'identity', '/services/oauth2/userinfo', UserInfo, options);
  const versions = await get(client, 'versions', '/services/data', Versions, options);
  if (!versions.some(({ version }) => version === API_VERSION))
    throw new ProviderError({
      provider,
      operation: 'versions',
      kind: 'refused',
      message: `the org does not speak API version ${API_VERSION}`,
      fix: 'check that SALESFORCE_LOGIN_URL is the org itself and that the org has had its latest release',
    });
  const [organization] = await queryRows(
    client,
    'SELECT Name FROM Organization LIMIT 1',
    Organization,
    options,
  );

  const missingPermissions: CrmCheck['missingPermissions'] = [];
  const descriptions = new Map<SalesforceObject, ObjectDescription>();
  for (const object of readObjects) {
    const description = await describeIfVisible(describe, object, options);
    if (description === null) {
      missingPermissions.push({ name: `Read on ${object}`, disables: `syncing ${object} records` });
      continue;
    }
    descriptions.set(object, description);
    for (const name of readFields[object]) {
      const use = uses[name];
      if (use !== undefined && !description.fields.has(name))
        missingPermissions.push({ name: `Read on ${object}.${name}`, disables: use });
    }
  }
  const editable = await findEditable(client, options);
  if (editable === null)
    missingPermissions.push({
      name: 'View Setup and Configuration',
      disables:
        'large batches: without knowing who may edit our fields, every write is conditional, 25 to a call',
    });
  const fields: FieldCheck[] = [];
  for (const object of writeObjects) {
    const description = descriptions.get(object);
    if (description !== undefined && !description.updateable)
      missingPermissions.push({ name: `Edit on ${object}`, disables: `writing to ${object} records` });
    for (const definition of FIELDS) {
      const peopleMayEdit = editable?.has(`${object}.${definition.salesforceName}`) ?? true;
      const found = description?.fields.get(definition.salesforceName);
      fields.push({ ...checkField(object, definition, found), peopleMayEdit });
    }
  }
  const { organizationId } = await client.session(options);
  const day = usage();
  return {
    organization: organization?.Name ?? organizationId,
    organizationId,
    user: user.preferred_username,
    apiVersion: API_VERSION,
    missingPermissions,
    fields,
    usage: day === null || day.limit === null ? null : { used: day.used, limit: day.limit },
  };
}

async function get<T>(
  client: Client,
  operation: string,
  url: string,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<T> {
  const { value } = await client.call(
    operation,
    ({ connection }) => connection.request({ method: 'GET', url }),
    schema,
    { ...options, repeatable: true },
  );
  return value;
}

async function describeIfVisible(
  describe: Describe,
  object: SalesforceObject,
  options: CallOptions,
): Promise<ObjectDescription | null> {
  try {
    return await describe.fresh(object, options);
  } catch (error) {
    if (error instanceof ProviderError && (error.kind === 'not-found' || error.code === 'INVALID_TYPE'))
      return null;
    throw error;
  }
}

function checkField(
  object: SalesforceObject,
  definition: FieldDefinition,
  found: DescribedField | undefined,
): Omit<FieldCheck, 'peopleMayEdit'> {
  const { key, salesforceName: platformName } = definition;
  const base = { object, key, platformName };
  if (found === undefined)
    return {
      ...base,
      status: 'missing',
      detail:
        'not there, or the integration user may not see it: run connect salesforce --install, or assign the permission set Fieldnote_Integration',
    };
  const wrong = findMismatch(definition, found);
  if (wrong !== null) return { ...base, status: 'wrong-type', detail: wrong };
  if (!found.updateable)
    return {
      ...base,
      status: 'not-writable',
      detail: 'the integration user may not edit it: assign the permission set Fieldnote_Integration',
    };
  return { ...base, status: 'ok', detail: null };
}

function findMismatch(definition: FieldDefinition, found: DescribedField): string | null {
  const type = describeTypes[definition.type];
  if (found.type !== type) return `is ${found.type}, must be ${type}`;
  if (definition.type === 'number') {
    const short =
      found.precision - found.scale < NUMBER_PRECISION - NUMBER_SCALE || found.scale < NUMBER_SCALE;
    if (short)
      return `is Number(${found.precision - found.scale}, ${found.scale}), must hold three digits and ${NUMBER_SCALE} decimals`;
  }
  if (definition.length !== undefined && found.length < definition.length)
    return `holds ${found.length} characters, must hold ${definition.length}`;
  const active = new Set(found.picklistValues.filter((entry) => entry.active).map((entry) => entry.value));
  const lacking = (definition.values ?? []).filter((value) => !active.has(value));
  return lacking.length > 0 ? `lacks the picklist values ${lacking.join(', ')}` : null;
}
