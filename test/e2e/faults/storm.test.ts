import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CallLog } from '../../../sandbox/kit/call-log.ts';
import { checkConnection } from '../../../src/pipeline/open-connection.ts';
import { listConnections } from '../../../src/pipeline/store/connections.ts';
import { runToEnd, startSystem } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { isOurField, readCrms } from './crm-writes.ts';
import { openRows, setFaults, until } from './observe.ts';
import { writeWorld } from './world.ts';

type LoggedCall = ReturnType<CallLog['list']>[number];

const COMPANIES = 60;
const SEEDS = { tavily: 11, web: 12, llm: 13, salesforce: 14, hubspot: 15 };
// Together 10 % of all calls, and a few more that are slow or answer rubbish.
const STORM = {
  rate429: 0.04,
  rate500: 0.03,
  rateReset: 0.03,
  rateSlow: 0.02,
  slowMs: 400,
  rateGarbage: 0.02,
  retryAfterSeconds: 1,
  latencyMs: 20,
  jitter: 0.5,
};
// What a 429 crosses on the wire was sent before anybody could know of it. Twins and workers share one process here.
const ON_THE_WIRE_MS = 250;

let world: Awaited<ReturnType<typeof writeWorld>>;
let system: System;
before(async () => {
  world = await writeWorld(COMPANIES);
  system = await startSystem({ worldFolder: world.folder, llm: true });
});
after(async () => {
  await system.close();
  await world.remove();
});

/** Calls that came while an earlier 429 still asked for patience, and how long after it they came, milliseconds. */
function findEarly(calls: readonly LoggedCall[]): { call: LoggedCall; after: number }[] {
  const closings = calls
    .filter((call) => call.status === 429)
    .map((call) => call.at + call.milliseconds)
    .toSorted((a, b) => a - b);
  return calls
    .filter((call) => call.early)
    .map((call) => ({ call, after: call.at - (closings.findLast((at) => at <= call.at) ?? call.at) }));
}

test('with a tenth of all calls failing every company is done, and nobody calls before Retry-After', async () => {
  const database = await openRows(system);
  const workers = [await system.openApp({ worker: true }), await system.openApp({ worker: true })];
  const [app] = workers;
  assert.ok(app);
  for (const connection of app.connections) {
    const signal = AbortSignal.timeout(60_000);
    await app.crmOf(connection).installFields({ signal });
    await checkConnection(app, connection, { signal });
  }
  for (const [name, twin] of Object.entries(system.sandbox.twins))
    await setFaults(twin.url, { ...STORM, seed: SEEDS[name as keyof typeof SEEDS] });
  for (const worker of workers) await worker.startWorker({ schedule: false, concurrency: 8 });

  await app.db.inWorkspace(app.workspaceId, async (tx) => {
    for (const { id } of app.connections)
      await app.queue.requestSync(tx, { workspaceId: app.workspaceId, connectionId: id });
  });
  await until(
    'both CRMs are synced',
    async () =>
      (await app.db.inWorkspace(app.workspaceId, (tx) => listConnections(tx))).every(
        ({ syncedAt }) => syncedAt !== null,
      ),
    120_000,
  );
  const began = Date.now();
  const progress = await runToEnd(app);
  const seconds = (Date.now() - began) / 1000;
  await Promise.all(workers.map((worker) => worker.stop()));

  const judged = Object.entries(system.sandbox.twins).map(([name, twin]) => {
    const calls = twin.kit.calls.list();
    const early = findEarly(calls);
    return {
      name,
      calls: calls.length,
      failed: calls.filter(({ fault }) => fault !== null && fault !== 'slow').length,
      refused: calls.filter(({ status }) => status === 429).length,
      early: early.length,
      tooEarly: early.filter((each) => each.after > ON_THE_WIRE_MS),
    };
  });
  const methods = await database.rows<{ method: string; because: string | null; count: number }>(
    `select method, method_because as because, count(*) from extractions where current group by 1, 2`,
  );
  const writes = await database.rows<{ state: string; count: number }>(
    'select state, count(*) from writes group by state',
  );
  await database.close();
  console.log(
    JSON.stringify({
      seconds,
      judged: judged.map((each) => ({
        ...each,
        tooEarly: each.tooEarly.map(({ call, after }) => `${call.operation} +${after}`),
      })),
      methods,
      writes,
    }),
  );

  assert.equal(progress.total, COMPANIES);
  assert.equal(progress.done, COMPANIES);
  for (const { name, tooEarly } of judged) assert.equal(tooEarly.length, 0, `${name} was called too early`);
  for (const { state } of writes) assert.ok(['applied', 'skipped'].includes(state), state);
  const crms = await readCrms(system);
  for (const record of crms)
    assert.ok(
      record.changes.every(({ field }) => isOurField(field)),
      record.name,
    );
});
