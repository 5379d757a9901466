// A first sync in a process of its own, so that its memory is its own, then a second one, each when its parent says so: tells what each took.
// With WARM_DATABASE_URL the same org went into another database before, as in a worker that has been at work for a while.
import { once } from 'node:events';
import { buildApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { syncOnce } from '../../src/pipeline/sync-job.ts';
import { readOwnUsage } from '../harness/messages.ts';

async function open(databaseUrl: string | undefined): Promise<App> {
  const environment = { ...process.env, DATABASE_URL: databaseUrl };
  return buildApp(readConfig(environment), createLog('error'), { worker: false });
}

async function sync(app: App, checkedAt: Date | null): Promise<object> {
  const [connection] = app.connections;
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

const warm = process.env.WARM_DATABASE_URL;
if (warm !== undefined) {
  const elsewhere = await open(warm);
  await sync(elsewhere, null);
  await elsewhere.stop();
}
const app = await open(process.env.DATABASE_URL);
/** Tells its parent, and goes on when that says so. */
async function tell(message: object): Promise<void> {
  const told = once(process, 'message');
  process.send?.(message);
  await told;
}
await tell({ ready: true });
await tell(await sync(app, null));
process.send?.(await sync(app, new Date()));
await app.stop();
process.disconnect();
