import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../app.ts';
import { isShareUsed } from '../connectors/daily-share.ts';
import { commandFor } from '../pipeline/open-connection.ts';
import { cleanLine } from '../pipeline/plain-text.ts';
import { requestFlushes } from '../pipeline/runs.ts';
import { listBreakers } from '../pipeline/store/breakers.ts';
import { listConnections, nameConnection } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import { listQuotas } from '../pipeline/store/quotas.ts';
import { countOpenWrites, findDelay } from '../pipeline/store/writes.ts';
import type { Context } from './context.ts';
import { shorten } from './terminal.ts';

const LOOK_EVERY_MS = 200;
// A CRM that did not answer for so long is not waited for by a person at a terminal; what is planned for it stays.
const DOWN_PATIENCE_MS = 30_000;
// The day's calls come back in hours. A look of the flush at an old word of theirs (connectors/daily-share.ts) takes one call.
const SPENT_PATIENCE_MS = 5_000;
// A bar that stands still for so long says what it waits for.
const SAY_WHY_AFTER_MS = 2_000;
const MOST_LOOKED_THROUGH = 2_000;
const SHOWN_OF_DELAY = 80;

/**
 * Waits until the run's writes are settled, as far as they can be sent now. Those of a connection that is paused, down, not
 * configured here, or at the end of its share of the day's calls stay planned; the answer says why, null when nothing is left.
 * @param options.notFor connections that this command has found out of reach already: what goes to them is not waited for
 */
export async function followWrites(
  app: App,
  context: Context,
  runId: string,
  options: { notFor?: readonly string[]; patienceMs?: number } = {},
): Promise<string | null> {
  const { notFor = [], patienceMs = DOWN_PATIENCE_MS } = options;
  await requestFlushes(app, app.workspaceId);
  const progress = context.terminal.startProgress('fields');
  const findHeld = watchHeld(app, patienceMs);
  let held: Held = new Map();
  let total = 0;
  let left = 0;
  let sendable = -1;
  let changedAt = performance.now();
  while (!context.signal.aborted) {
    held = await findHeld();
    const reachable = app.connections.flatMap(({ id }) => (held.has(id) || notFor.includes(id) ? [] : id));
    const open = await app.db.inWorkspace(app.workspaceId, (tx) => countOpenWrites(tx, runId, reachable));
    total = Math.max(total, open.sendable);
    left = open.open - open.sendable;
    if (open.sendable !== sendable) [sendable, changedAt] = [open.sendable, performance.now()];
    const isFew = sendable > 0 && sendable <= MOST_LOOKED_THROUGH;
    const isStill = isFew && performance.now() - changedAt > SAY_WHY_AFTER_MS;
    const delay = isStill ? await app.db.inWorkspace(app.workspaceId, (tx) => findDelay(tx, runId)) : null;
    if (total > 0)
      progress.update({
        done: total - sendable,
        total,
        ...(delay === null
          ? {}
          : { note: `tried again shortly: ${shorten(cleanLine(delay), SHOWN_OF_DELAY)}` }),
      });
    if (sendable === 0) break;
    await wait(LOOK_EVERY_MS);
  }
  progress.end();
  return left === 0 ? null : explainLeft(app, left, { held, notFor });
}

/** Connections that nothing is sent to for now: the CRM has not answered for a while, or batch work waits for the next day's calls. */
type Held = ReadonlyMap<string, 'down' | 'spent'>;

function watchHeld(app: App, patienceMs: number): () => Promise<Held> {
  const since = new Map<string, number>();
  const patience = { down: patienceMs, spent: Math.min(patienceMs, SPENT_PATIENCE_MS) };
  return async () => {
    const down = (await listBreakers(app.db)).flatMap(({ provider, state }) =>
      state === 'open' ? provider.slice(provider.indexOf(':') + 1) : [],
    );
    const found = new Map<string, 'down' | 'spent'>([
      ...(await findSpent(app)).map((id) => [id, 'spent'] as const),
      ...down.map((id) => [id, 'down'] as const),
    ]);
    for (const id of since.keys()) if (!found.has(id)) since.delete(id);
    const now = performance.now();
    for (const id of found.keys()) since.set(id, since.get(id) ?? now);
    return new Map([...found].filter(([id, why]) => now - (since.get(id) ?? now) > patience[why]));
  };
}

/** Ids of connections whose share of the day's calls is used up. */
async function findSpent({ db, workspaceId, connections }: App): Promise<string[]> {
  const quotas = await db.inWorkspace(workspaceId, listQuotas);
  return connections.flatMap(({ id, settings }) => {
    const quota = quotas.find(({ connectionId }) => connectionId === id);
    return quota !== undefined && isShareUsed(quota, settings.dailyShare) ? id : [];
  });
}

async function explainLeft(
  app: App,
  fields: number,
  { held, notFor }: { held: Held; notFor: readonly string[] },
): Promise<string> {
  const known = await app.db.inWorkspace(app.workspaceId, listConnections);
  const spent = await findSpent(app);
  const reasons = known.flatMap((connection) => {
    const why = spent.includes(connection.id) ? 'spent' : held.get(connection.id);
    const unsynced = notFor.includes(connection.id) ? 'unsynced' : null;
    return explainConnection(app, connection, why ?? unsynced) ?? [];
  }); // prettier-ignore
  return `${fields} fields wait to be written: ${reasons.join('; ')}`;
}

function explainConnection(
  app: App,
  connection: Connection,
  why: 'down' | 'spent' | 'unsynced' | null,
): string | null {
  const { id, status, pausedBecause } = connection;
  const name = nameConnection(connection);
  if (status === 'paused')
    return `${name} is paused (${pausedBecause ?? 'no reason is stored'}); when that is done: ${commandFor(connection)}`;
  if (why === 'spent')
    return `the day's calls of ${name} are used up to its share; a worker, or a later run, sends them when there are more`;
  if (why === 'down') return `${name} does not answer; a worker, or the next run, sends them when it does`;
  if (why === 'unsynced')
    return `${name} could not be synced; a worker, or the next run, sends them when it can be`;
  if (app.connections.some((one) => one.id === id)) return null;
  return `${name} is not configured here ("fieldnote connect ${connection.kind} --remove ${connection.name}" forgets it)`;
}
