import { z } from 'zod';
import type { CallOptions } from '../call.ts';
import type { CrmUser } from '../crm-users.ts';
import type { Client } from './client.ts';
import { queryRows, quote } from './query.ts';

const User = z.object({ Id: z.string(), Name: z.string(), Email: z.string().nullable() });
const Named = User.pick({ Id: true, Name: true });
// They stand in the query's address, of which a server takes 8,000 characters for sure.
const IDS_PER_QUERY = 200;
const IDS = /^[A-Za-z0-9]{15,18}$/;

/** Users by id. A queue that owns leads is none, and who was deactivated, and may still own much, is one no longer. */
export async function readUsers(
  client: Client,
  externalIds: readonly string[],
  options: CallOptions,
): Promise<CrmUser[]> {
  const users: CrmUser[] = [];
  for (const list of inLists(externalIds)) {
    const soql = `SELECT Id, Name, Email FROM User WHERE IsActive = true AND Id IN (${list})`;
    const rows = await queryRows(client, soql, User, options);
    users.push(...rows.map(({ Id, Name, Email }) => ({ externalId: Id, name: Name, email: Email })));
  }
  return users;
}

/** The names of users by id; who made a change and left since had a name, too. */
export async function readAuthors(
  client: Client,
  userIds: readonly string[],
  options: CallOptions,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const list of inLists(userIds)) {
    const rows = await queryRows(client, `SELECT Id, Name FROM User WHERE Id IN (${list})`, Named, options);
    for (const { Id, Name } of rows) names.set(Id, Name);
  }
  return names;
}

function* inLists(given: readonly string[]): Generator<string> {
  const ids = given.filter((id) => IDS.test(id));
  for (let start = 0; start < ids.length; start += IDS_PER_QUERY)
    yield ids
      .slice(start, start + IDS_PER_QUERY)
      .map(quote)
      .join(', ');
}
