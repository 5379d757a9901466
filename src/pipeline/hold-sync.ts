import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../db.ts';
import { SyncedElsewhere } from './1-sync/synced-elsewhere.ts';
import type { Connection } from './store/connections.ts';
import { releaseSync, renewSync, takeSync } from './store/sync-holds.ts';

// A killed process holds its connections no longer than that; a busy one comes to renew it in time.
const TIMING = { holdMs: 10_000, renewMs: 3_000, lookMs: 1_000 };

export type HoldOptions = {
  signal: AbortSignal;
  /** Waits until nobody else is at it, and says once that it does; left out: throws. */
  onWait?: () => void;
  timing?: typeof TIMING;
};

/**
 * Does something that one process at a time may do with a connection. It is stopped where somebody wants everything to be read anew
 * meanwhile, which they then do themselves.
 * @throws SyncedElsewhere
 */
export async function holdSync<T>(
  db: Database,
  connection: Pick<Connection, 'workspaceId' | 'id'>,
  { signal, onWait, timing = TIMING }: HoldOptions,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { workspaceId } = connection;
  const hold = { workspaceId, connectionId: connection.id, holder: randomUUID() };
  const take = (): Promise<boolean> => db.inWorkspace(workspaceId, (tx) => takeSync(tx, hold, timing.holdMs));
  for (let looks = 0; !(await take()); looks += 1) {
    if (onWait === undefined) throw new SyncedElsewhere('another process syncs this connection');
    if (looks === 0) onWait();
    await wait(timing.lookMs, undefined, { signal });
  }
  const lost = new AbortController();
  const renew = async (): Promise<void> => {
    const ours = await db.inWorkspace(workspaceId, (tx) => renewSync(tx, hold, timing.holdMs));
    if (!ours) lost.abort(new SyncedElsewhere());
  };
  // The database away is told by whatever is under way; its end frees nothing that somebody else would not take in time.
  const timer = setInterval(() => void renew().catch(() => undefined), timing.renewMs);
  try {
    return await act(AbortSignal.any([signal, lost.signal]));
  } catch (error) {
    if (lost.signal.aborted && !signal.aborted) throw lost.signal.reason;
    throw error;
  } finally {
    clearInterval(timer);
    await db.inWorkspace(workspaceId, (tx) => releaseSync(tx, hold)).catch(() => undefined);
  }
}
