import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition } from '../crm-fields.ts';
import type { FieldInstall } from '../crm-check.ts';
import type { Client } from './client.ts';
import { provider } from './failures.ts';
import { NUMBER_PRECISION, NUMBER_SCALE, readObjects, writeObjects } from './fields.ts';
import type { SalesforceObject } from './fields.ts';
import { queryRows, quote } from './query.ts';

/** The integration user's permission set: reads what is synced, edits our fields and nothing else of its own. */
const INTEGRATION_SET = 'Fieldnote_Integration';
/** For people: sees all our fields, edits those that are theirs to edit. */
const READERS_SET = 'Fieldnote_Readers';

const SaveResults = z.array(
  z.object({
    fullName: z.string(),
    success: z.boolean(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string() })).nullish(),
  }),
);
type SaveResult = z.infer<typeof SaveResults>[number];

function describeField(object: SalesforceObject, definition: FieldDefinition) {
  const { label, description, type, length, values, salesforceName } = definition;
  const base = { fullName: `${object}.${salesforceName}`, label, description, inlineHelpText: description };
  switch (type) {
    case 'number':
      return { ...base, type: 'Number', precision: NUMBER_PRECISION, scale: NUMBER_SCALE };
    case 'text':
      return { ...base, type: 'Text', length };
    case 'long-text':
      return { ...base, type: 'LongTextArea', length, visibleLines: 6 };
    case 'url':
      return { ...base, type: 'Url' };
    case 'datetime':
      return { ...base, type: 'DateTime' };
    case 'picklist': {
      const value = (values ?? []).map((name) => ({ fullName: name, default: false, label: name }));
      return {
        ...base,
        type: 'Picklist',
        valueSet: { restricted: true, valueSetDefinition: { sorted: false, value } },
      };
    }
  }
}

function permissionSets(notes: boolean) {
  const rights = (editable: (definition: FieldDefinition) => boolean) =>
    writeObjects.flatMap((object) =>
      FIELDS.map((definition) => ({
        editable: editable(definition),
        field: `${object}.${definition.salesforceName}`,
        readable: true,
      })),
    );
  const objectPermissions = [...readObjects, 'Opportunity' as const].map((object) => ({
    allowCreate: false,
    allowDelete: false,
    allowEdit: object === 'Account' || object === 'Lead',
    allowRead: true,
    modifyAllRecords: false,
    object,
    viewAllRecords: true,
  }));
  return [
    {
      fullName: INTEGRATION_SET,
      label: 'Fieldnote Integration',
      description: 'For the user that Fieldnote runs as.',
      fieldPermissions: rights(() => true),
      objectPermissions,
      // ViewSetup lets it see who else may edit our fields, which decides how writes are protected.
      userPermissions: [
        { enabled: true, name: 'ApiEnabled' },
        { enabled: true, name: 'ViewSetup' },
        ...(notes ? [{ enabled: true, name: 'EditTask' }] : []),
      ],
    },
    {
      fullName: READERS_SET,
      label: 'Fieldnote Readers',
      description: 'For people who read what Fieldnote found.',
      fieldPermissions: rights((definition) => definition.peopleMayEdit),
    },
  ];
}

/**
 * Creates our fields on Account and Lead with two permission sets, and gives the integration user its own; what is
 * there already stays as it is.
 * @param administrator a user who may change metadata
 * @param settings who gets the permission set Fieldnote_Integration, and whether it lets them make notes
 */
export async function installFields(
  administrator: Client,
  { integrationUserId, notes }: { integrationUserId: string; notes: boolean },
  options: CallOptions,
): Promise<FieldInstall[]> {
  const installed: FieldInstall[] = [];
  for (const object of writeObjects) {
    // Ten fields are one call: createMetadata takes ten components.
    const components = FIELDS.map((definition) => describeField(object, definition));
    const { value: results } = await administrator.call(
      'create fields',
      ({ connection }) => connection.metadata.create('CustomField', components),
      SaveResults,
      { ...options, repeatable: true },
    );
    for (const definition of FIELDS) {
      const platformName = definition.salesforceName;
      const saved = results.find((each) => each.fullName === `${object}.${platformName}`);
      const exists = saved?.errors?.some((error) => error.statusCode === 'DUPLICATE_DEVELOPER_NAME') === true;
      if (saved?.success !== true && !exists) throw notSaved(`${object}.${platformName}`, saved);
      installed.push({ object, key: definition.key, platformName, result: exists ? 'exists' : 'created' });
    }
  }
  const sets = permissionSets(notes);
  const { value: saved } = await administrator.call(
    'save permission sets',
    ({ connection }) => connection.metadata.upsert('PermissionSet', sets),
    SaveResults,
    { ...options, repeatable: true },
  );
  for (const { fullName } of sets) {
    const result = saved.find((each) => each.fullName === fullName);
    if (result?.success !== true) throw notSaved(fullName, result);
  }
  await assign(administrator, integrationUserId, options);
  return installed;
}

function notSaved(name: string, result: SaveResult | undefined): ProviderError {
  const [error] = result?.errors ?? [];
  return new ProviderError({
    provider,
    operation: 'install',
    kind: 'refused',
    code: error?.statusCode,
    message: `${name} could not be saved: ${error?.message ?? 'the answer does not mention it'}`,
    fix: 'correct what the message names in Setup, then install again: what is done stays done',
  });
}

const WithId = z.object({ Id: z.string() });
const Created = z.object({ success: z.literal(true) });

async function assign(administrator: Client, userId: string, options: CallOptions): Promise<void> {
  const [set] = await queryRows(
    administrator,
    `SELECT Id FROM PermissionSet WHERE Name = ${quote(INTEGRATION_SET)}`,
    WithId,
    options,
  );
  if (set === undefined) throw notSaved(INTEGRATION_SET, undefined);
  const given = await queryRows(
    administrator,
    `SELECT Id FROM PermissionSetAssignment WHERE PermissionSetId = ${quote(set.Id)} AND AssigneeId = ${quote(userId)}`,
    WithId,
    options,
  );
  if (given.length > 0) return;
  const body = JSON.stringify({ PermissionSetId: set.Id, AssigneeId: userId });
  await administrator.call(
    'assign permission set',
    ({ connection }) =>
      connection.request({
        method: 'POST',
        url: '/sobjects/PermissionSetAssignment',
        headers: { 'content-type': 'application/json' },
        body,
      }),
    Created,
    { ...options, repeatable: false },
  );
}
