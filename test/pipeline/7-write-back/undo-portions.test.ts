import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { planPortion, planPortions } from '../../../src/pipeline/7-write-back/plan-portions.ts';
import { beginUndo, planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { createRehearsalJob } from '../../../src/pipeline/rehearsal-job.ts';
import { changeRunState, findRun, listRuns, listUndos } from '../../../src/pipeline/store/runs.ts';
import { askForRehearsal, findRehearsal } from '../../../src/pipeline/store/rehearsals.ts';
import { findPlan, listOpenPlans } from '../../../src/pipeline/store/undos.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { Killed, startProcess } from '../../harness/killable.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const PORTION = 2;
const IDS = ['r0', 'r1', 'r2', 'r3'];

/** A run that wrote two fields of four records, over what an earlier one had left there; it is done. */
async function openRun(): Promise<{ desk: Desk; run: string }> {
  const desk = await openDesk(here.db, 'salesforce');
  for (const id of IDS) desk.fake.add('Account', id);
  await desk.plan({ score: 10, why: 'old' }, IDS);
  await desk.flush();
  const run = await desk.plan({ score: 20, why: 'new' }, IDS);
  await desk.flush();
  await desk.db.inWorkspace(desk.workspaceId, (tx) => changeRunState(tx, run, 'done'));
  return { desk, run };
}

const scores = (desk: Desk) => desk.fake.all().map(({ values }) => values.score);
const stateOf = async ({ db, workspaceId }: Desk, id: string) => (await db.inWorkspace(workspaceId, (tx) => findRun(tx, id)))?.state; // prettier-ignore
const begin = ({ db, workspaceId }: Desk, runId: string, dryRun = false) => db.inWorkspace(workspaceId, (tx) => beginUndo(tx, { workspaceId, runId, dryRun, portion: PORTION })); // prettier-ignore
const goOn = ({ db, workspaceId }: Desk, runId: string, signal?: AbortSignal, onPortion?: () => void) =>
  planPortions(db, { workspaceId, runId, portion: PORTION, ...(signal && { signal }), ...(onPortion && { onPortion }) }); // prettier-ignore
/** What the undo has planned, each field once. */
async function plannedBy(desk: Desk, id: string): Promise<string[]> {
  const writes = await desk.writesOf(id);
  const fields = writes.map(({ externalId, field }) => `${externalId} ${field}`);
  assert.equal(new Set(fields).size, fields.length, 'no field twice');
  return fields;
}

test('nothing of an undo is sent before all of it is planned', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await begin(desk, run);
  assert.equal(undo.state, 'planning');
  for (let portions = 1; (await stateOf(desk, undo.id)) === 'planning'; portions += 1) {
    assert.equal((await plannedBy(desk, undo.id)).length, portions * PORTION);
    for (const mode of ['now', 'all-once', 'full-batches-only', 'asked-only'] as const)
      assert.equal((await desk.flush({ mode })).applied, 0, mode);
    assert.deepEqual(scores(desk), [20, 20, 20, 20]);
    await desk.db.inWorkspace(desk.workspaceId, (tx) => planPortion(tx, undo.id, PORTION));
  }
  assert.equal(await stateOf(desk, undo.id), 'done');
  assert.equal((await desk.flush()).applied, 8);
  assert.deepEqual(scores(desk), [10, 10, 10, 10]);
});

test('an undo whose planning was stopped goes on where it was, whoever goes on, and plans no field twice', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await begin(desk, run);
  const stopped = new AbortController();
  await assert.rejects(goOn(desk, undo.id, stopped.signal, () => stopped.abort()));
  assert.equal((await plannedBy(desk, undo.id)).length, 2 * PORTION);
  assert.deepEqual(await desk.db.inWorkspace(desk.workspaceId, listOpenPlans), [undo.id]);

  // Two workers at once.
  await Promise.all([goOn(desk, undo.id), goOn(desk, undo.id)]);

  assert.equal((await plannedBy(desk, undo.id)).length, 8);
  const plan = await desk.db.inWorkspace(desk.workspaceId, (tx) => findPlan(tx, undo.id));
  assert.deepEqual([plan?.fields, plan?.overtaken], [8, 0]);
  assert.deepEqual(await desk.db.inWorkspace(desk.workspaceId, listOpenPlans), []);
  await desk.flush();
  assert.deepEqual(scores(desk), [10, 10, 10, 10]);
});

test('a process that dies at any step of planning leaves an undo that others finish, also where somebody undoes the run once more', async () => {
  for (let diesAt = 1; ; diesAt += 1) {
    const { desk, run } = await openRun();
    const { workspaceId } = desk;
    const dying = startProcess(desk.db, () => undefined, diesAt);
    const request = { workspaceId, runId: run, portion: PORTION };
    const died = await planUndo(dying.db, request).then(() => false, (error: unknown) => error instanceof Killed); // prettier-ignore
    const open = await desk.db.inWorkspace(workspaceId, listOpenPlans);
    const planned = (await desk.db.inWorkspace(workspaceId, listRuns)).filter(({ kind }) => kind === 'undo');
    // Somebody who saw it die tries again, and a worker goes on with what it left.
    if (diesAt % 2 === 0 || planned.length === 0) await planUndo(desk.db, request);
    for (const id of open) await goOn(desk, id);
    assert.deepEqual(await desk.db.inWorkspace(workspaceId, listOpenPlans), []);
    assert.equal((await desk.flush()).applied, 8, `each field goes back once, killed at ${diesAt}`);
    assert.deepEqual(scores(desk), [10, 10, 10, 10]);
    const states = (await desk.writesOf(run)).map(({ state }) => state);
    assert.deepEqual(new Set(states), new Set(['undone']));
    if (!died) break;
    assert.ok(diesAt < 30);
  }
});

test('an undo that a person stops while it is planned is over, and nothing was put back', async () => {
  const { desk, run } = await openRun();
  const { workspaceId } = desk;
  const stop = new AbortController();
  const seen: number[] = [];
  const onPortion = (fields: number): void => {
    seen.push(fields);
    stop.abort();
  };
  const stopped = await planUndo(desk.db, { workspaceId, runId: run, portion: PORTION, signal: stop.signal, onPortion }); // prettier-ignore
  assert.equal(stopped.run.state, 'cancelled');
  assert.deepEqual(seen, [2 * PORTION]);
  assert.deepEqual(await desk.db.inWorkspace(workspaceId, listOpenPlans), []);
  assert.equal((await desk.flush()).applied, 0);
  assert.deepEqual(scores(desk), [20, 20, 20, 20]);
});

test('a portion that is broken off in its middle leaves nothing behind, and is planned anew', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await begin(desk, run);
  const broken = desk.db.inWorkspace(desk.workspaceId, async (tx) => {
    await planPortion(tx, undo.id, PORTION);
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
    const server = new pg.Client({ connectionString: here.adminUrl });
    await server.connect();
    await server.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await server.end();
  });
  await assert.rejects(broken, /terminat|closed|connection error/i);
  assert.equal((await plannedBy(desk, undo.id)).length, PORTION);
  await goOn(desk, undo.id);
  assert.equal((await plannedBy(desk, undo.id)).length, 8);
});

test('an undo that is asked for again while it is planned is gone on with: all of it is put back, once', async () => {
  const { desk, run } = await openRun();
  const { run: begun } = await begin(desk, run);
  const again = await planUndo(desk.db, { workspaceId: desk.workspaceId, runId: run, portion: PORTION });
  assert.equal(again.run.id, begun.id);
  assert.deepEqual([again.run.state, again.fields], ['done', 8]);
  assert.equal((await desk.flush()).applied, 8);
  assert.deepEqual(scores(desk), [10, 10, 10, 10]);
});

test('two who undo a run in the same moment begin one undo', async () => {
  const { desk, run } = await openRun();
  const [one, other] = await Promise.all([begin(desk, run), begin(desk, run)]);
  assert.equal(one.run.id, other.run.id);
  await goOn(desk, one.run.id);
  assert.equal((await plannedBy(desk, one.run.id)).length, 8);
});

test('a rehearsal of an undo is one of its own, whatever is planned beside it', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await begin(desk, run);
  const { run: dry } = await begin(desk, run, true);
  assert.notEqual(dry.id, undo.id);
  await goOn(desk, dry.id);
  assert.equal((await plannedBy(desk, dry.id)).length, 8);
});

test('an undo that is cancelled while it is planned puts nothing back', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await begin(desk, run);
  await desk.db.inWorkspace(desk.workspaceId, async (tx) => {
    assert.equal(await changeRunState(tx, undo.id, 'running'), false, 'it can not be let go half planned');
    assert.equal(await changeRunState(tx, undo.id, 'cancelled'), true);
  });
  await goOn(desk, undo.id);
  assert.equal((await desk.flush()).applied, 0);
  assert.deepEqual(scores(desk), [20, 20, 20, 20]);
  assert.deepEqual(new Set((await desk.writesOf(undo.id)).map(({ state }) => state)), new Set(['cancelled']));
  const undos = await desk.db.inWorkspace(desk.workspaceId, (tx) => listUndos(tx, [run]));
  assert.deepEqual(undos, [], 'nobody is said to have undone the run');
  const again = await planUndo(desk.db, { workspaceId: desk.workspaceId, runId: run, portion: PORTION });
  assert.equal(again.fields, 8);
  await desk.flush();
  assert.deepEqual(scores(desk), [10, 10, 10, 10]);
});

test('what a later run still had to send goes out after all where the undo that took its place is cancelled while it is planned', async () => {
  const { desk, run } = await openRun();
  const later = await desk.plan({ score: 30 }, IDS);
  const { run: undo } = await begin(desk, run);
  const replaced = (await desk.writesOf(later)).filter(({ state }) => state === 'cancelled');
  assert.equal(replaced.length, 1);
  await desk.db.inWorkspace(desk.workspaceId, (tx) => changeRunState(tx, undo.id, 'cancelled'));
  await desk.flush();
  assert.deepEqual(scores(desk), [30, 30, 30, 30]);
  assert.deepEqual(new Set((await desk.writesOf(later)).map(({ state }) => state)), new Set(['applied']));
});

test('nothing of a later run that was cancelled as well, or of a company that is left out since, goes out with it', async () => {
  const { desk, run } = await openRun();
  const later = await desk.plan({ score: 30 }, ['r0']);
  const { run: undo } = await begin(desk, run);
  await desk.db.inWorkspace(desk.workspaceId, async (tx) => {
    await changeRunState(tx, undo.id, 'cancelled');
    await changeRunState(tx, later, 'cancelled');
  });
  await desk.flush();
  const other = await desk.plan({ score: 31 }, ['r0']);
  const { run: second } = await begin(desk, run);
  await desk.db.inWorkspace(desk.workspaceId, async (tx) => {
    await changeRunState(tx, second.id, 'cancelled');
    await tx.query(`update companies set excluded_because = 'customer' where id = $1`, [desk.companyId]);
  });
  await desk.flush();
  assert.deepEqual(scores(desk), [20, 20, 20, 20]);
  for (const id of [later, other])
    assert.deepEqual((await desk.writesOf(id)).map(({ state }) => state), ['cancelled']); // prettier-ignore
});

test('a rehearsed undo is read from the CRM once all of it is planned', async () => {
  const { desk, run } = await openRun();
  const { run: dry } = await begin(desk, run, true);
  await desk.db.inWorkspace(desk.workspaceId, (tx) => askForRehearsal(tx, dry.id));
  const read = createRehearsalJob({ db: desk.db, crmOf: () => desk.fake.crm });
  const job = { workspaceId: desk.workspaceId, rehearsedRunId: dry.id };
  const signal = AbortSignal.timeout(30_000);
  const early = await read(job, signal, () => undefined);
  assert.ok(early !== 'done');
  await goOn(desk, dry.id);
  assert.equal(await read(job, signal, () => undefined), 'done');
  const told = await desk.db.inWorkspace(desk.workspaceId, (tx) => findRehearsal(tx, dry.id));
  assert.ok(told?.readAt);
  assert.deepEqual([told.calls?.write, told.unread], [1, []]);
  assert.deepEqual(scores(desk), [20, 20, 20, 20]);
});
