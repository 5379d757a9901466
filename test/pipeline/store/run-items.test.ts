import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { addItems, finishRunIfSettled, settleItem } from '../../../src/pipeline/store/run-items.ts';
import { createRun, findRun } from '../../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.close());

test('a run ends when its last two companies finish at the same moment', async () => {
  const { db } = database;
  const workspaceId = await ensureWorkspace(db);
  const { runId, one, other } = await db.inWorkspace(workspaceId, async (tx) => {
    const run = await createRun(tx, workspaceId, { kind: 'manual', model: 'gpu-infrastructure' });
    const first = await ensureCompany(tx, workspaceId, { domain: 'one.example' });
    const second = await ensureCompany(tx, workspaceId, { domain: 'other.example' });
    await addItems(tx, workspaceId, run.id, [first.id, second.id]);
    return { runId: run.id, one: first.id, other: second.id };
  });
  const settle = (companyId: string) =>
    db.inWorkspace(workspaceId, (tx) =>
      settleItem(tx, runId, companyId, { state: 'done', outcome: 'scored' }),
    );
  const finish = () => db.inWorkspace(workspaceId, (tx) => finishRunIfSettled(tx, runId));
  const stateNow = async () => (await db.inWorkspace(workspaceId, (tx) => findRun(tx, runId)))?.state;

  assert.equal(await finish(), false, 'both are open');
  // Both transactions are open at once, so that neither sees what the other did.
  await db.inWorkspace(workspaceId, async (tx) => {
    await settleItem(tx, runId, one, { state: 'done', outcome: 'scored' });
    await settle(other);
    assert.equal(await finish(), false, 'the first is not committed yet');
  });
  assert.equal(await stateNow(), 'running');
  const ended = await Promise.all([finish(), finish()]);
  assert.deepEqual(new Set(ended), new Set([true, false]), 'one of them ends the run, once');
  assert.equal(await stateNow(), 'done');
});
