import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { createSharedQuota } from '../../src/pipeline/store/quotas.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';

const WAITS = "Sync and batch writes wait until the CRM's daily calls allow more; they go on by themselves.";

let here: TestDatabase;
let folder: { path: string; remove(): Promise<void> };
before(async () => {
  here = await createTestDatabase();
  folder = await makeFolder();
});
after(async () => {
  await here.close();
  await folder.remove();
});

test('doctor and the list of connections tell how much of a CRM’s day is used, and that batch work waits', async () => {
  const workspaceId = await ensureWorkspace(here.db);
  const { account } = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'salesforce', 'default'),
  );
  const quota = createSharedQuota(here.db, account);
  const say = async (...args: string[]): Promise<string> =>
    (await runHere(args, { DATABASE_URL: here.url, FIELDNOTE_HOME: folder.path })).out;

  await quota.tell({ used: 12_345, limit: 100_000 });
  assert.match(await say('doctor'), /✔ salesforce: .*, 12,345 of 100,000 daily calls used$/m);
  assert.doesNotMatch(await say('connect', '--list'), /daily calls/, 'what stops nothing is not in the way');

  await quota.tell({ used: 80_000, limit: 100_000 });
  assert.match(
    await say('doctor'),
    new RegExp(`✔ salesforce: .*, 80,000 of 100,000 daily calls used\\. ${WAITS}$`, 'm'),
  );
  assert.match(
    await say('connect', '--list'),
    new RegExp(`^salesforce: 80,000 of 100,000 daily calls used\\. ${WAITS}$`, 'm'),
  );
  const Rows = z.array(z.object({ day: z.object({ calls: z.string(), waits: z.string() }) }));
  const rows = Rows.parse(JSON.parse(await say('connect', '--list', '--json')));
  assert.deepEqual(rows, [{ day: { calls: '80,000 of 100,000 daily calls used', waits: WAITS } }]);

  await quota.tell({ used: 0, limit: null });
  assert.match(await say('doctor'), new RegExp(`daily calls used up\\. ${WAITS}$`, 'm'));
});
