import type { CrmUser } from '../../connectors/crm-users.ts';
import type { Tx } from '../../db.ts';

type At = { workspaceId: string; connectionId: string };

// Addresses change seldom, and who joins owns records soon.
const READ_AGAIN_HOURS = 1;
const MOST_OWNERS = 5_000;

/** The owners of a connection's records, when it is time to ask who they are; null while it is not. */
export async function listOwnersDue(tx: Tx, connectionId: string): Promise<string[] | null> {
  const { rowCount } = await tx.query(
    `select from connections where id = $1
       and (users_read_at is null or users_read_at < now() - make_interval(hours => $2))`,
    [connectionId, READ_AGAIN_HOURS],
  );
  if (rowCount === 0) return null;
  // From one owner to the next: each owns thousands of records, of which one is looked at.
  const { rows } = await tx.query<{ ownerId: string }>(
    `with recursive owners (id) as (
       (select owner_id from records
        where connection_id = $1 and owner_id is not null and not deleted order by owner_id limit 1)
       union all
       select (select r.owner_id from records r
         where r.connection_id = $1 and r.owner_id > owners.id and not r.deleted order by r.owner_id limit 1)
       from owners where owners.id is not null
     )
     select id as "ownerId" from owners where id is not null limit $2`,
    [connectionId, MOST_OWNERS],
  );
  return rows.map(({ ownerId }) => ownerId);
}

/** Keeps who they are, in place of what was known of the connection's users before. */
export async function replaceUsers(
  tx: Tx,
  { workspaceId, connectionId }: At,
  users: readonly CrmUser[],
): Promise<void> {
  await tx.query('delete from crm_users where connection_id = $1', [connectionId]);
  await tx.query(
    `insert into crm_users (workspace_id, connection_id, external_id, name, email)
     select $1, $2, id, name, lower(email) from unnest($3::text[], $4::text[], $5::text[]) as u (id, name, email)
     on conflict do nothing`,
    [
      workspaceId,
      connectionId,
      users.map(({ externalId }) => externalId),
      users.map(({ name }) => name),
      users.map(({ email }) => email),
    ],
  );
}

/** The users were read, or could not be: not again for an hour. */
export async function noteUsersRead(tx: Tx, connectionId: string): Promise<void> {
  await tx.query('update connections set users_read_at = now() where id = $1', [connectionId]);
}
