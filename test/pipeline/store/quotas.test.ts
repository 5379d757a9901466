import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ensureConnection, findConnection, saveCheck } from '../../../src/pipeline/store/connections.ts';
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

/** As a check leaves it that found the org `organizationId` at `server`. */
async function check(
  { workspaceId, id }: Connection,
  found: { organizationId: string; server: string },
): Promise<Connection> {
  const checked = await here.db.inWorkspace(workspaceId, async (tx) => {
    await saveCheck(tx, id, { organization: 'Acme', fieldAccess: {}, ...found });
    return findConnection(tx, id);
  });
  assert.ok(checked !== null);
  return checked;
}

const quotaOf = ({ account }: Connection) => createSharedQuota(here.db, account);
const listOf = async ({ workspaceId }: Connection) =>
  (await here.db.inWorkspace(workspaceId, listQuotas)).map(({ connectionId, used, limit }) => [
    connectionId,
    used,
    limit,
  ]);

test('what one worker heard of a day the next one knows, with its age, and of that account alone', async () => {
  const [first, second] = [await makeConnection('first'), await makeConnection('second')];
  assert.equal(await quotaOf(first).read(), null);
  await quotaOf(first).tell({ used: 80_001, limit: 100_000 });

  const known = await quotaOf(first).read();
  assert.deepEqual(known?.usage, { used: 80_001, limit: 100_000 });
  assert.ok(known.ageMs >= 0 && known.ageMs < 60_000, `${known.ageMs} ms`);
  assert.equal(await quotaOf(second).read(), null);
  assert.deepEqual(await listOf(first), [[first.id, 80_001, 100_000]]);
  assert.deepEqual(await listOf(second), []);

  await quotaOf(first).tell(null);
  assert.equal(await quotaOf(first).read(), null);
});

test('connections that lead to one account, in whichever workspace, share its day', async () => {
  const org = { organizationId: '00D000000000001AAA', server: 'acme.my.salesforce.com' };
  const one = await check(await makeConnection('one'), org);
  const other = await check(await makeConnection('other'), org);
  await quotaOf(one).tell({ used: 79_000, limit: 100_000 });

  assert.deepEqual((await quotaOf(other).read())?.usage, { used: 79_000, limit: 100_000 });
  assert.deepEqual(await listOf(other), [[other.id, 79_000, 100_000]]);
});

test('a server that only says that it is somebody’s account has no part in that account’s limits', async () => {
  const organizationId = '00D000000000002AAA';
  const real = await check(await makeConnection('real'), {
    organizationId,
    server: 'acme.my.salesforce.com',
  });
  const liar = await check(await makeConnection('liar'), { organizationId, server: 'liar.example' });
  await quotaOf(liar).tell({ used: 100, limit: 100 });

  assert.equal(await quotaOf(real).read(), null);
});

test('one worker at a time looks, not before it is time, and a look that was never answered is over after its lease', async () => {
  const connection = await makeConnection('looked at');
  const quota = quotaOf(connection);
  const ageBy = (seconds: number): Promise<unknown> =>
    here.db.directory(
      `update quotas set said_at = said_at - make_interval(secs => $1), looking_until = looking_until - make_interval(secs => $1)`,
      [seconds],
    );
  const claims = (): Promise<boolean[]> =>
    Promise.all(Array.from({ length: 8 }, () => quotaOf(connection).claimLook(60_000, 900_000)));
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
