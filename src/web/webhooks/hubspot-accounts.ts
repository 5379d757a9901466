import { whyClosed } from '../../pipeline/open-connection.ts';
import { listConnections } from '../../pipeline/store/connections.ts';
import type { Connection } from '../../pipeline/store/connections.ts';
import { listWorkspaces } from '../../pipeline/store/workspaces.ts';
import type { WebDeps } from '../deps.ts';

/** A connected HubSpot account, and the secret of the app that signs what it sends. */
export type HubspotAccount = { portalId: string; connection: Connection; secret: string };

// Deliveries come many a second; a connection that is made or changed shows after this.
const BELIEVED_MS = 10_000;

/** The accounts of all workspaces from which webhooks may come. One account may be connected in several workspaces. */
export function createHubspotAccounts({
  db,
  webhooks,
}: Pick<WebDeps, 'db' | 'webhooks'>): () => Promise<readonly HubspotAccount[]> {
  const read = async (): Promise<readonly HubspotAccount[]> => {
    const accounts: HubspotAccount[] = [];
    for (const workspaceId of await listWorkspaces(db))
      for (const connection of await db.inWorkspace(workspaceId, listConnections)) {
        const { kind, status, organizationId: portalId } = connection;
        if (kind !== 'hubspot' || status !== 'active' || portalId === null) continue;
        const secret = webhooks.secretOf(connection);
        if (secret !== null && whyClosed(webhooks, connection) === null)
          accounts.push({ portalId, connection, secret });
      }
    return accounts;
  };
  let last: { at: number; accounts: Promise<readonly HubspotAccount[]> } | null = null;
  return () => {
    const now = performance.now();
    if (last !== null && now - last.at < BELIEVED_MS) return last.accounts;
    const accounts = read();
    last = { at: now, accounts };
    accounts.catch(() => {
      if (last?.accounts === accounts) last = null;
    });
    return accounts;
  };
}
