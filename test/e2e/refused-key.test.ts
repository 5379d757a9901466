import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { readProgress, resumeRun, startDueRun, startRun } from '../../src/pipeline/runs.ts';
import type { RunProgress } from '../../src/pipeline/runs.ts';
import { createTick } from '../../src/pipeline/schedule.ts';
import { connectAndSync, startSystem, waitForRun } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { until } from './faults/observe.ts';
import { openWeb } from '../../src/cli/web.ts';

const WRONG = { TAVILY_API_KEY: 'tvly-wrong' };

let system: System;
before(async () => {
  system = await startSystem({ limit: 12 });
});
after(() => system.close());

/** What the minute brings to a worker with these keys, as if so many minutes had passed since the pause. */
async function tickAfter(app: App, minutes: number): Promise<void> {
  await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query('update runs set paused_at = paused_at - make_interval(mins => $1)', [minutes]),
  );
  const { search } = app.connectors;
  const areKeysGood = async (): Promise<boolean> => {
    try {
      await search?.check?.({ signal: AbortSignal.timeout(10_000) });
      return true;
    } catch {
      return false;
    }
  };
  await createTick({
    ...app,
    model: app.modelName,
    syncIntervalMinutes: 1_000_000,
    monthlyBudgetUsd: null,
    areKeysGood,
  })();
}

test('a search key that is refused pauses the run, which fails no company and goes on when the key works', async () => {
  const wrong = await system.openApp({ worker: true, environment: WRONG });
  await connectAndSync(await system.openApp({ worker: false }));
  const run = await startRun(wrong, {
    workspaceId: wrong.workspaceId,
    kind: 'scheduled',
    model: wrong.modelName,
  });
  const read = (): Promise<RunProgress> => readProgress(wrong.db, wrong.workspaceId, run.id);
  const isParked = async (): Promise<boolean> => {
    const { run: now, queued, total } = await read();
    return now.state === 'paused' && queued === total;
  };
  await wrong.startWorker({ schedule: false });
  await until('the run is paused and all its companies wait', isParked);
  const paused = await read();
  assert.equal(paused.failed, 0);
  assert.match(
    paused.run.pausedBecause ?? '',
    /tavily search: Unauthorized.*Put a valid key in TAVILY_API_KEY/,
  );

  const web = await openWeb(wrong, { elseAnyPort: true });
  const page = await (await fetch(`http://127.0.0.1:${web.port}/runs/${run.id}`)).text();
  await web.close();
  assert.match(page, /Paused until somebody acts[\s\S]*TAVILY_API_KEY/);

  // Nothing new is begun that would come to the same, and each look with the wrong key leaves it as it is.
  assert.equal(await startDueRun(wrong, wrong.workspaceId, wrong.modelName), null);
  await tickAfter(wrong, 5);
  assert.equal((await read()).run.state, 'paused');

  // A person who resumes it before the key works sees it paused again.
  await resumeRun(wrong, wrong.workspaceId, run.id);
  await until('it is paused again', isParked);
  await wrong.stop();

  const right = await system.openApp({ worker: true });
  await right.startWorker({ schedule: false });
  await tickAfter(right, 0);
  assert.equal((await readProgress(right.db, right.workspaceId, run.id)).run.state, 'paused', 'not before its time'); // prettier-ignore
  await tickAfter(right, 5);
  const ended = await waitForRun(right, run.id, 120_000);
  assert.deepEqual([ended.run.state, ended.failed, ended.done], ['done', 0, ended.total]);
});
