import type { Crm } from '../connectors/crm.ts';
import type { Database } from '../db.ts';
import { ProviderError, describeError } from '../errors.ts';
import { catchUp } from './1-sync/catch-up.ts';
import { SettingsChanged } from './1-sync/settings-changed.ts';
import { settleWrites } from './after-page.ts';
import { openCallLedger } from './call-ledger.ts';
import { pauseRefused, whyClosed } from './open-connection.ts';
import type { GotOn } from './queue/handlers.ts';
import type { ConnectionJob, JobResult } from './queue/jobs.ts';
import type { Queue } from './queue/queue.ts';
import type { Observer } from './run-company.ts';
import { askForSync, findConnection, nameConnection } from './store/connections.ts';
import type { Connection } from './store/connections.ts';
import { dropHints, noteHintsFailed, readClock } from './store/record-hints.ts';
import type { Prices } from './store/usage.ts';
import { whenToRetry } from './when-to-retry.ts';

type Deps = {
  db: Database;
  queue: Pick<Queue, 'requestSync'>;
  crmOf(connection: Connection): Crm;
  prices: Prices;
  observer?: Observer;
  onError(error: unknown, what: string): void;
};

// With the CRM there, yet failing (a gateway's 502 for just these records): then an ordinary sync is the better way.
const TRIES = 5;
const FIRST_RETRY_MS = 5_000;

/**
 * The queue's catch-up job: reads the records of one connection that somebody told us to look at. While the CRM is down, or our share
 * of its day is used up, hints wait; what it refuses is given up and left to a sync at once, which says what is wrong.
 */
export function createCatchUpJob(deps: Deps) {
  return async (
    job: ConnectionJob,
    signal: AbortSignal,
    gotOn: GotOn = () => undefined,
  ): Promise<JobResult> => {
    const { workspaceId, connectionId } = job;
    const { connection, toldBy } = await deps.db.inWorkspace(workspaceId, async (tx) => ({
      connection: await findConnection(tx, connectionId),
      toldBy: await readClock(tx),
    }));
    if (connection === null || connection.status !== 'active') return 'done';
    // Without its credentials here, its hints stay for a process that has them.
    if (whyClosed(deps, connection) !== null) return 'done';
    const ledger = openCallLedger(deps, connection);
    try {
      await catchUp({
        db: deps.db,
        crm: deps.crmOf(connection),
        connection,
        toldBy,
        call: {
          signal,
          onCall: ledger.add,
          onNotice: (notice) => deps.onError(new Error(notice), `sync of ${connection.kind}`),
        },
        onPage: (tx, records, strayed) => settleWrites(tx, connection, records, strayed),
        onProgress: gotOn,
      });
      return 'done';
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof SettingsChanged) return { againInMs: 0 };
      const againInMs = whenToRetry(error);
      if (againInMs !== null && !isAboutTheRecords(error)) return { againInMs };
      const isForbidden = error instanceof ProviderError && error.forbidden;
      if (!isForbidden && (await pauseRefused(deps, connection, error))) return 'done';
      if (!(error instanceof ProviderError)) throw error;
      const givenUp = await giveUp(deps, connection, {
        toldBy,
        giveUpAfter: againInMs === null ? 1 : TRIES,
      });
      if (givenUp > 0)
        deps.onError(
          new Error(`${describeError(error)}; a sync looks at them instead`),
          `${givenUp} records of ${nameConnection(connection)} that changed could not be read`,
        );
      return againInMs === null ? 'done' : { againInMs: Math.min(againInMs, FIRST_RETRY_MS) };
    } finally {
      await ledger.saved();
    }
  };
}

/** The CRM answered, or should have: neither an open breaker nor a limit says anything about these records. */
function isAboutTheRecords(error: unknown): boolean {
  return error instanceof ProviderError && error.kind === 'unavailable';
}

/** Counts a failure; what failed too often is left to a sync at once. Answers how many records that are. */
async function giveUp(
  { db, queue }: Deps,
  { workspaceId, id: connectionId }: Connection,
  failed: { toldBy: Date; giveUpAfter: number },
): Promise<number> {
  const tooOften = await db.inWorkspace(workspaceId, (tx) => noteHintsFailed(tx, connectionId, failed));
  if (!tooOften) return 0;
  return db.inWorkspace(workspaceId, async (tx) => {
    // The connection first, as a sync does, so that no two wait for each other in a circle.
    await askForSync(tx, connectionId);
    await queue.requestSync(tx, { workspaceId, connectionId });
    return dropHints(tx, connectionId, failed);
  });
}
