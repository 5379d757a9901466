import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../../src/db.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const countSending = (desk: Desk, condition: string): Promise<number> =>
  here.db.inWorkspace(desk.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ n: number }>(
      `select count(*) as n from writes where state = 'sending' and ${condition}`,
    );
    return rows[0]?.n ?? 0;
  });

/** The database of a process that stands still, once, right behind the commit which says that its values are on their way. */
function freezeDeparture(desk: Desk, whileFrozen: () => Promise<void>): Database {
  let frozen = false;
  return {
    ...here.db,
    inWorkspace: async (workspaceId, act) => {
      const result = await here.db.inWorkspace(workspaceId, act);
      if (!frozen && (await countSending(desk, 'true')) > 0) {
        frozen = true;
        await whileFrozen();
      }
      return result;
    },
  };
}

for (const kind of ['salesforce', 'hubspot'] as const)
  test(`${kind}: a worker that stood still between its note and its call sends nothing when others have gone on`, async () => {
    const desk = await openDesk(here.db, kind);
    const object = kind === 'salesforce' ? 'Account' : 'company';
    const record = desk.fake.add(object, 'r0');
    const stale = await desk.plan({ score: 10 }, ['r0']);
    const db = freezeDeparture(desk, async () => {
      while ((await countSending(desk, 'leased_until > now()')) > 0) await wait(20);
      await desk.plan({ score: 20 }, ['r0']);
      await desk.flush();
    });

    await desk.flush({ db, leaseMs: 300 });

    assert.equal(record.values.score, 20);
    assert.deepEqual(
      record.accepted.map((one) => one.value),
      [20],
    );
    assert.deepEqual(
      (await desk.writesOf(stale)).map((write) => write.state),
      ['cancelled'],
    );
  });

test('what a worker that stood still did not send goes out when nobody else took it over', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  await desk.plan({ score: 10 }, ['r0']);
  const db = freezeDeparture(desk, async () => {
    while ((await countSending(desk, 'leased_until > now()')) > 0) await wait(20);
  });

  const result = await desk.flush({ db, leaseMs: 300 });

  assert.deepEqual([result.applied, record.accepted.length], [1, 1]);
});
