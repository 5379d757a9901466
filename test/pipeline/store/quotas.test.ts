import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { createSharedQuota, listQuotas } from '../../../src/pipeline/store/quotas.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

async function makeConnection(name: string): Promise<Connection> {
  const workspaceId = await ensureWorkspace(here.db, name);
  return here.db.inWorkspace(workspaceId, (tx) => ensureConnection(tx, workspaceId, 'salesforce', name));
}

test('what one worker heard of a day the next one knows, with its age, and of that connection alone', async () => {
  const [first, second] = [await makeConnection('first'), await makeConnection('second')];
  assert.equal(await createSharedQuota(here.db, first).read(), null);
  await createSharedQuota(here.db, first).tell({ used: 80_001, limit: 100_000 });

  const known = await createSharedQuota(here.db, first).read();
  assert.deepEqual(known?.usage, { used: 80_001, limit: 100_000 });
  assert.ok(known.ageMs >= 0 && known.ageMs < 5_000, `${known.ageMs} ms`);
  assert.equal(await createSharedQuota(here.db, second).read(), null);
  // Named by another workspace, the same connection is not there.
  const stranger = { workspaceId: second.workspaceId, id: first.id };
  assert.equal(await createSharedQuota(here.db, stranger).read(), null);
  const listed = await here.db.inWorkspace(first.workspaceId, listQuotas);
  assert.deepEqual(
    listed.map(({ connectionId, used, limit }) => [connectionId, used, limit]),
    [[first.id, 80_001, 100_000]],
  );

  await createSharedQuota(here.db, first).tell(null);
  assert.equal(await createSharedQuota(here.db, first).read(), null);
});

test('one worker at a time looks, not before it is time, and a look that was never answered is over after its lease', async () => {
  const connection = await makeConnection('looked at');
  const quota = createSharedQuota(here.db, connection);
  const ageBy = (seconds: number): Promise<unknown> =>
    here.db.inWorkspace(connection.workspaceId, (tx) =>
      tx.query(
        `update quotas set said_at = said_at - make_interval(secs => $1), looking_until = looking_until - make_interval(secs => $1)`,
        [seconds],
      ),
    );
  const claims = (): Promise<boolean[]> =>
    Promise.all(
      Array.from({ length: 8 }, () => createSharedQuota(here.db, connection).claimLook(60_000, 900_000)),
    );
  await quota.tell({ used: 9, limit: 10 });
  assert.deepEqual(new Set(await claims()), new Set([false]));
  await ageBy(900);
  assert.equal((await claims()).filter(Boolean).length, 1);
  assert.deepEqual(new Set(await claims()), new Set([false]));
  await ageBy(61);
  assert.equal((await claims()).filter(Boolean).length, 1);
  await quota.tell({ used: 9, limit: 10 });
  assert.deepEqual(new Set(await claims()), new Set([false]));
});
