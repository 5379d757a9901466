import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { mintButtonKey } from '../pipeline/button-key.ts';
import { commandFor } from '../pipeline/open-connection.ts';
import { listButtonKeys, revokeButtonKey } from '../pipeline/store/button-keys.ts';
import { DEFAULT_CONNECTION, findNamedConnection, nameConnection } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import type { Terminal } from './terminal.ts';

// Two while one takes the other's place; more than a few are forgotten ones.
const MOST = 5;

/** `connect salesforce --button-key`: a key that the org's card and buttons sign with, printed this once. */
export async function issueButtonKey(
  app: App,
  terminal: Terminal,
  connection: Connection,
  options: { json: boolean },
): Promise<void> {
  requireSalesforce(connection);
  const { workspaceId, organization, organizationId } = connection;
  if (organizationId === null)
    throw new UserError(
      `${nameConnection(connection)} was never checked, so nobody knows which org would use the key`,
      `Check it first: ${commandFor(connection)}`,
    );
  const seal = app.vault.requireSeal();
  const minted = await app.db.inWorkspace(workspaceId, async (tx) => {
    const good = (await listButtonKeys(tx, connection.id)).filter(({ revokedAt }) => revokedAt === null);
    if (good.length >= MOST)
      throw new UserError(
        `${nameConnection(connection)} has ${good.length} keys already`,
        `Revoke one that nobody uses: ${commandFor(connection)} --revoke-button-key ID (--button-keys lists them).`,
      );
    return mintButtonKey(tx, seal, connection);
  });
  if (options.json) {
    terminal.json({ ...minted, organization, organizationId });
    return;
  }
  terminal.print(minted.key);
  terminal.note(
    `Key ${minted.id} speaks for ${organization ?? organizationId} (${organizationId}). It is not shown again: in Salesforce, enter it under Setup, Custom Settings, Fieldnote Button, Manage, New.`,
  );
}

/** `connect salesforce --button-keys`: the connection's keys, the newest first. */
export async function printButtonKeys(
  { db }: App,
  terminal: Terminal,
  connection: Connection,
  options: { json: boolean },
): Promise<void> {
  requireSalesforce(connection);
  const keys = (await db.inWorkspace(connection.workspaceId, (tx) => listButtonKeys(tx, connection.id))).map(
    ({ id, createdAt, lastUsedAt, revokedAt }) => ({
      id,
      state: revokedAt === null ? 'good' : 'revoked',
      createdAt: createdAt.toISOString(),
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
    }),
  );
  if (options.json) terminal.json(keys);
  else if (keys.length === 0) terminal.print(`No key yet: ${commandFor(connection)} --button-key`);
  else
    terminal.table(
      ['id', 'state', 'made', 'last used'],
      keys.map((key) => [key.id, key.state, key.createdAt.slice(0, 10), key.lastUsedAt ?? 'never']),
    );
}

/** `connect salesforce --revoke-button-key ID`: calls signed with it are refused from now on. */
export async function takeButtonKey(
  { db }: App,
  terminal: Terminal,
  connection: Connection,
  id: string,
): Promise<void> {
  requireSalesforce(connection);
  if (!(await db.inWorkspace(connection.workspaceId, (tx) => revokeButtonKey(tx, connection.id, id))))
    throw new UserError(
      `${nameConnection(connection)} has no key ${id}`,
      `"${commandFor(connection)} --button-keys" shows their ids.`,
    );
  terminal.print(`Revoked ${id}. Calls that are signed with it are refused from now on.`);
}

/** A new key in place of all before: for the demo, whose org is told of it at each start. */
export async function changeButtonKey({ db, vault, workspaceId }: App): Promise<string> {
  const seal = vault.requireSeal();
  return db.inWorkspace(workspaceId, async (tx) => {
    const connection = await findNamedConnection(tx, 'salesforce', DEFAULT_CONNECTION);
    if (connection === null) throw new Error('the demo has no Salesforce connection');
    for (const { id } of await listButtonKeys(tx, connection.id))
      await revokeButtonKey(tx, connection.id, id);
    return (await mintButtonKey(tx, seal, connection)).key;
  });
}

function requireSalesforce({ kind }: Connection): void {
  if (kind === 'salesforce') return;
  throw new UserError(
    "Keys are for Salesforce's card and buttons",
    "HubSpot signs with its app's client secret: HUBSPOT_CLIENT_SECRET.",
  );
}
