import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openEmbeddedDatabase } from '../../../src/embedded/database.ts';
import { readProgress, startRun } from '../../../src/pipeline/runs.ts';
import { connectAndSync, startSystem, waitForRun } from '../../harness/system.ts';
import { readCrms } from './crm-writes.ts';
import { openRows, setFaults, until } from './observe.ts';
import { startWireTap } from './wire-tap.ts';
import { writeWorld } from './world.ts';

const COMPANIES = 48;

let world: Awaited<ReturnType<typeof writeWorld>>;
before(async () => {
  world = await writeWorld(COMPANIES);
});
after(() => world.remove());

test('a worker told to stop finishes or hands on what it has, and nothing waits for its heartbeat', async () => {
  const system = await startSystem({ worldFolder: world.folder, llm: true });
  const tap = await startWireTap(system.sandbox.twins.llm.url);
  const database = await openRows(system);
  try {
    const app = await system.openApp({ worker: false });
    await connectAndSync(app);
    await setFaults(system.sandbox.twins.llm.url, { latencyMs: 1_500, jitter: 0.5 });
    const spawn = () => system.spawnWorker({ LLM_BASE_URL: `${tap.url}/v1`, RUN_CONCURRENCY: '8' });
    const [first, second] = [spawn(), spawn()];
    await Promise.all([first.ready, second.ready]);
    const run = await startRun(app, { workspaceId: app.workspaceId, kind: 'manual', model: app.modelName });
    await until('calls are in flight', () => tap.inFlight() >= 10);

    const began = Date.now();
    const inFlight = tap.inFlight();
    first.process.kill('SIGTERM');
    const [code] = await once(first.process, 'exit');
    const stoppedAfter = Date.now() - began;
    // What is still active belongs to the other one: whoever lives is signed on.
    const orphans = await database.rows(
      `select name, id from pgboss.job where state = 'active' and name in ('company', 'company-now', 'sync', 'flush')
         and not exists (select from queue_workers where worker = (output->>'worker')::integer)
         and started_on < now() - interval '1 second'`,
    );
    const progress = await waitForRun(app, run.id, 120_000);
    second.process.kill('SIGTERM');
    const [secondCode] = await once(second.process, 'exit');
    const asked = tap.calls.filter(({ path }) => path.endsWith('/completions'));
    // A call that takes long on a busy machine gets a hedge, which is counted.
    const [hedged] = await database.rows<{ hedges: number }>(
      'select coalesce(sum(hedges), 0)::integer as hedges from usage',
    );
    const again = asked.length - new Set(asked.map(({ question }) => question)).size - (hedged?.hedges ?? 0);
    console.log(
      JSON.stringify({ inFlight, stoppedAfter, orphans: orphans.length, again, done: progress.done }),
    );

    assert.deepEqual([code, secondCode], [0, 0]);
    assert.deepEqual(orphans, []);
    assert.equal(progress.done, COMPANIES);
    assert.ok(again <= 0, 'what was asked when the signal came was waited for');
    assert.deepEqual(await database.rows('select worker from queue_workers'), []);
  } finally {
    await system.close();
    await tap.close();
    await database.close();
  }
});

test('work goes on when the database crashes and comes back', async () => {
  const home = await mkdtemp(join(tmpdir(), 'fieldnote-crash-'));
  const Settings = z.object({ dataDir: z.string() });
  let server = await openEmbeddedDatabase(home);
  const system = await startSystem({
    worldFolder: world.folder,
    llm: true,
    environment: { DATABASE_URL: '', FIELDNOTE_HOME: home },
  });
  const taps = {
    tavily: await startWireTap(system.sandbox.twins.tavily.url),
    llm: await startWireTap(system.sandbox.twins.llm.url),
  };
  const { dataDir } = Settings.parse(JSON.parse(await readFile(join(home, 'postgres.json'), 'utf8')));
  try {
    const app = await system.openApp({ worker: false });
    await connectAndSync(app);
    for (const twin of Object.values(system.sandbox.twins))
      await setFaults(twin.url, { latencyMs: 200, jitter: 0.5 });
    const worker = system.spawnWorker({
      TAVILY_BASE_URL: taps.tavily.url,
      LLM_BASE_URL: `${taps.llm.url}/v1`,
      RUN_CONCURRENCY: '8',
      LOG_LEVEL: 'silent',
    });
    let exits = 0;
    worker.process.once('exit', () => {
      exits += 1;
    });
    await worker.ready;
    const run = await startRun(app, { workspaceId: app.workspaceId, kind: 'manual', model: app.modelName });
    const done = async (): Promise<number> => (await readProgress(app.db, app.workspaceId, run.id)).done;

    const outages: number[] = [];
    for (const point of [5, 20, 35]) {
      await until(`${point} companies are done`, async () => (await done()) >= point);
      const began = Date.now();
      const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
      // SIGQUIT is PostgreSQL's immediate shutdown: every session is cut and nothing is written down.
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
      outages.push(Date.now() - began);
    }
    const backAt = Date.now();
    await until('the run is over', async () => (await done()) === COMPANIES, 120_000);
    const progress = await waitForRun(app, run.id, 120_000);
    const twice = (await readCrms(system)).filter(({ updates }) => updates > 1);
    const again = Object.values(taps).map(
      ({ calls }) => calls.length - new Set(calls.map(({ question }) => question)).size,
    );
    console.log(
      JSON.stringify({
        again,
        outages,
        doneAfter: Date.now() - backAt,
        exits,
        done: progress.done,
        twice: twice.length,
      }),
    );

    assert.equal(exits, 0, 'the worker survived');
    assert.deepEqual(again, [0, 0], 'answers waited for the database');
    assert.equal(progress.done, COMPANIES);
    assert.equal(progress.failed, 0);
    assert.deepEqual(
      twice.map(({ name }) => name),
      [],
    );
    worker.process.kill('SIGTERM');
    const [code] = await once(worker.process, 'exit');
    assert.equal(code, 0);
  } finally {
    await system.close();
    await Promise.all(Object.values(taps).map((tap) => tap.close()));
    await server.release();
    await rm(dataDir, { recursive: true, force: true });
    await rm(home, { recursive: true, force: true });
  }
});
