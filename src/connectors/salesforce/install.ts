import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { FieldInstall } from '../crm-check.ts';
import type { Client } from './client.ts';
import { provider } from './failures.ts';
import { INTEGRATION_SET, describeField, describePermissionSets } from './describe-metadata.ts';
import { writeObjects } from './fields.ts';
import { queryRows, quote } from './query.ts';

const SaveResults = z.array(
  z.object({
    fullName: z.string(),
    success: z.boolean(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string() })).nullish(),
  }),
);
type SaveResult = z.infer<typeof SaveResults>[number];

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
  const sets = describePermissionSets(notes);
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
