import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { createRandom } from '../../../sandbox/kit/random.ts';
import { openEmbeddedDatabase } from '../../../src/embedded/database.ts';
import { planCompanyWrites } from '../../../src/pipeline/7-write-back/plan-writes.ts';
import { requestFlushes } from '../../../src/pipeline/runs.ts';
import { listWritableRecords, WRITABLE_OBJECTS } from '../../../src/pipeline/store/records.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { connectAndSync, startSystem } from '../../harness/system.ts';
import { isOurField, readCrms } from './crm-writes.ts';
import { setFaults, until } from './observe.ts';
import { writeWorld } from './world.ts';

const CRASHES = 5;
const COMPANIES = 30;
const SEED = 1;
// Crashes fall after so many calls to the CRMs, and somewhere in the next one: a clock alone would, on a busy machine, crash the
// database before the worker has begun. What is planned at a time takes eight calls or more.
const MOST_CALLS = 6;
const WITHIN_CALL_MS = 60;

test('a database that crashes five times during a write-back loses no value and has none sent twice', async () => {
  const world = await writeWorld(COMPANIES);
  const home = await mkdtemp(join(tmpdir(), 'fieldnote-crash-writes-'));
  let server = await openEmbeddedDatabase(home);
  const { dataDir } = z
    .object({ dataDir: z.string() })
    .parse(JSON.parse(await readFile(join(home, 'postgres.json'), 'utf8')));
  const system = await startSystem({
    worldFolder: world.folder,
    environment: { DATABASE_URL: '', FIELDNOTE_HOME: home, SYNC_INTERVAL_MINUTES: '1440' },
  });
  /** SIGQUIT is PostgreSQL's immediate shutdown: every session is cut and nothing is written down. */
  const crash = async (): Promise<void> => {
    const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGQUIT');
    await until('the server is gone', () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
    server = await openEmbeddedDatabase(home);
  };
  try {
    const random = createRandom(SEED);
    const app = await system.openApp({ worker: false });
    await connectAndSync(app);
    for (const crm of ['salesforce', 'hubspot'] as const)
      await setFaults(system.sandbox.twins[crm].url, { latencyMs: 40, jitter: 0.5, seed: SEED });
    const { db, workspaceId } = app;
    const rows = <Row extends Record<string, unknown>>(text: string): Promise<Row[]> =>
      db.inWorkspace(workspaceId, async (tx) => (await tx.query<Row>(text)).rows);
    // Nothing but these writes: no company is due for a run of its own.
    await rows(`update companies set due_at = now() + interval '1 day'`);
    const companies = await rows<{ id: string }>('select id from companies order by id');
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
    const worker = system.spawnWorker({ LOG_LEVEL: 'silent' });
    await worker.ready;
    const { salesforce, hubspot } = system.sandbox.twins;
    const countCalls = (): number => salesforce.kit.calls.summary().total + hubspot.kit.calls.summary().total;
    const share = Math.ceil(companies.length / CRASHES);
    const openAtCrash: number[] = [];
    const open = async (): Promise<number> =>
      (
        await rows<{ count: number }>(
          `select count(*)::integer as count from writes where state in ('planned', 'sending')
           or state = 'applied' and returned_value is null`,
        )
      )[0]?.count ?? 0;
    for (let at = 0; at < CRASHES; at += 1) {
      const before = countCalls();
      await plan(companies.slice(at * share, (at + 1) * share));
      const calls = 1 + random() * MOST_CALLS;
      await until('the worker calls the CRMs', () => countCalls() >= before + calls, 120_000);
      await wait(random() * WITHIN_CALL_MS);
      openAtCrash.push(await open());
      await crash();
    }
    await until(
      'everything is settled and read back',
      async () => {
        if ((await open()) === 0) return true;
        await requestFlushes(app, workspaceId);
        await wait(500);
        return false;
      },
      120_000,
    );
    const states = await rows<{ state: string; count: number }>(
      'select state, count(*)::integer as count from writes group by 1',
    );
    const written = (await readCrms(system)).filter((record) => record.updates > 0);
    const changes = written.flatMap((record) => record.changes.filter(({ field }) => isOurField(field)));
    console.log(JSON.stringify({ openAtCrash, planned, states, records: written.length }));
    assert.ok(
      openAtCrash.some((count) => count > 0),
      'a crash fell into the write-back',
    );
    assert.equal(worker.process.exitCode, null, 'the worker survived');
    assert.deepEqual(states, [{ state: 'applied', count: planned }]);
    assert.equal(changes.length, planned);
    assert.deepEqual(
      written.filter((record) => record.updates > 1).map(({ name, updates }) => ({ name, updates })),
      [],
    );
  } finally {
    await system.close();
    await server.release();
    await rm(dataDir, { recursive: true, force: true });
    await rm(home, { recursive: true, force: true });
    await world.remove();
  }
});
