import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { followWrites } from '../../src/cli/follow-writes.ts';
import { noKeyboard } from '../../src/cli/keyboard.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { readProgress, startRun } from '../../src/pipeline/runs.ts';
import { createSharedBreaker } from '../../src/pipeline/store/breakers.ts';
import { countWritesByConnection } from '../../src/pipeline/store/writes.ts';
import { setFaults, until } from '../e2e/faults/observe.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

let system: System;
before(async () => {
  system = await startSystem({ limit: 3 });
});
after(() => system.close());

test('a CRM that stays down is waited for as long as a person would, and its writes stay planned', async () => {
  const app = await system.openApp({ worker: true });
  await connectAndSync(app);
  const { salesforce } = system.sandbox.twins;
  await setFaults(salesforce.url, { down: true });
  const breaker = createSharedBreaker(app.db);
  const down = app.connections.find(({ kind }) => kind === 'salesforce');
  for (let failure = 0; failure < 5; failure += 1)
    await breaker.report(`salesforce:${down?.id ?? ''}`, 'failure');
  const run = await startRun(app, { workspaceId: app.workspaceId, kind: 'manual', model: app.modelName });
  await app.startWorker({ schedule: false });
  const isOver = async (): Promise<boolean> =>
    (await readProgress(app.db, app.workspaceId, run.id)).run.state === 'done';
  await until('the run is over', isOver);

  let said = '';
  const sink = { write: (text: string) => (said += text) };
  const context = {
    environment: {},
    terminal: createTerminal(sink, sink),
    signal: AbortSignal.timeout(60_000),
    keyboard: noKeyboard,
  };
  const left = await followWrites(app, context, run.id, { patienceMs: 300 });

  assert.match(
    left ?? '',
    /^\d+ fields wait to be written: salesforce does not answer; a worker, or the next run/,
  );
  const writes = await app.db.inWorkspace(app.workspaceId, (tx) => countWritesByConnection(tx, run.id));
  const states = new Set(writes.map(({ crm, state }) => `${crm} ${state}`));
  assert.deepEqual(states, new Set(['hubspot applied', 'salesforce planned']));
});
