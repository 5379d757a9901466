import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { App } from '../../src/app.ts';
import type { Tx } from '../../src/db.ts';
import { beginUndo } from '../../src/pipeline/7-write-back/undo.ts';
import { findRun, listRuns } from '../../src/pipeline/store/runs.ts';
import type { Run } from '../../src/pipeline/store/runs.ts';
import { until } from '../harness/browser-page.ts';
import { isWaitedFor } from '../harness/lock-waits.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

let system: System;
let app: App;
let folder: Awaited<ReturnType<typeof makeFolder>>;
before(async () => {
  folder = await makeFolder();
  system = await startSystem({ limit: 3 });
  app = await system.openApp({ worker: false });
  await connectAndSync(app);
});
after(async () => {
  await system.close();
  await folder.remove();
});

// Two portions and a bit: planned in one, an undo could not be stopped any more.
const FIELDS = 12_000;
let run: string;
const within = <T>(act: (tx: Tx) => Promise<T>): Promise<T> => app.db.inWorkspace(app.workspaceId, act);
/** A run that wrote so many fields, and has one more to send. */
beforeEach(async () => {
  run = await within(async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into runs (workspace_id, kind, model, state) values (current_workspace(), 'manual', 'm', 'done') returning id`,
    );
    const id = rows[0]?.id ?? '';
    await tx.query(
      `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, old_value, new_value,
         returned_value, state, settled_at)
       select current_workspace(), $1, c.id, 'Account', $1::uuid || ' ' || n, co.id, 'score', '1', '2', '2',
         case when n > $2 then 'planned' else 'applied' end, now()
       from (select id from connections where kind = 'salesforce' limit 1) as c, (select id from companies limit 1) as co,
         generate_series(1, $2 + 1) as n`,
      [id, FIELDS],
    );
    return id;
  });
});

const undosOf = async (): Promise<Run[]> => (await within((tx) => listRuns(tx, 50))).filter(({ undoes }) => undoes === run); // prettier-ignore
const command = (args: string[], signal?: AbortSignal): Promise<Ran> =>
  runHere(
    ['undo', run, ...args],
    { ...system.environment, FIELDNOTE_HOME: folder.path },
    signal && { signal },
  );
const waiting = async (): Promise<number> => (await within((tx) => tx.query(`select from writes where run_id = $1 and state = 'planned'`, [run]))).rowCount ?? 0; // prettier-ignore

/** `fieldnote undo RUN`, with Ctrl-C while its first portion waits for the row that `held` locks. */
async function interrupt(held: string): Promise<Ran> {
  const stop = new AbortController();
  let ended: Promise<Ran> | undefined;
  await within(async (tx) => {
    await tx.query(held, [run]);
    ended = command([], stop.signal);
    await until(() => isWaitedFor(tx), 'the command to come to the undo');
    stop.abort();
  });
  assert.ok(ended);
  return ended;
}

test('Ctrl-C cancels the undo that the command began, and says so; what the run had not sent waits as before', async () => {
  const ended = await interrupt('select from runs where id = $1 for update');
  assert.equal(ended.code, 130, ended.err);
  assert.match(ended.err, /Cancelled: nothing was put back, and the run sends what it still had to send/);
  assert.deepEqual((await undosOf()).map(({ state }) => state), ['cancelled']); // prettier-ignore
  assert.equal(await waiting(), 1);
});

test('Ctrl-C only stops watching an undo that somebody else began, says what goes on, and how to cancel it, which then works', async () => {
  const theirs = await within((tx) =>
    beginUndo(tx, { workspaceId: app.workspaceId, runId: run, portion: 1, startedBy: { via: 'api', name: 'nightly' } }),
  ); // prettier-ignore
  const ended = await interrupt(
    'select from undos where run_id in (select id from runs where undoes = $1) for update',
  );
  assert.equal(ended.code, 130, ended.err);
  assert.match(ended.err, new RegExp(`Stopped watching. The undo ${theirs.run.id}, begun by the token “nightly”, goes on`)); // prettier-ignore
  assert.ok(ended.err.includes(`fieldnote undo ${run} --cancel`));
  assert.deepEqual((await undosOf()).map(({ state }) => state), ['planning']); // prettier-ignore

  const cancelled = await command(['--cancel']);
  assert.equal(cancelled.code, 0, cancelled.err);
  assert.match(cancelled.out, new RegExp(`Cancelled the undo ${theirs.run.id}: nothing was put back`));
  assert.equal((await within((tx) => findRun(tx, theirs.run.id)))?.state, 'cancelled');
  assert.equal(await waiting(), 1);

  const again = await command(['--cancel']);
  assert.equal(again.code, 1);
  assert.match(again.err, /No undo of run .* is being planned/);
});

test('an undo of nobody’s run can not be cancelled', async () => {
  const ended = await runHere(['undo', '3f7c0000-0000-4000-8000-000000000000', '--cancel'], { ...system.environment, FIELDNOTE_HOME: folder.path }); // prettier-ignore
  assert.equal(ended.code, 1);
  assert.match(ended.err, /There is no run 3f7c/);
});
