import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition } from '../crm-fields.ts';
import type { CrmCheck, FieldCheck, FieldInstall } from '../crm-check.ts';
import type { Access, TokenFacts } from './access.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { HubspotApi } from './api.ts';
import { readPropertiesOf } from './properties.ts';
import { GROUP, describeProperty, objectPath, propertyType } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { AccountDetails, Anything, DailyUsage, PropertyBatchAnswer } from './shapes.ts';
import type { ApiProperty } from './shapes.ts';

const objects: readonly HubspotObject[] = ['company', 'contact'];

/** Every scope that we need, and what for; `creates`: needed only while the fields of that object are not all there. */
const SCOPES: readonly { name: string; use: string; creates?: HubspotObject }[] = [
  { name: 'crm.objects.companies.read', use: 'syncing companies' },
  { name: 'crm.objects.contacts.read', use: 'syncing contacts, and matching personas to them' },
  { name: 'crm.objects.companies.write', use: 'writing scores and pitches to companies' },
  { name: 'crm.objects.contacts.write', use: 'writing scores and pitches to contacts' },
  {
    name: 'crm.schemas.companies.write',
    use: 'creating the fields on companies (connect --install)',
    creates: 'company',
  },
  {
    name: 'crm.schemas.contacts.write',
    use: 'creating the fields on contacts (connect --install)',
    creates: 'contact',
  },
];

// Wanted by who asks in Slack for their own companies; nothing else needs it.
const OWNERS_SCOPE = 'crm.objects.owners.read';

export type HubspotAccount = { portalId: number; uiDomain: string };

/** Asks the account who it is. */
export async function readAccount(
  api: HubspotApi,
  options: CallOptions,
): Promise<HubspotAccount & { name: string }> {
  const path = `/account-info/${HUBSPOT_API_VERSION}/details`;
  const request = {
    operation: 'account details',
    method: 'GET' as const,
    path,
    schema: AccountDetails,
    repeatable: true,
  };
  const { portalId, portalName, uiDomain } = (await api.send(request, options)).data;
  return { portalId, uiDomain, name: portalName ?? `HubSpot account ${portalId}` };
}

/**
 * Checks the token: the account, scopes missing by name, our fields on both objects, the day's calls. What a missing
 * scope keeps from being looked at is reported as such.
 */
export async function checkConnection(
  api: HubspotApi,
  access: Access,
  account: HubspotAccount & { name: string; server: string },
  options: CallOptions,
): Promise<CrmCheck> {
  const token = await readToken(api, access, options);
  // Where HubSpot does not say what a token may do, each call will.
  const scopes = SCOPES.map((scope) => ({
    ...scope,
    granted: token === null || token.scopes.includes(scope.name),
  }));
  const fields: FieldCheck[] = [];
  for (const object of objects) {
    const properties = await unlessForbidden(() => readPropertiesOf(api, object, options));
    fields.push(...FIELDS.map((field) => checkField(object, field, properties)));
  }
  const isToCreate = (object: HubspotObject): boolean =>
    fields.some((field) => field.object === object && field.status === 'missing');
  return {
    organization: account.name,
    organizationId: String(account.portalId),
    server: account.server,
    user: token === null || token.appId === null ? 'HubSpot app' : `HubSpot app ${token.appId}`,
    apiVersion: HUBSPOT_API_VERSION,
    permissions: scopes.map(({ name, use, granted }) => ({ name, use, granted })),
    missingPermissions: scopes.flatMap(({ name, use, granted, creates }) =>
      granted || (creates !== undefined && !isToCreate(creates)) ? [] : { name, disables: use },
    ),
    notes: [
      "HubSpot's leads (0-136) are not read, and nothing is written to them: each belongs to a contact or company, which are",
      ...(token === null || token.scopes.includes(OWNERS_SCOPE)
        ? []
        : [
            `the e-mail addresses of owners are not read (scope ${OWNERS_SCOPE}): nobody in Slack is known by theirs`,
          ]),
    ],
    fields,
    usage: await readUsage(api, options),
  };
}

/** What the token may do; null where HubSpot does not say (a token of another kind). */
async function readToken(api: HubspotApi, access: Access, options: CallOptions): Promise<TokenFacts | null> {
  try {
    const { data } = await api.send(access.inspect(await access.token(options)), options);
    return data;
  } catch (error) {
    if (error instanceof ProviderError && (error.kind === 'not-found' || error.kind === 'refused'))
      return null;
    throw error;
  }
}

async function readUsage(api: HubspotApi, options: CallOptions): Promise<CrmCheck['usage']> {
  const path = `/account-info/${HUBSPOT_API_VERSION}/api-usage/daily/private-apps`;
  const request = {
    operation: 'api usage',
    method: 'GET' as const,
    path,
    schema: DailyUsage,
    repeatable: true,
  };
  const usage = (await unlessForbidden(() => api.send(request, options)))?.data.results[0];
  return usage === undefined ? null : { used: usage.currentUsage, limit: usage.usageLimit };
}

/** Null when a scope is missing for it: 401 still ends the check. */
async function unlessForbidden<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ProviderError && error.status === 403) return null;
    throw error;
  }
}

function checkField(
  object: HubspotObject,
  field: FieldDefinition,
  properties: Map<string, ApiProperty> | null,
): FieldCheck {
  const { key, hubspotName: platformName } = field;
  // HubSpot restricts editing only by hand (Manage access, in the property's settings): nothing in the API shows it.
  const base = { object, key, platformName, peopleMayEdit: field.peopleMayEdit };
  if (properties === null)
    return { ...base, status: 'missing', detail: `the token may not look at ${objectPath(object)}` };
  const property = properties.get(platformName);
  if (property === undefined) return { ...base, status: 'missing', detail: null };
  const wanted = propertyType(field).type;
  if (property.type !== wanted)
    return { ...base, status: 'wrong-type', detail: `is ${property.type}, must be ${wanted}` };
  const held = new Set(property.options.map((option) => option.value));
  const lacking = (field.values ?? []).filter((value) => !held.has(value));
  if (lacking.length > 0)
    return { ...base, status: 'wrong-type', detail: `lacks the options ${lacking.join(', ')}` };
  if (property.modificationMetadata?.readOnlyValue === true)
    return { ...base, status: 'not-writable', detail: 'HubSpot lets no app write it' };
  return { ...base, status: 'ok', detail: null };
}

/** Creates the property group and the properties that are missing, on companies and contacts; may be run again. */
export async function installFields(api: HubspotApi, options: CallOptions): Promise<FieldInstall[]> {
  const installed: FieldInstall[] = [];
  for (const object of objects) {
    const there = await readPropertiesOf(api, object, options);
    const missing = FIELDS.filter((field) => !there.has(field.hubspotName));
    const created = missing.length === 0 ? new Set() : await createProperties(api, object, missing, options);
    for (const { key, hubspotName } of FIELDS) {
      const result = created.has(hubspotName) ? 'created' : 'exists';
      installed.push({ object, key, platformName: hubspotName, result });
    }
  }
  return installed;
}

async function createProperties(
  api: HubspotApi,
  object: HubspotObject,
  fields: readonly FieldDefinition[],
  options: CallOptions,
): Promise<Set<string>> {
  const path = `/crm/properties/${HUBSPOT_API_VERSION}/${objectPath(object)}`;
  const group = { ...GROUP, displayOrder: -1 };
  const createGroup = { operation: 'property group create', method: 'POST' as const, path: `${path}/groups`, body: group, schema: Anything, repeatable: true }; // prettier-ignore
  try {
    await api.send(createGroup, options);
  } catch (error) {
    // Somebody was there before, perhaps our own attempt whose answer got lost.
    if (!(error instanceof ProviderError && error.status === 409)) throw error;
  }
  const operation = 'property batch create';
  const { data } = await api.send(
    {
      operation,
      method: 'POST',
      path: `${path}/batch/create`,
      body: { inputs: fields.map((field) => describeProperty(field, FIELDS.indexOf(field))) },
      schema: PropertyBatchAnswer,
      repeatable: true,
    },
    options,
  );
  const refused = data.errors.find(({ category }) => category !== 'OBJECT_ALREADY_EXISTS');
  if (refused !== undefined)
    throw new ProviderError({ provider: 'hubspot', operation, kind: 'refused', code: refused.category, message: refused.message }); // prettier-ignore
  return new Set(data.results.map(({ name }) => name));
}
