import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { FIELDS } from '../crm-fields.ts';
import type { Client } from './client.ts';
import { writeObjects } from './fields.ts';
import { queryRows, quote } from './query.ts';

const FieldPermission = z.object({ Field: z.string(), ParentId: z.string() });
const Assignment = z.object({ PermissionSetId: z.string() });

/**
 * The paths (`Account.Fieldnote_Pitch__c`) that someone besides the integration user may edit: granted by a permission
 * set or profile that is not the integration user's alone. One that nobody has yet counts too, since it can be given
 * to somebody at any moment.
 * @returns null when the integration user may not see the setup that tells
 */
export async function findEditable(client: Client, options: CallOptions): Promise<Set<string> | null> {
  const paths = writeObjects.flatMap((object) => FIELDS.map((field) => `${object}.${field.salesforceName}`));
  const { userId } = await client.session(options);
  try {
    const granted = await queryRows(
      client,
      `SELECT Field, ParentId FROM FieldPermissions WHERE PermissionsEdit = true AND Field IN (${paths.map(quote).join(', ')})`,
      FieldPermission,
      options,
    );
    const mine = await queryRows(
      client,
      `SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = ${quote(userId)}`,
      Assignment,
      options,
    );
    const granting = new Set(granted.map((row) => row.ParentId));
    const alone = new Set(
      mine.flatMap((row) => (granting.has(row.PermissionSetId) ? row.PermissionSetId : [])),
    );
    // One by one: a set that thousands share, in one query with the others, would hide that somebody shares those.
    for (const set of alone) {
      const others = await queryRows(
        client,
        `SELECT PermissionSetId FROM PermissionSetAssignment WHERE PermissionSetId = ${quote(set)} AND AssigneeId != ${quote(userId)} LIMIT 1`,
        Assignment,
        options,
      );
      if (others.length > 0) alone.delete(set);
    }
    return new Set(granted.filter((row) => !alone.has(row.ParentId)).map((row) => row.Field));
  } catch (error) {
    const refused =
      error instanceof ProviderError && (error.kind === 'refused' || error.kind === 'unauthorized');
    if (refused) return null;
    throw error;
  }
}
