import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition } from '../crm-fields.ts';
import type { CrmCheck, FieldCheck, Permission } from '../crm-check.ts';
import type { ObjectPlan, ReadKey } from '../crm-reading.ts';
import type { DailyUsage } from '../limits.ts';
import { API_VERSION } from './client.ts';
import type { Client } from './client.ts';
import type { Describe, DescribedField, ObjectDescription } from './describe.ts';
import { findEditable } from './editors.ts';
import { describeTypes } from './find-unfit.ts';
import { UPDATE, provider } from './failures.ts';
import { NUMBER_PRECISION, NUMBER_SCALE, writeObjects } from './fields.ts';
import type { SalesforceObject } from './fields.ts';
import { NOTE_PERMISSION } from './notes.ts';
import { queryRows } from './query.ts';
import { DEALS_USE, findLacking } from './read-deals.ts';
import { fixedFields } from './to-record.ts';

const UserInfo = z.object({ preferred_username: z.string() });
const Versions = z.array(z.object({ version: z.string() }));
const Organization = z.object({ Name: z.string() });

// What a field is read for; those not named here only complete the picture, unless settings map them.
const USES: Partial<Record<ReadKey, string>> = {
  website: "finding the company's domain",
  email: "finding the company's domain and matching personas",
  companyName: 'finding the company of a lead',
  title: 'matching personas to people',
};
const FIXED_USES: Readonly<Record<string, string>> = {
  AccountId: 'matching personas to the contacts of an account',
  ConvertedAccountId: 'following converted leads to their account',
};

/** The fields that an object must show us, each with what it is for. */
function usesOf(plan: ObjectPlan<SalesforceObject>): Map<string, string> {
  const uses = new Map<string, string>();
  for (const [key, names] of plan.fields)
    for (const name of names)
      if (USES[key] !== undefined || plan.asked.has(name))
        uses.set(name, USES[key] ?? `reading the ${key}, as the settings map it`);
  for (const name of plan.others) uses.set(name, 'a filter of your own');
  for (const name of fixedFields[plan.object]) {
    const use = FIXED_USES[name];
    if (use !== undefined) uses.set(name, use);
  }
  for (const [name, { use }] of plan.needed) if (!uses.has(name)) uses.set(name, use);
  return uses;
}

/** Who we are, what we may do, and whether our fields are as they must be. */
export async function checkOrg(
  client: Client,
  describe: Describe,
  reading: { plans: readonly ObjectPlan<SalesforceObject>[]; deals: boolean; notes: boolean },
  options: CallOptions,
  usage: () => DailyUsage | null,
): Promise<CrmCheck> {
  const { organizationId, instanceUrl } = await client.session(options);
  const visible = (object: SalesforceObject | 'Task') => describeIfVisible(describe, object, options);
  // Side by side: one after another these eight and more take seconds. What an org of an older version refuses is not asked before.
  const [user] = await Promise.all([
    get(client, 'identity', '/services/oauth2/userinfo', UserInfo, options),
    requireVersion(client, options),
  ]);
  const [[organization], found, lacking, editable, tasks] = await Promise.all([
    queryRows(client, 'SELECT Name FROM Organization LIMIT 1', Organization, options),
    Promise.all(reading.plans.map(async (plan) => ({ plan, description: await visible(plan.object) }))),
    reading.deals ? findLacking(describe, options) : null,
    findEditable(client, options),
    reading.notes ? visible('Task') : null,
  ]);

  // A call that needs it came back.
  const permissions: Permission[] = [{ name: 'API Enabled', use: 'any call at all', granted: true }];
  const need = (name: string, use: string, granted: boolean): void => {
    permissions.push({ name, use, granted });
  };
  const descriptions = new Map<SalesforceObject, ObjectDescription>();
  for (const { plan, description } of found) {
    const { object } = plan;
    need(`Read on ${object}`, `syncing ${object} records`, description !== null);
    if (description === null) continue;
    descriptions.set(object, description);
    for (const [name, use] of usesOf(plan))
      need(`Read on ${object}.${name}`, use, description.fields.has(name));
  }
  if (reading.deals) need(`Read on ${lacking ?? 'Opportunity'}`, DEALS_USE, lacking === null);
  const fields: FieldCheck[] = [];
  for (const object of writeObjects) {
    const description = descriptions.get(object);
    if (description !== undefined)
      need(`Edit on ${object}`, `writing to ${object} records`, description.updateable);
    for (const definition of FIELDS) {
      const peopleMayEdit = editable?.has(`${object}.${definition.salesforceName}`) ?? true;
      const field = description?.fields.get(definition.salesforceName);
      fields.push({ ...checkField(object, definition, field), peopleMayEdit });
    }
  }
  need(
    'View Setup and Configuration',
    'large batches: without knowing who may edit our fields, every write is conditional, 25 to a call',
    editable !== null,
  );
  if (reading.notes)
    need(NOTE_PERMISSION, 'notes when a band changes (noteOnBandChange)', tasks?.createable === true);
  const day = usage();
  return {
    organization: organization?.Name ?? organizationId,
    organizationId,
    server: new URL(instanceUrl).host,
    user: user.preferred_username,
    apiVersion: API_VERSION,
    permissions,
    missingPermissions: permissions.flatMap(({ name, use, granted }) =>
      granted ? [] : { name, disables: use },
    ),
    notes: await explainPeople(client, descriptions.get('Account'), options),
    fields,
    usage: day === null || day.limit === null ? null : { used: day.used, limit: day.limit },
  };
}

/** @throws ProviderError where the org does not speak the API version that we do */
async function requireVersion(client: Client, options: CallOptions): Promise<void> {
  const versions = await get(client, 'versions', '/services/data', Versions, options);
  if (versions.some(({ version }) => version === API_VERSION)) return;
  throw new ProviderError({
    provider,
    operation: 'versions',
    kind: 'refused',
    message: `the org does not speak API version ${API_VERSION}`,
    fix: versions.some(({ version }) => Number(version) > Number(API_VERSION))
      ? UPDATE
      : 'check that SALESFORCE_LOGIN_URL is the org itself and that the org has had its latest release',
  });
}

const Count = z.object({ totalSize: z.number() });

/** Person accounts are people, whom nobody researches; said where the org has them. */
async function explainPeople(
  client: Client,
  accounts: ObjectDescription | undefined,
  options: CallOptions,
): Promise<string[]> {
  if (accounts?.fields.has('IsPersonAccount') !== true) return [];
  const soql = 'SELECT COUNT() FROM Account WHERE IsPersonAccount = true';
  const url = `/query?q=${encodeURIComponent(soql)}`;
  const { totalSize } = await get(client, 'query', url, Count, options);
  return totalSize === 0
    ? []
    : [
        `${totalSize === 1 ? '1 account is a person account' : `${totalSize} accounts are person accounts`}: a person, no company to research; skipped, and nothing is written there`,
      ];
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
  object: SalesforceObject | 'Task',
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
  if (found.type === 'textarea' && found.htmlFormatted) return 'is rich text, must be plain';
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
