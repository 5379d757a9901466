import type { Crm } from '../connectors/crm.ts';
import type { Database, Tx } from '../db.ts';
import { createFlusher } from './7-write-back/flush.ts';
import { LONGEST_LINGER_MS } from './7-write-back/linger.ts';
import type { FlushCounts, FlusherOptions, FlushRequest, FlushResult } from './7-write-back/flush.ts';
import { openCallLedger } from './call-ledger.ts';
import { pauseRefused, whyClosed } from './open-connection.ts';
import type { GotOn } from './queue/handlers.ts';
import type { ConnectionJob, JobResult } from './queue/jobs.ts';
import { findConnection, nameConnection } from './store/connections.ts';
import type { Connection } from './store/connections.ts';
import { hasRunningBatch } from './store/runs.ts';
import { hasWaitedFor } from './store/writes-waited.ts';
import { MOST_COUNTED } from './store/writes-open.ts';
import type { Observer } from './run-company.ts';
import type { Prices } from './store/usage.ts';

type Deps = {
  db: Database;
  crmOf(connection: Connection): Crm;
  prices: Prices;
  observer?: Observer;
  onFlushed?: (result: FlushResult) => void;
  onError(error: unknown, what: string): void;
};

type FlushOnce = (
  connection: Connection,
  options: {
    signal: AbortSignal;
    mode: FlushRequest['mode'];
    onProgress?: (counts: FlushCounts) => void;
  },
) => Promise<FlushResult>;

const SHORTEST_WAIT_MS = 200;
// In an outage a flush looks again every few seconds; a day's allowance is gone for hours.
const TELL_EVERY_MS = 60_000;
const TELL_QUOTA_EVERY_MS = 60 * 60_000;

/** A connection as writing needs it: its CRM, which of our fields people may edit there, and when each may be written. */
export function openForWriting(deps: Pick<Deps, 'db' | 'crmOf'>): FlusherOptions['openCrm'] {
  return async (workspaceId, connectionId) => {
    const connection = await deps.db.inWorkspace(workspaceId, (tx) => findConnection(tx, connectionId));
    if (connection === null) throw new Error(`there is no connection ${connectionId}`);
    const { fieldAccess, accessAgeMs, settings } = connection;
    return { crm: deps.crmOf(connection), fieldAccess, accessAgeMs, policies: settings.write };
  };
}

/** Sends one connection's planned writes and keeps what the calls cost. */
function createFlushOnce(deps: Deps): FlushOnce {
  const flusher = createFlusher({ db: deps.db, openCrm: openForWriting(deps) });
  return async (connection, options) => {
    const ledger = openCallLedger(deps, connection);
    const { workspaceId, id: connectionId } = connection;
    try {
      const result = await flusher.flushConnection({
        workspaceId,
        connectionId,
        signal: options.signal,
        mode: options.mode,
        onCall: ledger.add,
        ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      });
      deps.onFlushed?.(result);
      return result;
    } finally {
      await ledger.saved();
    }
  };
}

/**
 * While a run still plans writes, only full batches go out: a thousand records then take the fewest calls that the platform allows. What
 * has waited too long goes out with everything that waits in that moment.
 */
async function choosePace(tx: Tx, connectionId: string): Promise<'now' | 'full-batches-only' | 'all-once'> {
  if (!(await hasRunningBatch(tx))) return 'now';
  return (await hasWaitedFor(tx, connectionId, LONGEST_LINGER_MS)) ? 'all-once' : 'full-batches-only';
}

/** The queue's flush job: full batches while a run goes on, everything once it is over. */
export function createFlushJob(deps: Deps) {
  const flushOnce = createFlushOnce(deps);
  const toldAt = new Map<string, number>();
  const tell = (
    connection: Connection,
    waiting: number,
    { because, fix, error }: NonNullable<FlushResult['stopped']>,
  ): void => {
    const last = toldAt.get(connection.id) ?? Number.NEGATIVE_INFINITY;
    const every = error?.kind === 'quota' ? TELL_QUOTA_EVERY_MS : TELL_EVERY_MS;
    if (performance.now() - last < every) return;
    toldAt.set(connection.id, performance.now());
    deps.onError(
      new Error([because, fix].filter(Boolean).join('; ')),
      `${waiting}${waiting === MOST_COUNTED ? ' or more' : ''} writes to ${nameConnection(connection)} wait`,
    );
  };
  return async (
    job: ConnectionJob,
    signal: AbortSignal,
    gotOn: GotOn = () => undefined,
  ): Promise<JobResult> => {
    const { connection, mode } = await deps.db.inWorkspace(job.workspaceId, async (tx) => ({
      connection: await findConnection(tx, job.connectionId),
      mode: await choosePace(tx, job.connectionId),
    }));
    if (connection === null || connection.status !== 'active') return 'done';
    // Without its credentials here, its writes stay planned for a process that has them.
    if (whyClosed(deps, connection) !== null) return 'done';
    let result = await flushOnce(connection, { signal, mode, onProgress: gotOn });
    if (result.stopped?.error?.kind === 'quota' && !signal.aborted) {
      const { waiting } = await flushOnce(connection, { signal, mode: 'asked-only' });
      result = { ...result, waiting };
    }
    if (result.stopped !== null && !signal.aborted) {
      const { error } = result.stopped;
      if (error?.credentialsRefused === true && (await pauseRefused(deps, connection, error))) return 'done';
      tell(connection, result.waiting, result.stopped);
    }
    // Partial batches of a run that goes on wait for its next companies or its end, which ask for a flush themselves, as
    // resuming does for those of a paused one.
    if (result.comeBackAt === null) return 'done';
    const againInMs = Math.max(result.comeBackAt.getTime() - Date.now(), SHORTEST_WAIT_MS);
    return { againInMs, orWhenAsked: result.stopped === null };
  };
}
