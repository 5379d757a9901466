import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
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
  const settled = { state: 'done', outcome: 'scored' } as const;
  let lateIsThrough = false;
  const { late } = await db.inWorkspace(workspaceId, async (tx) => {
    await settleItem(tx, runId, one, settled);
    assert.equal(await finishRunIfSettled(tx, runId), false, 'the other one is still open');
    const end = db
      .inWorkspace(workspaceId, async (its) => {
        await settleItem(its, runId, other, settled);
        return finishRunIfSettled(its, runId);
      })
      .finally(() => {
        lateIsThrough = true;
      });
    // This one commits only after the late one has looked, or waits to look.
    for (;;) {
      const { rowCount } = await tx.query('select from pg_locks where not granted');
      if (lateIsThrough || rowCount !== 0) break;
      await wait(5);
    }
    return { late: end };
  });
  assert.equal(await late, true);
  assert.equal((await db.inWorkspace(workspaceId, (tx) => findRun(tx, runId)))?.state, 'done');
});
