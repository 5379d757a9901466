import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { freezeDeparture } from '../../harness/frozen-process.ts';
import { openDesk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

for (const kind of ['salesforce', 'hubspot'] as const)
  test(`${kind}: a worker that stood still between its note and its call sends nothing when others have gone on`, async () => {
    const desk = await openDesk(here.db, kind);
    const object = kind === 'salesforce' ? 'Account' : 'company';
    const record = desk.fake.add(object, 'r0');
    const stale = await desk.plan({ score: 10 }, ['r0']);
    const db = freezeDeparture(desk, async () => {
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
  const db = freezeDeparture(desk, async () => undefined);

  const result = await desk.flush({ db, leaseMs: 300 });

  assert.deepEqual([result.applied, record.accepted.length], [1, 1]);
});
