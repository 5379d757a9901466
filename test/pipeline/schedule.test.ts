import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, test } from 'node:test';
import type { Tx } from '../../src/db.ts';
import type { ConnectionJob, UndoJob } from '../../src/pipeline/queue/jobs.ts';
import type { Queue } from '../../src/pipeline/queue/queue.ts';
import { startDueRun } from '../../src/pipeline/runs.ts';
import { createTick } from '../../src/pipeline/schedule.ts';
import { ensureCompany } from '../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { finishRunIfSettled } from '../../src/pipeline/store/run-items.ts';
import { createRun, findRun } from '../../src/pipeline/store/runs.ts';
import { beginPlan } from '../../src/pipeline/store/undos.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

test('the minute’s look and a worker that ends a run never wait for each other in a circle', async () => {
  const { db } = here;
  const workspaceId = await ensureWorkspace(db);
  const { run, connection } = await db.inWorkspace(workspaceId, async (tx) => ({
    connection: await ensureConnection(tx, workspaceId, 'hubspot', 'default'),
    run: await createRun(tx, workspaceId, { kind: 'manual', model: 'm' }),
  }));
  const events = new EventEmitter();
  // Two that ask for one flush at once wait for each other, as the queue's unique keys make them.
  const requestFlush = async (tx: Tx, { connectionId }: ConnectionJob): Promise<void> => {
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [connectionId]);
  };
  const queue: Queue = {
    enqueueCompanies: async () => undefined,
    requestSync: async () => undefined,
    requestCatchUp: async () => undefined,
    requestFlush: async (tx, job) => {
      await requestFlush(tx, job);
      events.emit('asked by the minute');
    },
    requestPitches: async () => undefined,
    requestUndo: async () => undefined,
    requestRehearsal: async () => undefined,
    requestSlack: async () => undefined,
    work: async () => undefined,
    rest: () => undefined,
    countJobs: async () => [],
    stop: async () => undefined,
  };
  const tick = createTick({
    db,
    queue,
    model: 'm',
    syncIntervalMinutes: 15,
    monthlyBudgetUsd: null,
    areKeysGood: async () => true,
  });

  let minute = Promise.resolve();
  await db.inWorkspace(workspaceId, async (tx) => {
    assert.equal(await finishRunIfSettled(tx, run.id), true);
    const asked = once(events, 'asked by the minute');
    minute = tick();
    await asked;
    await requestFlush(tx, { workspaceId, connectionId: connection.id });
  });
  await minute;

  assert.equal((await db.inWorkspace(workspaceId, (tx) => findRun(tx, run.id)))?.state, 'done');
});

test('nothing is taken up by itself while a connection is read for the first time, and one that never comes about holds up nothing for long', async () => {
  const { db } = here;
  const workspaceId = await ensureWorkspace(db, 'first sync');
  const change = (text: string): Promise<unknown> => db.inWorkspace(workspaceId, (tx) => tx.query(text));
  await db.inWorkspace(workspaceId, async (tx) => {
    await ensureConnection(tx, workspaceId, 'hubspot', 'synced');
    await ensureConnection(tx, workspaceId, 'salesforce', 'new');
    await ensureCompany(tx, workspaceId, { domain: 'due.example' });
    await tx.query('update companies set due_at = now()');
    await tx.query(`update connections set synced_at = now() where name = 'synced'`);
  });
  const started = async (): Promise<boolean> =>
    (await startDueRun({ db, queue: QUIET_QUEUE }, workspaceId, 'm')) !== null;

  assert.equal(await started(), false);
  await change(`update connections set status = 'paused' where name = 'new'`);
  assert.equal(await started(), true);
  await change(`update runs set state = 'cancelled'`);
  await change(`update connections set status = 'active' where name = 'new'`);
  assert.equal(await started(), false);
  await change(`update connections set created_at = now() - interval '25 hours' where name = 'new'`);
  assert.equal(await started(), true);
});

test('an undo that somebody began and did not plan to its end is taken up within a minute', async () => {
  const { db } = here;
  const workspaceId = await ensureWorkspace(db, 'undo');
  const { id } = await db.inWorkspace(workspaceId, async (tx) => {
    const run = await createRun(tx, workspaceId, { kind: 'undo', model: 'm' });
    await beginPlan(tx, run.id);
    return run;
  });
  const asked: UndoJob[] = [];
  const tick = createTick({
    db,
    queue: { ...QUIET_QUEUE, requestUndo: async (_tx, job) => void asked.push(job) },
    model: 'm',
    syncIntervalMinutes: 15,
    monthlyBudgetUsd: null,
    areKeysGood: async () => true,
  });
  await tick();
  assert.deepEqual(asked, [{ workspaceId, undoRunId: id }]);
});

const QUIET_QUEUE: Queue = {
  enqueueCompanies: async () => undefined,
  requestSync: async () => undefined,
  requestCatchUp: async () => undefined,
  requestFlush: async () => undefined,
  requestPitches: async () => undefined,
  requestUndo: async () => undefined,
  requestRehearsal: async () => undefined,
  requestSlack: async () => undefined,
  work: async () => undefined,
  rest: () => undefined,
  countJobs: async () => [],
  stop: async () => undefined,
};
