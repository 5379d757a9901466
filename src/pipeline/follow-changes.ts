import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Crm } from '../connectors/crm.ts';
import { followConnection } from './follow-connection.ts';
import type { FollowDeps, FollowTiming } from './follow-connection.ts';
import { whyClosed } from './open-connection.ts';
import { takeStream } from './store/change-streams.ts';
import type { Hold } from './store/change-streams.ts';
import { listConnections } from './store/connections.ts';
import type { Connection } from './store/connections.ts';
import { listWorkspaces } from './store/workspaces.ts';

/** What listens in the background until it is stopped. */
export type Following = { stop(): Promise<void> };

/**
 * A killed worker's connections are another's within 20 s: its hold ends after `holdMs`, and the others look every `lookMs`.
 * Until then nothing is lost, and syncs go on.
 */
const TIMING: FollowTiming & { lookMs: number } = { holdMs: 15_000, renewMs: 5_000, lookMs: 5_000 };

// Each takes about 35 MB and a thread. More connections than this want more workers; the rest is polled.
const MOST_PER_WORKER = 20;

// A look takes a transaction per workspace; with very many of them it must not become all that the database does.
const LOOK_SHARE = 0.1;

// What a stop may take at the most: the goodbye to the orgs, and letting go of them in the database.
const STOP_MS = 3_000;

/**
 * Listens to the change events of every connection that has them, one worker per connection over all workers. What is told
 * becomes hints; whatever goes wrong here, syncs go on by the interval.
 */
export function startFollowing(
  deps: FollowDeps & { timing?: Partial<FollowTiming> & { lookMs?: number } },
): Following {
  const timing = { ...TIMING, ...deps.timing };
  const holder = randomUUID();
  const stopping = new AbortController();
  const followed = new Map<string, { crm: Crm; stop: AbortController; done: Promise<void> }>();

  /** Everything that may be listened to here, by connection. */
  const listCandidates = async (): Promise<Map<string, { connection: Connection; crm: Crm }>> => {
    const found = new Map<string, { connection: Connection; crm: Crm }>();
    for (const workspaceId of await listWorkspaces(deps.db)) {
      const connections = await deps.db.inWorkspace(workspaceId, listConnections);
      for (const connection of connections) {
        if (connection.status !== 'active' || whyClosed(deps, connection) !== null) continue;
        const crm = deps.crmOf(connection);
        if (crm.followChanges !== undefined) found.set(connection.id, { connection, crm });
      }
    }
    return found;
  };

  const look = async (): Promise<void> => {
    const candidates = await listCandidates();
    // Paused, removed, or opened anew with other credentials or settings.
    for (const [id, { crm, stop }] of followed) if (candidates.get(id)?.crm !== crm) stop.abort();
    for (const [id, { connection, crm }] of candidates) {
      if (followed.has(id)) continue;
      if (followed.size >= MOST_PER_WORKER || stopping.signal.aborted) break;
      const hold: Hold = { workspaceId: connection.workspaceId, connectionId: id, holder };
      const position = await deps.db.inWorkspace(connection.workspaceId, (tx) =>
        takeStream(tx, hold, timing.holdMs),
      );
      if (position === null) continue;
      const stop = new AbortController();
      const signal = AbortSignal.any([stop.signal, stopping.signal]);
      const done = followConnection(deps, { connection, crm, hold, timing, signal })
        .catch((error: unknown) => deps.onError(error, 'listening to change events'))
        .finally(() => followed.delete(id));
      followed.set(id, { crm, stop, done });
    }
  };

  const run = async (): Promise<void> => {
    let told = false;
    while (!stopping.signal.aborted) {
      const begun = performance.now();
      try {
        await look();
        told = false;
      } catch (error) {
        if (!told) deps.onError(error, 'looking whose change events to listen to');
        told = true;
      }
      const took = performance.now() - begun;
      await wait(Math.max(timing.lookMs, took / LOOK_SHARE - took), undefined, {
        signal: stopping.signal,
      }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      const ended = running.then(() => Promise.all([...followed.values()].map(({ done }) => done)));
      await Promise.race([ended, wait(STOP_MS, undefined, { ref: false })]);
    },
  };
}
