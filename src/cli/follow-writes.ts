import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../app.ts';
import { commandFor } from '../pipeline/open-connection.ts';
import { requestFlushes } from '../pipeline/runs.ts';
import { listBreakers } from '../pipeline/store/breakers.ts';
import { listConnections, nameConnection } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import { countOpenWrites } from '../pipeline/store/writes.ts';
import type { Context } from './context.ts';

const LOOK_EVERY_MS = 200;
// A CRM that did not answer for so long is not waited for by a person at a terminal; what is planned for it stays.
const DOWN_PATIENCE_MS = 30_000;

/**
 * Waits until the run's writes are settled, as far as they can be sent now. Those of a connection that is paused, down or not
 * configured here stay planned; the answer says why, null when nothing is left.
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
  const outages = watchOutages(app, patienceMs);
  let total = 0;
  let left = 0;
  while (!context.signal.aborted) {
    const down = await outages();
    const reachable = app.connections.flatMap(({ id }) => (down.has(id) || notFor.includes(id) ? [] : id));
    const open = await app.db.inWorkspace(app.workspaceId, (tx) => countOpenWrites(tx, runId, reachable));
    total = Math.max(total, open.sendable);
    left = open.open - open.sendable;
    if (total > 0) progress.update({ done: total - open.sendable, total });
    if (open.sendable === 0) break;
    await wait(LOOK_EVERY_MS);
  }
  progress.end();
  return left === 0 ? null : explainLeft(app, left, new Set([...notFor, ...(await outages())]));
}

/** Ids of connections whose CRM has not answered for a while. */
function watchOutages(app: App, patienceMs: number): () => Promise<ReadonlySet<string>> {
  const since = new Map<string, number>();
  return async () => {
    const open = (await listBreakers(app.db)).flatMap(({ provider, state }) =>
      state === 'open' ? provider.slice(provider.indexOf(':') + 1) : [],
    );
    for (const id of since.keys()) if (!open.includes(id)) since.delete(id);
    const now = performance.now();
    for (const id of open) since.set(id, since.get(id) ?? now);
    return new Set(open.filter((id) => now - (since.get(id) ?? now) > patienceMs));
  };
}

async function explainLeft(app: App, fields: number, down: ReadonlySet<string>): Promise<string> {
  const known = await app.db.inWorkspace(app.workspaceId, listConnections);
  const reasons = known.flatMap((connection) => explainConnection(app, connection, down) ?? []);
  return `${fields} fields wait to be written: ${reasons.join('; ')}`;
}

function explainConnection(app: App, connection: Connection, down: ReadonlySet<string>): string | null {
  const { id, status, pausedBecause } = connection;
  const name = nameConnection(connection);
  if (status === 'paused')
    return `${name} is paused (${pausedBecause ?? 'no reason is stored'}); when that is done: ${commandFor(connection)}`;
  if (down.has(id)) return `${name} does not answer; a worker, or the next run, sends them when it does`;
  if (app.connections.some((one) => one.id === id)) return null;
  return `${name} is not configured here ("fieldnote connect ${connection.kind} --remove ${connection.name}" forgets it)`;
}
