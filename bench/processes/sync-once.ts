// One first sync in a process of its own, so that its memory is its own: prints what it took.
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { syncOnce } from '../../src/pipeline/sync-job.ts';
import { readOwnUsage } from '../harness/messages.ts';

const app = await buildApp(readConfig(process.env), createLog('error'), { worker: false });
const [connection] = app.connections;
if (connection === undefined) throw new Error('no connection is configured');
const before = readOwnUsage();
const began = performance.now();
const result = await syncOnce({ ...app, ...app.connectors, prices: app.config.prices }, connection, {
  full: false,
  signal: AbortSignal.timeout(600_000),
});
const seconds = (performance.now() - began) / 1000;
const after = readOwnUsage();
process.send?.({
  rows: result.read,
  companies: result.companiesAdded,
  seconds,
  cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  startMb: before.peakMb,
  peakMb: after.peakMb,
  workspaceId: app.workspaceId,
});
await app.stop();
process.disconnect();
