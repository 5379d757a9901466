import type { CallOptions } from '../connectors/call.ts';
import type { Crm } from '../connectors/crm.ts';
import type { Database } from '../db.ts';
import { ProviderDownError, ProviderError } from '../errors.ts';
import type { Connection } from './store/connections.ts';
import { listOwnersDue, noteUsersRead, replaceUsers } from './store/crm-users.ts';
import { forgoDisk } from './store/turns.ts';

/** Asks a CRM who owns the records that we mirror, once an hour. Where it does not tell, people are not known by their address. */
export async function readUsers(
  deps: { db: Database; onError(error: unknown, what: string): void },
  crm: Crm,
  { workspaceId, id: connectionId }: Connection,
  call: CallOptions,
): Promise<void> {
  if (crm.readUsers === undefined) return;
  const owners = await deps.db.inWorkspace(workspaceId, (tx) => listOwnersDue(tx, connectionId));
  if (owners === null) return;
  if (owners.length === 0) {
    // Nobody is to be known from before; and whoever comes to own something is asked about with the next sync.
    await deps.db.inWorkspace(workspaceId, (tx) => replaceUsers(tx, { workspaceId, connectionId }, []));
    return;
  }
  try {
    const users = await crm.readUsers(owners, call);
    await deps.db.inWorkspace(workspaceId, async (tx) => {
      await forgoDisk(tx);
      // The connection first, as whoever removes it has it.
      await noteUsersRead(tx, connectionId);
      await replaceUsers(tx, { workspaceId, connectionId }, users);
    });
  } catch (error) {
    const isCrm = error instanceof ProviderError || error instanceof ProviderDownError;
    if (call.signal.aborted || !isCrm) throw error;
    await deps.db.inWorkspace(workspaceId, (tx) => noteUsersRead(tx, connectionId));
    deps.onError(error, 'the owners of records are not known by their address');
  }
}
