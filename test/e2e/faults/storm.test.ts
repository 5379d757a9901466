import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { CallLog } from '../../../sandbox/kit/call-log.ts';
import { checkConnection } from '../../../src/pipeline/open-connection.ts';
import { listConnections } from '../../../src/pipeline/store/connections.ts';
import { runToEnd, startSystem } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { isOurField, readCrms } from './crm-writes.ts';
import { openRows, setFaults, until } from './observe.ts';
import { writeWorld } from './world.ts';

type Rows = Awaited<ReturnType<typeof openRows>>;
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
// From the moment Postgres knows of a pause: a turn is looked up 50 ms before it comes, the request crosses the wire, and
// each step waits as long as this one process, which holds twins and workers, stands still, or Postgres does.
const ON_THE_WIRE_MS = 250;
const STEPS = 3;
// A twin logs a call a moment after its answer was on its way.
const CLOCKS_MS = 50;
const PROBE_EVERY_MS = 20;
const BUCKETS: Readonly<Record<string, string>> = { web: 'website' };

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

type Pause = { bucket: string; storedAt: number; until: number };

/** Lets Postgres keep when each pause of a provider was stored, which the product's own row forgets. */
async function keepPauses(database: Rows): Promise<() => Promise<Pause[]>> {
  await database.rows(`create table kept_pauses (bucket text, stored_at timestamptz, until timestamptz)`);
  await database.rows(`create function keep_pause() returns trigger language plpgsql security definer as $$
    begin
      insert into kept_pauses values (new.bucket, clock_timestamp(), new.paused_until);
      return null;
    end $$`);
  await database.rows(`create trigger keep_pause after insert or update on limits for each row
    when (new.paused_until is not null) execute function keep_pause()`);
  return () =>
    database.rows<Pause>(`select bucket, extract(epoch from min(stored_at))::double precision * 1000 as "storedAt",
      extract(epoch from until)::double precision * 1000 as until from kept_pauses group by bucket, until`);
}

/** Asks Postgres for nothing, again and again, until the one who has the answer stops it: how long the longest wait was, ms. */
function probe(database: Rows): () => Promise<number> {
  let over = false;
  let longest = 0;
  const probing = (async () => {
    while (!over) {
      const began = performance.now();
      await database.rows('select');
      longest = Math.max(longest, performance.now() - began);
      await wait(PROBE_EVERY_MS);
    }
  })();
  return async () => {
    over = true;
    await probing;
    return longest;
  };
}

/** Of a provider's calls those that came although its pause had long been known, and the 429s of which no pause tells. */
function judgeCalls(calls: readonly LoggedCall[], pauses: readonly Pause[], allowanceMs: number) {
  const asked = calls
    .filter(({ status }) => status === 429)
    .map((call) => ({
      operation: call.operation,
      end: call.at + call.milliseconds + STORM.retryAfterSeconds * 1000,
    }));
  return {
    early: calls.filter(({ early }) => early).length,
    tooEarly: calls.filter(
      ({ at, early }) =>
        early && pauses.some((pause) => pause.storedAt + allowanceMs < at && at < pause.until),
    ),
    // With how long after it the pauses next to it end, in milliseconds.
    untold: asked.flatMap(({ operation, end }) =>
      pauses.some(({ until }) => until >= end - CLOCKS_MS && until <= end + allowanceMs)
        ? []
        : {
            operation,
            others: pauses
              .map(({ until }) => Math.round(until - end))
              .filter((after) => Math.abs(after) < 5_000),
          },
    ),
  };
}

test('with a tenth of all calls failing every company is done, and nobody calls before Retry-After', async () => {
  const database = await openRows(system);
  const readPauses = await keepPauses(database);
  const standstill = monitorEventLoopDelay({ resolution: 10 });
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
  standstill.enable();
  const stopProbing = probe(database);
  const began = Date.now();
  const progress = await runToEnd(app);
  const seconds = (Date.now() - began) / 1000;
  await Promise.all(workers.map((worker) => worker.stop()));

  standstill.disable();
  const longestStandstillMs = Math.round(Math.max(standstill.max / 1e6, await stopProbing()));

  const pauses = await readPauses();
  const judged = Object.entries(system.sandbox.twins).map(([name, twin]) => {
    const calls = twin.kit.calls.list();
    const ofIt = pauses.filter(({ bucket }) => bucket.split(':')[0] === (BUCKETS[name] ?? name));
    return {
      name,
      calls: calls.length,
      failed: calls.filter(({ fault }) => fault !== null && fault !== 'slow').length,
      refused: calls.filter(({ status }) => status === 429).length,
      ...judgeCalls(calls, ofIt, ON_THE_WIRE_MS + STEPS * longestStandstillMs),
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
      longestStandstillMs,
      judged: judged.map((each) => ({ ...each, tooEarly: each.tooEarly.map(({ operation }) => operation) })),
      methods,
      writes,
    }),
  );

  assert.equal(progress.total, COMPANIES);
  assert.equal(progress.done, COMPANIES);
  for (const { name, tooEarly, untold } of judged) {
    assert.equal(tooEarly.length, 0, `${name} was called too early`);
    assert.deepEqual(untold, [], `${name}: a 429 of which the other workers were not told`);
  }
  for (const { state } of writes) assert.ok(['applied', 'skipped'].includes(state), state);
  const crms = await readCrms(system);
  for (const record of crms)
    assert.ok(
      record.changes.every(({ field }) => isOurField(field)),
      record.name,
    );
});
