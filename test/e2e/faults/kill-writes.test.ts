import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createRandom } from '../../../sandbox/kit/random.ts';
import { planCompanyWrites } from '../../../src/pipeline/7-write-back/plan-writes.ts';
import { requestFlushes } from '../../../src/pipeline/runs.ts';
import { listWritableRecords, WRITABLE_OBJECTS } from '../../../src/pipeline/store/records.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { connectAndSync, startSystem } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { isOurField, readCrms } from './crm-writes.ts';
import { openRows, setFaults, until } from './observe.ts';
import { writeWorld } from './world.ts';

// FIELDNOTE_WRITE_KILLS=200 is the full size: about 1,000 records; FIELDNOTE_WRITE_SEED tells where the kills fall.
const KILLS = Number(process.env.FIELDNOTE_WRITE_KILLS ?? 5);
const SEED = Number(process.env.FIELDNOTE_WRITE_SEED ?? 1);
const COMPANIES = Math.max(20, Math.ceil(KILLS * 1.7));
// Kills fall after so many calls to the CRMs, and somewhere in the next one: a clock alone would, on a busy machine, kill workers
// that have not yet begun.
const MOST_CALLS = 5;
const WITHIN_CALL_MS = 60;
// A worker may have nothing to do for as long as another's lease runs. One that has, and does not come to it, is waited for: on a busy
// machine it would else be killed before it has begun.
const IDLE_MS = 3_000;
const BEGINS_WITHIN_MS = 60_000;

let world: Awaited<ReturnType<typeof writeWorld>>;
let system: System;
before(async () => {
  world = await writeWorld(COMPANIES);
  system = await startSystem({ worldFolder: world.folder });
});
after(async () => {
  await system.close();
  await world.remove();
});

test('workers killed at random while they write back lose no value and send none twice', async () => {
  const random = createRandom(SEED);
  const app = await system.openApp({ worker: false });
  await connectAndSync(app);
  const database = await openRows(system);
  for (const crm of ['salesforce', 'hubspot'] as const)
    await setFaults(system.sandbox.twins[crm].url, { latencyMs: 40, jitter: 0.5, seed: SEED });
  // Nothing but these writes: no company is due for a run of its own, no connection for a sync.
  await database.rows(`update companies set due_at = now() + interval '1 day'`);
  const companies = await database.rows<{ id: string }>('select id from companies order by id');
  const { db, workspaceId } = app;
  let planned = 0;
  const plan = async (ids: readonly { id: string }[]): Promise<void> => {
    await db.inWorkspace(workspaceId, async (tx) => {
      const run = await createRun(tx, workspaceId, { kind: 'interactive', model: app.modelName });
      for (const { id } of ids) {
        const records = await listWritableRecords(tx, id, WRITABLE_OBJECTS);
        planned += await planCompanyWrites(tx, {
          runId: run.id,
          companyId: id,
          explicit: true,
          records: records.map((record) => ({
            ...record,
            desired: { score: 61.5, why: `Because of ${record.externalId}`, pitch: 'Hello' },
          })),
        });
      }
    });
    await requestFlushes(app, workspaceId);
  };
  const onTheirWay = async (): Promise<number> =>
    (await database.rows<{ count: number }>(`select count(*)::integer as count from writes where state = 'sending'`))[0]?.count ?? 0; // prettier-ignore
  const hasWork = async (): Promise<boolean> =>
    (
      await database.rows(
        `select from writes where state = 'planned' and coalesce(leased_until, '-infinity') < now()
         and coalesce(not_before, '-infinity') < now() limit 1`,
      )
    ).length > 0;
  const share = Math.ceil(companies.length / KILLS);
  const spawn = () => system.spawnWorker({ SYNC_INTERVAL_MINUTES: '1440' });
  const { salesforce, hubspot } = system.sandbox.twins;
  const countCalls = (): number => salesforce.kit.calls.summary().total + hubspot.kit.calls.summary().total;
  // The next one starts while one works, and goes on at once where that one is killed.
  let [worker, next] = [spawn(), spawn()];
  await worker.ready;
  let interrupted = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = countCalls();
    await plan(companies.slice(kill * share, (kill + 1) * share));
    const [calls, plannedAt] = [1 + random() * MOST_CALLS, Date.now()];
    const isIdle = async (): Promise<boolean> =>
      Date.now() > plannedAt + IDLE_MS && (countCalls() > before || !(await hasWork()));
    await until(
      'the worker is in the middle of its calls, or has nothing to do',
      async () => countCalls() >= before + calls || (await isIdle()),
      BEGINS_WITHIN_MS,
    );
    await wait(random() * WITHIN_CALL_MS);
    const ended = once(worker.process, 'exit');
    worker.process.kill('SIGKILL');
    await ended;
    if ((await onTheirWay()) > 0) interrupted += 1;
    [worker, next] = [next, spawn()];
    await worker.ready;
  }
  const open = async (): Promise<number> =>
    (
      await database.rows<{ count: number }>(
        `select count(*)::integer as count from writes where state in ('planned', 'sending')
         or state = 'applied' and returned_value is null`,
      )
    )[0]?.count ?? 0;
  // What a killed worker had on its way is looked at once its lease is over.
  await until(
    'everything is settled and read back',
    async () => {
      if ((await open()) === 0) return true;
      await requestFlushes(app, workspaceId);
      await wait(500);
      return false;
    },
    300_000,
  );
  for (const { process } of [worker, next]) process.kill('SIGKILL');

  const states = await database.rows<{ state: string; count: number }>(
    'select state, count(*)::integer as count from writes group by 1',
  );
  await database.close();
  const written = (await readCrms(system)).filter((record) => record.updates > 0);
  const changes = written.flatMap((record) => record.changes.filter(({ field }) => isOurField(field)));
  console.log(
    JSON.stringify({ kills: KILLS, interrupted, seed: SEED, planned, states, records: written.length }),
  );
  assert.deepEqual(states, [{ state: 'applied', count: planned }]);
  assert.equal(changes.length, planned);
  assert.deepEqual(
    written.filter((record) => record.updates > 1).map(({ name, updates }) => ({ name, updates })),
    [],
  );
});
