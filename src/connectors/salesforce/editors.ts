import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { FieldAccess } from '../crm.ts';
import { FIELDS } from '../crm-fields.ts';
import type { FieldKey } from '../crm-fields.ts';
import type { Client } from './client.ts';
import { writeObjects } from './fields.ts';
import type { SalesforceObject } from './fields.ts';
import { queryRows, quote } from './query.ts';

const FieldPermission = z.object({ Field: z.string(), ParentId: z.string() });
const Assignment = z.object({ PermissionSetId: z.string(), PermissionSetGroupId: z.string().nullish() });
const Component = z.object({ PermissionSetGroupId: z.string(), PermissionSetId: z.string() });

/**
 * The paths (`Account.Fieldnote_Pitch__c`) that someone besides the integration user may edit: granted by a permission
 * set or profile that is not the integration user's alone, whether it is given by itself or in a group. One that nobody has yet counts
 * too, since it can be given to somebody at any moment. What a group mutes counts as granted.
 * @returns null when the integration user may not see the setup that tells
 */
export async function findEditable(client: Client, options: CallOptions): Promise<Set<string> | null> {
  const paths = writeObjects.flatMap((object) => FIELDS.map((field) => `${object}.${field.salesforceName}`));
  try {
    const granted = await queryRows(
      client,
      `SELECT Field, ParentId FROM FieldPermissions WHERE PermissionsEdit = true AND Field IN (${paths.map(quote).join(', ')})`,
      FieldPermission,
      options,
    );
    const granting = new Set(granted.map((row) => row.ParentId));
    const alone = await findOurs(client, granting, options);
    return new Set(granted.filter((row) => !alone.has(row.ParentId)).map((row) => row.Field));
  } catch (error) {
    const refused =
      error instanceof ProviderError && (error.kind === 'refused' || error.kind === 'unauthorized');
    if (refused) return null;
    throw error;
  }
}

/** Our fields that people may edit, per object; all of them where the integration user may not see who may. */
export async function readFieldAccess(client: Client, options: CallOptions): Promise<FieldAccess> {
  const editable = await findEditable(client, options);
  const keysOf = (object: SalesforceObject): FieldKey[] =>
    FIELDS.flatMap(({ key, salesforceName }) =>
      (editable?.has(`${object}.${salesforceName}`) ?? true) ? [key] : [],
    );
  return Object.fromEntries(writeObjects.map((object) => [object, keysOf(object)]));
}

/** Those of the sets that the integration user has, by themselves or in groups, and nobody else. */
async function findOurs(
  client: Client,
  sets: ReadonlySet<string>,
  options: CallOptions,
): Promise<Set<string>> {
  if (sets.size === 0) return new Set();
  const { userId } = await client.session(options);
  const mine = await queryRows(
    client,
    `SELECT PermissionSetId, PermissionSetGroupId FROM PermissionSetAssignment WHERE AssigneeId = ${quote(userId)}`,
    Assignment,
    options,
  );
  const components = await queryRows(
    client,
    `SELECT PermissionSetGroupId, PermissionSetId FROM PermissionSetGroupComponent WHERE PermissionSetId IN (${[...sets].map(quote).join(', ')})`,
    Component,
    options,
  );
  const held = new Set(mine.flatMap((row) => [row.PermissionSetId, row.PermissionSetGroupId]));
  const groupsOf = Map.groupBy(components, (row) => row.PermissionSetId);
  // One by one: a set that thousands share, in one query with the others, would hide that somebody shares those.
  const isShared = async (
    column: 'PermissionSetId' | 'PermissionSetGroupId',
    id: string,
  ): Promise<boolean> => {
    const others = await queryRows(
      client,
      `SELECT PermissionSetId FROM PermissionSetAssignment WHERE ${column} = ${quote(id)} AND AssigneeId != ${quote(userId)} LIMIT 1`,
      Assignment,
      options,
    );
    return others.length > 0;
  };
  const alone = new Set<string>();
  for (const set of sets) {
    const groups = (groupsOf.get(set) ?? []).map((row) => row.PermissionSetGroupId);
    // A group that the integration user does not have is somebody else's, or may be at any moment.
    if (!groups.every((group) => held.has(group))) continue;
    if (!held.has(set) && groups.length === 0) continue;
    if (await isShared('PermissionSetId', set)) continue;
    let shared = false;
    for (const group of groups) shared ||= await isShared('PermissionSetGroupId', group);
    if (!shared) alone.add(set);
  }
  return alone;
}
