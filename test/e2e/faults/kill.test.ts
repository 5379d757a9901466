import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { createRandom } from '../../../sandbox/kit/random.ts';
import type { App } from '../../../src/app.ts';
import { readProgress, startRun } from '../../../src/pipeline/runs.ts';
import { STAGE_NAMES } from '../../../src/pipeline/stage.ts';
import { connectAndSync, startSystem, waitForRun } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { isOurField, readCrms } from './crm-writes.ts';
import { openRows, setFaults, until } from './observe.ts';
import { startWireTap } from './wire-tap.ts';
import type { WireTap } from './wire-tap.ts';
import { writeWorld } from './world.ts';

// Scaled down: search 1.2 s, page 0.8 s and LLM 10 s in earnest.
const LATENCIES = { tavily: 120, web: 80, llm: 600, salesforce: 150, hubspot: 150 } as const;
// 300 and 50 in the proof at full size.
const COMPANIES = Number(process.env.FIELDNOTE_RUN_COMPANIES ?? 120);
const KILLS = Number(process.env.FIELDNOTE_RUN_KILLS ?? 20);
const WORKERS = 3;
// A company passes six stages; kills come at random ones of all those of the run, the last few of which go by too fast.
const STEPS = COMPANIES * STAGE_NAMES.length;
const LATEST = 0.95;

let world: Awaited<ReturnType<typeof writeWorld>>;
let system: System;
let taps: { tavily: WireTap; llm: WireTap };
let database: Awaited<ReturnType<typeof openRows>>;
let app: App;

before(async () => {
  world = await writeWorld(COMPANIES);
  system = await startSystem({ worldFolder: world.folder, llm: true });
  const { tavily, llm } = system.sandbox.twins;
  taps = { tavily: await startWireTap(tavily.url), llm: await startWireTap(llm.url) };
  database = await openRows(system);
  // Every time an answer is stored, not only the last.
  await database.rows(`
    create table answer_log (key text, provider text, changed boolean);
    create function log_answer() returns trigger language plpgsql security definer as $$
      begin insert into answer_log values (new.key, new.provider, tg_op = 'UPDATE'); return new; end $$;
    create trigger log_answer after insert or update on answers for each row execute function log_answer()`);
  app = await system.openApp({ worker: false });
  await connectAndSync(app);
});
after(async () => {
  await system.close();
  await taps.tavily.close();
  await taps.llm.close();
  await database.close();
  await world.remove();
});

/** How many stages the companies of a run have behind them. */
async function countSteps(runId: string): Promise<number> {
  const [found] = await database.rows<{ steps: number }>(
    `select coalesce(sum(array_position($2, stage)), 0) as steps from run_items where run_id = $1`,
    [runId, STAGE_NAMES],
  );
  return found?.steps ?? 0;
}

test(`${KILLS} kills in a run of ${COMPANIES} companies lose nothing, write nothing twice and buy nothing again`, async () => {
  const random = createRandom(50);
  for (const [name, latencyMs] of Object.entries(LATENCIES))
    await setFaults(system.sandbox.twins[name as keyof typeof LATENCIES].url, {
      latencyMs,
      jitter: 0.5,
      seed: 7,
    });
  const spawn = () => {
    const worker = {
      up: false,
      ...system.spawnWorker({
        TAVILY_BASE_URL: taps.tavily.url,
        LLM_BASE_URL: `${taps.llm.url}/v1`,
        RUN_CONCURRENCY: '10',
      }),
    };
    void worker.ready.then(() => {
      worker.up = true;
    });
    return worker;
  };
  const workers = Array.from({ length: WORKERS }, spawn);
  const began = Date.now();
  const run = await startRun(app, { workspaceId: app.workspaceId, kind: 'manual', model: app.modelName });
  const moments: { doneThen: number; searches: number; readings: number }[] = [];
  const points = Array.from({ length: KILLS }, () => Math.floor(random() * LATEST * STEPS)).toSorted(
    (a, b) => a - b,
  );
  for (const point of points) {
    await until(`step ${point}`, async () => (await countSteps(run.id)) >= point, 120_000);
    await until('a worker is up', () => workers.some(({ up }) => up));
    const up = workers.filter((worker) => worker.up);
    const victim = up[Math.floor(random() * up.length)];
    assert.ok(victim);
    moments.push({
      doneThen: (await readProgress(app.db, app.workspaceId, run.id)).done,
      searches: taps.tavily.inFlight(),
      readings: taps.llm.inFlight(),
    });
    const ended = once(victim.process, 'exit');
    victim.process.kill('SIGKILL');
    await ended;
    workers[workers.indexOf(victim)] = spawn();
  }
  const killedAt = Date.now();
  const atTheEnd = await readProgress(app.db, app.workspaceId, run.id);
  const progress = await waitForRun(app, run.id, 240_000);
  const seconds = (Date.now() - began) / 1000;
  for (const worker of workers) worker.process.kill('SIGKILL');

  const crms = await readCrms(system);
  const written = crms.filter((record) => record.updates > 0);
  const twice = written.filter((record) => record.updates > 1);
  const stored = await database.rows<{ provider: string; key: string; times: number; again: number }>(
    `select provider, key, count(*) as times, count(*) filter (where changed) as again from answer_log
     where provider in ('tavily', 'llm') group by provider, key`,
  );
  const outcomes = await database.rows<{ state: string; outcome: string; count: number }>(
    `select state, outcome, count(*) from run_items where run_id = $1 group by 1, 2`,
    [run.id],
  );
  const open = await database.rows<{ state: string; count: number }>(
    `select state, count(*) from writes group by state order by state`,
  );
  // Each answer is stored together with its price: what was asked in vain at a kill is in neither.
  const counted = await database.rows<{
    provider: string;
    operation: string;
    calls: number;
    requests: number;
    hedges: number;
  }>(
    `select provider, operation, count(*) as calls, sum(requests) as requests, sum(hedges) as hedges from usage
     where ok and provider in ('tavily', 'llm') group by 1, 2 order by 1, 2`,
  );
  const repeats = Object.fromEntries(
    Object.entries(taps).map(([name, tap]) => {
      const asked = tap.calls.filter(
        (call) => call.path.endsWith('/search') || call.path.endsWith('/completions'),
      );
      const questions = new Set(asked.map((call) => call.question));
      return [name, { asked: asked.length, questions: questions.size, again: asked.length - questions.size }];
    }),
  );
  const inFlight = moments.reduce((sum, moment) => sum + moment.searches + moment.readings, 0);
  console.log(
    JSON.stringify({
      kills: moments.length,
      cpu: process.cpuUsage(),
      seconds,
      secondsAfterLastKill: (Date.now() - killedAt) / 1000,
      doneAtLastKill: atTheEnd.done,
      inFlightAtKillsOfAnyWorker: inFlight,
      repeats,
      counted,
      outcomes,
      open,
      written: written.length,
      twice: twice.length,
    }),
  );

  // Lost: 0.
  assert.equal(progress.done, COMPANIES);
  assert.equal(progress.total, COMPANIES);
  assert.equal(progress.failed + progress.cancelled + progress.queued + progress.working, 0);
  assert.ok(outcomes.every(({ outcome }) => ['scored', 'not-enough-evidence'].includes(outcome)));
  // Each record written once, with nothing that changed nothing.
  assert.deepEqual(
    twice.map(({ name, updates }) => ({ name, updates })),
    [],
  );
  for (const record of written)
    assert.ok(record.changes.length > 0, `${record.name}: a write that changed nothing`);
  assert.ok(written.length >= COMPANIES, `${written.length} records were written`);
  for (const record of crms)
    assert.ok(
      record.changes.every(({ field }) => isOurField(field)),
      record.name,
    );
  for (const { state } of open) assert.ok(['applied', 'skipped'].includes(state), state);
  const search = counted.find(({ provider }) => provider === 'tavily');
  const reading = counted.find(({ provider }) => provider === 'llm');
  assert.equal(search?.calls, repeats.tavily?.questions);
  assert.equal(reading?.calls, repeats.llm?.questions);
  // Every answer stored once: whatever was asked again had not been stored.
  assert.deepEqual(
    stored.filter(({ again }) => again > 0),
    [],
  );
  assert.ok(Math.max(...moments.map(({ doneThen }) => doneThen)) < COMPANIES, 'the kills fell into the run');
});
