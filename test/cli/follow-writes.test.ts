import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { App } from '../../src/app.ts';
import type { Context } from '../../src/cli/context.ts';
import { followWrites } from '../../src/cli/follow-writes.ts';
import { noKeyboard } from '../../src/cli/keyboard.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { readProgress, startRun } from '../../src/pipeline/runs.ts';
import { createSharedBreaker } from '../../src/pipeline/store/breakers.ts';
import { countWritesByConnection } from '../../src/pipeline/store/writes.ts';
import { setFaults, until } from '../e2e/faults/observe.ts';
import { editTwin } from '../e2e/twin-records.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

let system: System;
before(async () => {
  system = await startSystem({ limit: 3 });
});
after(() => system.close());

/** The context of a command that nobody stops; `hear` is told what it prints. */
function watch(hear: (text: string) => void = () => undefined): Context {
  const sink = { write: hear };
  return {
    environment: {},
    terminal: createTerminal(sink, sink),
    signal: AbortSignal.timeout(60_000),
    keyboard: noKeyboard,
  };
}

/** Starts a run over all companies, and waits until they are through: its writes are planned then. */
async function runCompanies(app: App): Promise<string> {
  const run = await startRun(app, { workspaceId: app.workspaceId, kind: 'manual', model: app.modelName });
  await app.startWorker({ schedule: false });
  const isOver = async (): Promise<boolean> =>
    (await readProgress(app.db, app.workspaceId, run.id)).run.state === 'done';
  await until('the run is over', isOver);
  return run.id;
}

async function readStates(app: App, runId: string): Promise<Set<string>> {
  const writes = await app.db.inWorkspace(app.workspaceId, (tx) => countWritesByConnection(tx, runId));
  return new Set(writes.map(({ crm, state }) => `${crm} ${state}`));
}

test('a CRM that stays down is waited for as long as a person would, and its writes stay planned', async () => {
  const app = await system.openApp({ worker: true });
  await connectAndSync(app);
  const { salesforce } = system.sandbox.twins;
  await setFaults(salesforce.url, { down: true });
  const breaker = createSharedBreaker(app.db);
  const down = app.connections.find(({ kind }) => kind === 'salesforce');
  for (let failure = 0; failure < 5; failure += 1)
    await breaker.report(`salesforce:${down?.id ?? ''}`, 'failure');
  const runId = await runCompanies(app);

  const left = await followWrites(app, watch(), runId, { patienceMs: 300 });

  assert.match(
    left ?? '',
    /^\d+ fields wait to be written: salesforce does not answer; a worker, or the next run/,
  );
  assert.deepEqual(await readStates(app, runId), new Set(['hubspot applied', 'salesforce planned']));
  // Whoever found it out of reach while syncing knows no more than that.
  const notFor = [down?.id ?? ''];
  const unsynced = await followWrites(app, watch(), runId, { notFor, patienceMs: 60_000 });
  assert.match(unsynced ?? '', /: salesforce could not be synced; a worker, or the next run/);
});

test('who waits for a run at a terminal is not kept until the CRM’s next day when the day’s calls run out midway', async () => {
  const other = await startSystem({ limit: 3 });
  try {
    const app = await other.openApp({ worker: true });
    await connectAndSync(app);
    const limits = { daily: 625_000, dailyUsedElsewhere: 520_000 };
    await editTwin(other.sandbox.twins.hubspot.url, { operation: 'configure', limits });
    const runId = await runCompanies(app);

    const context = watch();
    const left = await followWrites(app, context, runId, { patienceMs: 300 });

    assert.equal(context.signal.aborted, false);
    assert.match(
      left ?? '',
      /^\d+ fields wait to be written: the day's calls of hubspot are used up to its share; a worker, or a later run/,
    );
    const states = await readStates(app, runId);
    assert.ok(states.has('hubspot planned'));
    assert.ok(states.has('salesforce applied'));
  } finally {
    await other.close();
  }
});

test('a bar that stands still over a locked record says so, until the record is free', async () => {
  const other = await startSystem({ limit: 3 });
  try {
    const app = await other.openApp({ worker: true });
    await connectAndSync(app);
    const { url } = other.sandbox.twins.salesforce;
    const Dump = z.object({ records: z.array(z.object({ id: z.string(), object: z.string() })) });
    const { records } = Dump.parse(await (await fetch(`${url}/_twin/dump`)).json());
    const id = records.find(({ object }) => object === 'Account')?.id;
    await editTwin(url, { operation: 'lock', as: 'rep:Anna Berg', id });
    const runId = await runCompanies(app);

    let said = '';
    let freed: Promise<unknown> | null = null;
    const context = watch((text) => {
      said += text;
      if (/tried again shortly: UNABLE_TO_LOCK_ROW/.test(text))
        freed ??= editTwin(url, { operation: 'unlock', as: 'rep:Anna Berg', id });
    });
    assert.equal(await followWrites(app, context, runId), null);
    assert.match(said, /\d+\/\d+ {2}tried again shortly: UNABLE_TO_LOCK_ROW: /);
    assert.notEqual(freed, null);
    assert.deepEqual(await readStates(app, runId), new Set(['hubspot applied', 'salesforce applied']));
  } finally {
    await other.close();
  }
});
