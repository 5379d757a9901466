import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { readProgress, startRun } from '../../../src/pipeline/runs.ts';
import { listBreakers } from '../../../src/pipeline/store/breakers.ts';
import { connectAndSync, startSystem, waitForRun } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { readCrms } from './crm-writes.ts';
import { setFaults, until } from './observe.ts';
import { writeWorld } from './world.ts';

const COMPANIES = 40;
const OUTAGE_MS = 30_000;
// Probes are at most five seconds apart; a busy machine takes its time over each.
const SOON_MS = 15_000;
// A probe is fetched, its call made and its success noted: each waits as long as this one process, which holds twins and workers,
// stands still.
const STEPS = 3;
const RUN_WITHIN_MS = 600_000;
const LATENCY_MS = 30;
const CONCURRENCY = 8;
// A company sends at most three calls to one provider at a time; a probe starts after two seconds, four, and then every five.
const UNDER_WAY = CONCURRENCY * 3;
const PROBES = 10;

type Provider = 'tavily' | 'web' | 'llm' | 'salesforce' | 'hubspot';
type Outage = { providers: readonly Provider[]; workers: number };
const BREAKER: Record<Provider, string> = {
  tavily: 'tavily',
  web: 'website',
  llm: 'llm',
  salesforce: 'salesforce',
  hubspot: 'hubspot',
};

/** The test of one outage. Each has a file, and so a process, of its own: several systems in one starve on a busy machine. */
export function testOutage(outage: Outage): void {
  test(`no company fails while ${outage.providers.join(' and ')} is down for thirty seconds`, async () => {
    const world = await writeWorld(COMPANIES);
    try {
      const system = await startSystem({ worldFolder: world.folder, llm: true });
      try {
        await sitOut(system, outage);
      } finally {
        await system.close();
      }
    } finally {
      await world.remove();
    }
  });
}

async function sitOut(system: System, { providers, workers }: Outage): Promise<void> {
  const twins = providers.map((provider) => system.sandbox.twins[provider]);
  const names = providers.map((provider) => BREAKER[provider]);
  const countCalls = (): number => twins.reduce((sum, twin) => sum + twin.kit.calls.list().length, 0);
  const setAll = (faults: Record<string, unknown>): Promise<unknown> =>
    Promise.all(twins.map((twin) => setFaults(twin.url, faults)));
  const [app, ...others] = await Promise.all(
    Array.from({ length: workers }, () => system.openApp({ worker: true })),
  );
  assert.ok(app);
  await connectAndSync(app);
  for (const each of Object.values(system.sandbox.twins))
    await setFaults(each.url, { latencyMs: LATENCY_MS });
  for (const worker of [app, ...others])
    await worker.startWorker({ schedule: false, concurrency: CONCURRENCY });

  const run = await startRun(app, { workspaceId: app.workspaceId, kind: 'manual', model: app.modelName });
  const read = (): ReturnType<typeof readProgress> => readProgress(app.db, app.workspaceId, run.id);
  await until('the run is under way', async () => (await read()).working > 0);
  const before = countCalls();
  await setAll({ down: true });
  // A CRM is called at the end of so small a run, when that is on a busy machine: the thirty seconds begin when somebody calls.
  const untouched = twins.map((twin) => twin.kit.calls.list().length);
  const isCalled = (): boolean =>
    twins.every((twin, at) => twin.kit.calls.list().length > (untouched[at] ?? 0));
  await until('somebody calls', isCalled, RUN_WITHIN_MS);
  const downAt = Date.now();
  const downFor = (): number => Date.now() - downAt;
  const isOpen = async (): Promise<boolean> => {
    const open = (await listBreakers(app.db)).filter(({ state }) => state === 'open');
    return names.every((name) => open.some(({ provider }) => provider.split(':')[0] === name));
  };
  // A CRM is called by few: five failures may take as long as the outage lasts.
  const mayStayClosed = providers.includes('hubspot');
  await until('the breakers open', async () => (await isOpen()) || (mayStayClosed && downFor() > OUTAGE_MS));
  const openedAfter = (await isOpen()) ? downFor() : null;
  const callsToOpen = countCalls() - before;
  await wait(Math.max(1, OUTAGE_MS - downFor()));
  const callsWhileOpen = countCalls() - before - callsToOpen;
  const standstill = monitorEventLoopDelay({ resolution: 10 });
  standstill.enable();
  await setAll({ latencyMs: LATENCY_MS });
  const upAt = Date.now();
  const doneWhenUp = (await read()).done;
  await until('work goes on', async () => !(await isOpen()));
  const closedAfter = Date.now() - upAt;
  standstill.disable();
  const longestStandstillMs = Math.round(standstill.max / 1e6);
  const progress = await waitForRun(app, run.id);
  const recoveredAfter = Date.now() - upAt;
  console.log(
    JSON.stringify({
      providers,
      openedAfter,
      callsToOpen,
      callsWhileOpen,
      closedAfter,
      longestStandstillMs,
      doneWhenUp,
      recoveredAfter,
    }),
  );

  assert.equal(progress.failed, 0);
  assert.equal(progress.done, COMPANIES);
  const soonMs = SOON_MS + STEPS * longestStandstillMs;
  assert.ok(closedAfter <= soonMs, `closed after ${closedAfter} ms, not within ${soonMs}`);
  // Counted in one: on a busy machine calls that were on their way arrive after the breaker has opened.
  const calls = callsToOpen + callsWhileOpen;
  const most = (UNDER_WAY + PROBES) * workers * providers.length;
  assert.ok(calls <= most, `${calls} calls of a provider that was down, at most ${most}`);
  for (const { provider, state } of await listBreakers(app.db)) assert.equal(state, 'closed', provider);
  const twice = (await readCrms(system)).filter(({ updates }) => updates > 1);
  assert.deepEqual(
    twice.map(({ name }) => name),
    [],
  );
}
