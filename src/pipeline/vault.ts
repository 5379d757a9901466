import { setTimeout as wait } from 'node:timers/promises';
import { Credentials } from '../connectors/crm-credentials.ts';
import type { GrantStore, HubspotGrant } from '../connectors/crm-credentials.ts';
import type { Database, Tx } from '../db.ts';
import { ProviderError, UserError } from '../errors.ts';
import type { Seal } from '../seal.ts';
import { findConnection, nameConnection } from './store/connections.ts';
import type { Connection, StoredCredentials } from './store/connections.ts';
import {
  boundTo,
  listSealedOtherwise,
  lockCredentials,
  saveCredentials,
  tryLockCredentials,
} from './store/credentials.ts';

type At = Pick<Connection, 'workspaceId' | 'id' | 'kind' | 'name'>;

/** The credentials that are stored, sealed under SECRET_KEY. */
export type Vault = {
  /** @throws UserError when none are stored, or they do not open here */
  open(connection: Connection): Credentials;
  /** What seals here. @throws UserError without a SECRET_KEY: nothing can be stored */
  requireSeal(): Seal;
  /** Stores credentials in place of those before. @throws UserError without a SECRET_KEY */
  put(connection: At, credentials: Credentials): Promise<void>;
  /** Where the grant of an OAuth app is kept, for all processes. */
  grantOf(connection: At): GrantStore;
  /** Seals under SECRET_KEY what SECRET_KEY_PREVIOUS still seals. Returns how many. */
  reseal(workspaceId: string): Promise<number>;
};

const NO_KEY = [
  'Credentials are stored sealed, and SECRET_KEY is not set',
  'Set SECRET_KEY to 32 bytes in base64, the same in every process: openssl rand -base64 32',
] as const;

// A renewal takes 37 s at most (connectors/hubspot/limits.ts), as a rule less than one.
const PATIENCE_MS = 40_000;
const LOOK_AGAIN_MS = 200;

/** @param patienceMs how long others wait for one who renews */
export function createVault({
  db,
  seal,
  patienceMs = PATIENCE_MS,
}: {
  db: Database;
  seal: Seal | null;
  patienceMs?: number;
}): Vault {
  const mustSeal = (): Seal => {
    if (seal === null) throw new UserError(...NO_KEY);
    return seal;
  };

  const unseal = (at: At, stored: StoredCredentials): Credentials => {
    const { workspaceId, id: connectionId } = at;
    const place = boundTo({ workspaceId, connectionId, version: stored.version });
    const text = mustSeal().open(stored, place, `The credentials of ${nameConnection(at)}`);
    return Credentials.parse(JSON.parse(text));
  };

  const save = async (tx: Tx, at: At, version: number, credentials: Credentials): Promise<void> => {
    const place = { workspaceId: at.workspaceId, connectionId: at.id, version };
    const sealed = mustSeal().seal(JSON.stringify(credentials), boundTo(place));
    if (!(await saveCredentials(tx, place, sealed)))
      throw new UserError(
        `Somebody else stored credentials of ${nameConnection(at)} in this moment`,
        'Look whose they are ("fieldnote connect --list"), then store yours again.',
      );
  };

  /**
   * Runs `act` on the stored credentials with everybody else locked out; what it answers is stored, null leaves them. Who finds them locked
   * waits without a database connection, or many who wait would leave none. @throws ProviderError when they are locked for too long
   */
  const change = async (
    at: At,
    act: (stored: Credentials) => Promise<Credentials | null>,
  ): Promise<Credentials | null> => {
    const tryOnce = (): Promise<Credentials | null | 'held'> =>
      db.inWorkspace(at.workspaceId, async (tx) => {
        const stored = await tryLockCredentials(tx, at.id);
        if (stored === null || stored === 'held') return stored;
        const held = unseal(at, stored);
        const next = await act(held);
        if (next !== null) await save(tx, at, stored.version + 1, next);
        return next ?? held;
      });
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const changed = await tryOnce();
      if (changed !== 'held') return changed;
      if (performance.now() > deadline)
        throw new ProviderError({
          provider: at.kind,
          operation: 'token refresh',
          kind: 'unavailable',
          message: `another process renews the credentials of ${nameConnection(at)} and did not end within ${Math.round(patienceMs / 1000)} s`,
        });
      await wait(LOOK_AGAIN_MS * (0.5 + Math.random()));
    }
  };

  const asGrant = (at: At, credentials: Credentials | null): HubspotGrant => {
    if (credentials === null || !('refreshToken' in credentials))
      throw new UserError(
        `${nameConnection(at)} holds no OAuth grant any more`,
        'Somebody stored other credentials; the next job takes them.',
      );
    return credentials;
  };

  return {
    open: (connection) => {
      if (connection.credentials === null)
        throw new UserError(
          `No credentials are stored for ${nameConnection(connection)}`,
          `Store them: fieldnote connect ${connection.kind} --name ${connection.name}`,
        );
      return unseal(connection, connection.credentials);
    },
    requireSeal: mustSeal,
    put: (at, credentials) =>
      db.inWorkspace(at.workspaceId, async (tx) => {
        const stored = await lockCredentials(tx, at.id);
        await save(tx, at, (stored?.version ?? 0) + 1, credentials);
      }),
    grantOf: (at) => ({
      read: async () => {
        const connection = await db.inWorkspace(at.workspaceId, (tx) => findConnection(tx, at.id));
        const stored = connection?.credentials ?? null;
        return asGrant(at, stored === null ? null : unseal(at, stored));
      },
      change: async (known, renew) =>
        asGrant(
          at,
          await change(at, async (stored) => {
            const grant = asGrant(at, stored);
            return (grant.access?.token ?? null) === known ? renew(grant) : null;
          }),
        ),
    }),
    reseal: async (workspaceId) => {
      const ids = await db.inWorkspace(workspaceId, (tx) => listSealedOtherwise(tx, mustSeal().keyId));
      for (const id of ids) {
        const connection = await db.inWorkspace(workspaceId, (tx) => findConnection(tx, id));
        if (connection !== null) await change(connection, async (stored) => stored);
      }
      return ids.length;
    },
  };
}
