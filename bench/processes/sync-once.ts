// A first sync in a process of its own, so that its memory is its own, then a second one, each when its parent says so: tells what each took.
// With AT_WORK connections of other workspaces to the same org were synced before, as many as that says, as in a worker that has been at
// work for a while.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { buildApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import {
  DEFAULT_CONNECTION,
  ensureConnection,
  findConnection,
} from '../../src/pipeline/store/connections.ts';
import type { Connection } from '../../src/pipeline/store/connections.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { syncOnce } from '../../src/pipeline/sync-job.ts';
import { readOwnUsage } from '../harness/messages.ts';

async function sync(app: App, connection: Connection | undefined, checkedAt: Date | null): Promise<object> {
  if (connection === undefined) throw new Error('no connection is configured');
  const before = readOwnUsage();
  const began = performance.now();
  const result = await syncOnce(
    { ...app, ...app.connectors, prices: app.config.prices },
    { ...connection, checkedAt },
    { full: false, signal: AbortSignal.timeout(600_000) },
  );
  const seconds = (performance.now() - began) / 1000;
  const after = readOwnUsage();
  return {
    rows: result.read,
    changed: result.changed,
    companies: result.companiesAdded,
    seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    startMb: before.peakMb,
    peakMb: after.peakMb,
  };
}

/** A connection to the org that the environment names, in a workspace of its own. */
async function connectOther({ db, vault, config }: App, workspace: string): Promise<Connection> {
  if (config.salesforce === null) throw new Error('no connection is configured');
  const workspaceId = await ensureWorkspace(db, workspace);
  const made = await db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'salesforce', DEFAULT_CONNECTION),
  );
  await vault.put(made, { kind: 'salesforce', ...config.salesforce });
  const connection = await db.inWorkspace(workspaceId, (tx) => findConnection(tx, made.id));
  if (connection === null) throw new Error('the connection vanished');
  return connection;
}

const SECRET_KEY = randomBytes(32).toString('base64');
const app = await buildApp(readConfig({ ...process.env, SECRET_KEY }), createLog('error'), { worker: false });
for (let other = 0; other < Number(process.env.AT_WORK ?? '0'); other += 1)
  await sync(app, await connectOther(app, `other ${other}`), null);
/** Tells its parent, and goes on when that says so. */
async function tell(message: object): Promise<void> {
  const told = once(process, 'message');
  process.send?.(message);
  await told;
}
await tell({ ready: true });
const [own] = app.connections;
await tell(await sync(app, own, null));
process.send?.(await sync(app, own, new Date()));
await app.stop();
process.disconnect();
