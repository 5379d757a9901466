import { z } from 'zod';
import type { CallOptions } from '../call.ts';
import type { CrmUser } from '../crm-users.ts';
import type { Client } from './client.ts';
import { queryRows, quote } from './query.ts';

const User = z.object({ Id: z.string(), Name: z.string(), Email: z.string().nullable() });
// They stand in the query's address, of which a server takes 8,000 characters for sure.
const IDS_PER_QUERY = 200;
const IDS = /^[A-Za-z0-9]{15,18}$/;

/** Users by id. A queue that owns leads is none, and who was deactivated, and may still own much, is one no longer. */
export async function readUsers(
  client: Client,
  externalIds: readonly string[],
  options: CallOptions,
): Promise<CrmUser[]> {
  const ids = externalIds.filter((id) => IDS.test(id));
  const users: CrmUser[] = [];
  for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
    const list = ids
      .slice(start, start + IDS_PER_QUERY)
      .map(quote)
      .join(', ');
    const rows = await queryRows(
      client,
      `SELECT Id, Name, Email FROM User WHERE IsActive = true AND Id IN (${list})`,
      User,
      options,
    );
    users.push(...rows.map(({ Id, Name, Email }) => ({ externalId: Id, name: Name, email: Email })));
  }
  return users;
}
