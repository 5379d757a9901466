import { setTimeout as wait } from 'node:timers/promises';
import type { Crm } from '../connectors/crm.ts';
import type { StreamPosition, ToldBatch } from '../connectors/crm-told.ts';
import type { Database } from '../db.ts';
import { ProviderDownError, ProviderError, describeError } from '../errors.ts';
import { openCallLedger } from './call-ledger.ts';
import { pauseRefused } from './open-connection.ts';
import type { Queue } from './queue/queue.ts';
import type { Observer } from './run-company.ts';
import {
  advanceStream,
  noteFollowing,
  noteNotFollowing,
  releaseStream,
  renewStream,
  takeStream,
} from './store/change-streams.ts';
import type { Hold } from './store/change-streams.ts';
import { askForSync, nameConnection } from './store/connections.ts';
import type { Connection } from './store/connections.ts';
import type { Prices } from './store/usage.ts';
import { tellHints } from './tell-hints.ts';

export type FollowDeps = {
  db: Database;
  queue: Pick<Queue, 'requestCatchUp' | 'requestSync'>;
  crmOf(connection: Connection): Crm;
  prices: Prices;
  observer?: Observer;
  onError(error: unknown, what: string): void;
};

export type FollowTiming = {
  /** How long a worker that says nothing keeps its hold. */
  holdMs: number;
  renewMs: number;
};

export type FollowOptions = {
  connection: Connection;
  crm: Crm;
  hold: Hold;
  timing: FollowTiming;
  signal: AbortSignal;
};

// After a failure; doubled with each further one.
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
// What an org refuses it will refuse again until somebody sets it up.
const REFUSED_WAIT_MS = 15 * 60_000;
// So long without an error, the next one counts as the first.
const WELL_AFTER_MS = 60_000;

/** Listens to one connection for as long as the hold on it lasts; ends when it is lost, given up or stopped. */
export async function followConnection(deps: FollowDeps, options: FollowOptions): Promise<void> {
  const { hold, timing } = options;
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  const renewing = keepHold(deps, hold, timing, lost);
  try {
    await followUntilStopped(deps, { ...options, signal });
  } finally {
    renewing.stop();
    // A hold that is lost is not ours to let go of: the statement knows.
    await deps.db
      .inWorkspace(hold.workspaceId, (tx) => releaseStream(tx, hold))
      .catch((error: unknown) => deps.onError(error, 'letting go of change events'));
  }
}

/** Renews the hold, and gives it up before it runs out where the database can't be asked. */
function keepHold(
  { db, onError }: FollowDeps,
  hold: Hold,
  { holdMs, renewMs }: FollowTiming,
  lost: AbortController,
): { stop(): void } {
  let renewedAt = performance.now();
  let renewing = false;
  const renew = async (): Promise<void> => {
    const asked = performance.now();
    if (await db.inWorkspace(hold.workspaceId, (tx) => renewStream(tx, hold, holdMs))) renewedAt = asked;
    else lost.abort();
  };
  const timer = setInterval(() => {
    if (performance.now() - renewedAt > holdMs - renewMs) lost.abort();
    if (renewing) return;
    renewing = true;
    renew()
      .catch((error: unknown) => onError(error, 'holding on to change events'))
      .finally(() => {
        renewing = false;
      });
  }, renewMs);
  return { stop: () => clearInterval(timer) };
}

async function followUntilStopped(deps: FollowDeps, options: FollowOptions): Promise<void> {
  const { connection, hold, timing, signal } = options;
  let failures = 0;
  let told = '';
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      // From the database each time: what it says is kept, and nothing else is.
      const position = await deps.db.inWorkspace(hold.workspaceId, (tx) =>
        takeStream(tx, hold, timing.holdMs),
      );
      if (position === null) return;
      await listen(deps, options, position);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (await isRefusedLogin(deps, connection, error)) return;
      failures = performance.now() - begun > WELL_AFTER_MS ? 1 : failures + 1;
      const because = sayWhy(error);
      if (because !== told)
        deps.onError(
          new Error(`${because}. Changes are found by polling meanwhile`),
          `the change events of ${nameConnection(connection)} are not listened to`,
        );
      told = because;
      await deps.db
        .inWorkspace(hold.workspaceId, (tx) => noteNotFollowing(tx, hold, because))
        .catch((failure: unknown) => deps.onError(failure, 'noting how change events stand'));
      await wait(waitAfter(error, failures), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Credentials that are refused pause the connection; a stream that nobody set up does not. */
async function isRefusedLogin(deps: FollowDeps, connection: Connection, error: unknown): Promise<boolean> {
  const isLogin = error instanceof ProviderError && error.credentialsRefused;
  return isLogin && (await pauseRefused(deps, connection, error));
}

async function listen(deps: FollowDeps, options: FollowOptions, from: StreamPosition): Promise<void> {
  const { connection, crm, hold, signal } = options;
  if (crm.followChanges === undefined) return;
  const ledger = openCallLedger(deps, connection);
  let notices: string[] = [];
  let noting = Promise.resolve();
  const note = (): void => {
    const lacking = notices.length === 0 ? null : notices.join('; ');
    notices = [];
    noting = noting
      .then(() => deps.db.inWorkspace(hold.workspaceId, (tx) => noteFollowing(tx, hold, lacking)))
      .catch((error: unknown) => deps.onError(error, 'noting how change events stand'));
  };
  const call = { signal, onCall: ledger.add, onNotice: (notice: string) => notices.push(notice) };
  try {
    for await (const batch of crm.followChanges(from, { ...call, onFollowing: note }))
      if (!(await keep(deps, options, batch))) return;
  } finally {
    await noting;
    await ledger.saved();
  }
}

/**
 * Hints first, then where to go on: killed in between, the same events come again, and are the same hints. False: the hold is
 * lost, and whoever has it hears the events as well.
 */
async function keep(
  deps: FollowDeps,
  { connection, crm, hold }: FollowOptions,
  { changes, missed, position }: ToldBatch,
): Promise<boolean> {
  const counts = await tellHints(deps, connection, crm, changes);
  const { workspaceId, connectionId } = hold;
  const isOurs = await deps.db.inWorkspace(workspaceId, async (tx) => {
    if (missed !== null) {
      await askForSync(tx, connectionId);
      await deps.queue.requestSync(tx, { workspaceId, connectionId });
    }
    return advanceStream(tx, hold, position);
  });
  deps.observer?.countTold(connection.kind, { ...counts, missed: missed === null ? 0 : 1 });
  return isOurs;
}

function waitAfter(error: unknown, failures: number): number {
  if (error instanceof ProviderDownError) return Math.max(FIRST_WAIT_MS, error.until.getTime() - Date.now());
  if (error instanceof ProviderError && !error.retryable) return REFUSED_WAIT_MS;
  const asked = error instanceof ProviderError ? error.retryAfterMs : undefined;
  const doubled = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
  // Workers and connections that failed together do not come back together.
  return asked ?? doubled * (0.5 + Math.random() / 2);
}

function sayWhy(error: unknown): string {
  const fix = error instanceof ProviderError ? error.fix : undefined;
  return fix === undefined ? describeError(error) : `${describeError(error)}; ${fix}`;
}
