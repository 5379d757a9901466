// A first sync in a process of its own, so that its memory is its own, then, when its parent says so, a second one: tells what each took.
import { once } from 'node:events';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { syncOnce } from '../../src/pipeline/sync-job.ts';
import { readOwnUsage } from '../harness/messages.ts';

const app = await buildApp(readConfig(process.env), createLog('error'), { worker: false });

async function sync(checkedAt: Date | null): Promise<void> {
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
  process.send?.({
    rows: result.read,
    changed: result.changed,
    companies: result.companiesAdded,
    seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    startMb: before.peakMb,
    peakMb: after.peakMb,
  });
}

await sync(null);
await once(process, 'message');
await sync(new Date());
await app.stop();
process.disconnect();
