import type { CallOptions } from '../connectors/call.ts';
import type { Crm } from '../connectors/crm.ts';
import type { PageReader } from '../connectors/page-reader.ts';
import type { Search } from '../connectors/search.ts';
import type { Database } from '../db.ts';
import { ProviderDownError, ProviderError } from '../errors.ts';
import { SettingsChanged } from './1-sync/settings-changed.ts';
import { syncConnection } from './1-sync/sync.ts';
import type { SyncResult } from './1-sync/sync.ts';
import { SyncedElsewhere } from './1-sync/synced-elsewhere.ts';
import { settleWrites } from './after-page.ts';
import type { Budget } from './budget.ts';
import { openCallLedger } from './call-ledger.ts';
import { findMissingDomains } from './find-domains.ts';
import { holdSync } from './hold-sync.ts';
import type { GotOn } from './queue/handlers.ts';
import type { ConnectionJob, JobResult } from './queue/jobs.ts';
import { checkConnection, pauseRefused, whyClosed } from './open-connection.ts';
import { findConnection, nameConnection } from './store/connections.ts';
import type { Connection } from './store/connections.ts';
import { askForFullSync } from './store/cursors.ts';
import { nameEditors } from './name-editors.ts';
import { readUsers } from './read-users.ts';
import type { Observer } from './run-company.ts';
import type { Prices } from './store/usage.ts';
import { whenToRetry } from './when-to-retry.ts';

const DAY_MS = 86_400_000;
// What a CRM refuses it will refuse again: each try costs calls of the org's daily allowance.
const REFUSED_RETRY_MS = 15 * 60_000;
const HELD_RETRY_MS = 5_000;

type Deps = {
  db: Database;
  crmOf(connection: Connection): Crm;
  search: Search | null;
  pages: PageReader;
  prices: Prices;
  budget: Budget;
  observer?: Observer;
  onError(error: unknown, what: string): void;
};

/**
 * Reads one connection's changes, its access checked once a day first, and keeps what the calls cost; one process at a time. `full`: everything
 * anew, also where this is stopped and another sync goes on.
 * @throws SyncedElsewhere
 */
export async function syncOnce(
  deps: Deps,
  connection: Connection,
  options: {
    full: boolean;
    signal: AbortSignal;
    onProgress?: (progress: { object: string; read: number }) => void;
    onStored?: () => void;
    /** Told once where another process syncs the connection, whose end is waited for; left out: it is left to that one. */
    onWait?: () => void;
  },
): Promise<SyncResult & { companiesFound: number }> {
  // At once: whoever is at it reads in vain from now on, and stops.
  if (options.full)
    await deps.db.inWorkspace(connection.workspaceId, (tx) => askForFullSync(tx, connection.id));
  return holdSync(deps.db, connection, options, (signal) =>
    syncHeld(deps, connection, { ...options, signal }),
  );
}

async function syncHeld(
  deps: Deps,
  connection: Connection,
  options: Parameters<typeof syncOnce>[2],
): Promise<SyncResult & { companiesFound: number }> {
  const ledger = openCallLedger(deps, connection);
  const call: CallOptions = {
    signal: options.signal,
    onCall: ledger.add,
    onNotice: (notice) => deps.onError(new Error(notice), `sync of ${connection.kind}`),
  };
  try {
    const checked = await checkDaily(deps, connection, call);
    const crm = deps.crmOf(checked);
    const result = await syncConnection({
      db: deps.db,
      crm,
      connection: checked,
      call,
      onPage: (tx, records, strayed) => settleWrites(tx, connection, records, strayed),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...(options.onStored === undefined ? {} : { onStored: options.onStored }),
    });
    await readUsers(deps, crm, connection, call);
    await nameEditors(deps, crm, connection, call);
    return { ...result, companiesFound: await findDomains(deps, connection, call) };
  } finally {
    await ledger.saved();
  }
}

/** The connection as it is once its access was checked today: the first check finds whose limits it shares. */
async function checkDaily(deps: Deps, connection: Connection, call: CallOptions): Promise<Connection> {
  const age = connection.checkedAt === null ? Infinity : Date.now() - connection.checkedAt.getTime();
  if (age <= DAY_MS) return connection;
  await checkConnection(deps, connection, call);
  const now = await deps.db.inWorkspace(connection.workspaceId, (tx) => findConnection(tx, connection.id));
  // Under other settings the sync is to begin anew, which it finds out by itself.
  return {
    ...connection,
    account: now?.account ?? connection.account,
    organizationId: now?.organizationId ?? connection.organizationId,
  };
}

/** The CRM itself was read: names that search can't answer now, or that nobody would pay for, wait for the next sync. */
async function findDomains(deps: Deps, connection: Connection, call: CallOptions): Promise<number> {
  if (await deps.budget.isSpent(connection.workspaceId)) return 0;
  try {
    return await findMissingDomains(deps, connection, call);
  } catch (error) {
    const isSearch = error instanceof ProviderError || error instanceof ProviderDownError;
    if (call.signal.aborted || !isSearch) throw error;
    deps.onError(error, 'companies without a website were not looked up by name');
    return 0;
  }
}

/** The queue's sync job: wrong credentials pause that connection alone and say so; outages come back later. */
export function createSyncJob(deps: Deps) {
  const told = new Set<string>();
  /** A connection whose stored credentials do not open here would otherwise stand still without a word. */
  const tellClosed = (connection: Connection, why: Error): void => {
    if (connection.credentials === null || told.has(connection.id)) return;
    told.add(connection.id);
    deps.onError(why, `${nameConnection(connection)} is left to other processes`);
  };
  return async (
    job: ConnectionJob,
    signal: AbortSignal,
    gotOn: GotOn = () => undefined,
  ): Promise<JobResult> => {
    const connection = await deps.db.inWorkspace(job.workspaceId, (tx) =>
      findConnection(tx, job.connectionId),
    );
    if (connection === null || connection.status !== 'active') return 'done';
    const closed = whyClosed(deps, connection);
    if (closed !== null) {
      tellClosed(connection, closed);
      return 'done';
    }
    try {
      await syncOnce(deps, connection, { full: false, signal, onStored: gotOn });
      return 'done';
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof SettingsChanged) return { againInMs: 0 };
      // When they are through, what is new since is read; and all of it where they were killed.
      if (error instanceof SyncedElsewhere) return { againInMs: HELD_RETRY_MS };
      const againInMs = whenToRetry(error);
      if (againInMs !== null) return { againInMs };
      if (await pauseRefused(deps, connection, error)) return 'done';
      if (error instanceof ProviderError) {
        deps.onError(error, `sync of ${nameConnection(connection)}`);
        return { againInMs: REFUSED_RETRY_MS };
      }
      throw error;
    }
  };
}
