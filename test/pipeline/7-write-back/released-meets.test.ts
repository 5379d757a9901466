import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Tx } from '../../../src/db.ts';
import { ProviderDownError } from '../../../src/errors.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { renewLeases } from '../../../src/pipeline/store/writes-outbox.ts';
import { releaseAndSettle } from '../../../src/pipeline/store/writes-settle.ts';
import { until } from '../../harness/browser-page.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { isWaitedFor, meet } from '../../harness/lock-waits.ts';
import { openDesk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

test('a value that could not be sent gives way to a newer one that is being planned in the moment in which it would wait again', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const { workspaceId, connectionId, companyId } = desk;
  const record = desk.fake.add('Account', 'r0');
  const older = await desk.plan({ score: 1 }, ['r0']);
  let planning: Promise<void> = Promise.resolve();
  desk.fake.at = async (moment) => {
    if (moment !== 'before-write') return;
    const planned = Promise.withResolvers<void>();
    planning = here.db.inWorkspace(workspaceId, async (tx) => {
      const run = await createRun(tx, workspaceId, { kind: 'manual', model: 'm' });
      await insertWrites(tx, run.id, [
        { connectionId, companyId, object: 'Account', externalId: 'r0', field: 'score', value: 2 },
      ]);
      planned.resolve();
      await until(() => isWaitedFor(tx), 'the flusher to come to the newer value');
    });
    await planned.promise;
    throw new ProviderDownError('salesforce', new Date());
  };

  await desk.flush();
  await planning;

  const states = (await desk.writesOf(older)).map(({ state }) => state);
  assert.deepEqual(states, ['cancelled']);
  desk.fake.at = () => undefined;
  await desk.flush();
  assert.deepEqual(
    record.accepted.map(({ value }) => value),
    [2],
  );
});

test('a flusher settles a value and lets two others of the record go while somebody else takes them in their hands', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const inWorkspace = <T>(act: (tx: Tx) => Promise<T>): Promise<T> =>
    here.db.inWorkspace(desk.workspaceId, act);
  const run = await desk.plan({ score: 1, confidence: 2, pitch: 'Buy now.' }, ['r0']);
  const [first = 0, second = 0, third = 0] = (await desk.writesOf(run)).map(({ id }) => id);
  const claim = (id: number) => ({ id, attempt: 0 });
  const release = (id: number) => ({ ...claim(id), delayMs: 0, failed: false });

  await meet(
    inWorkspace,
    `writes where id = ${third} for update`,
    () =>
      inWorkspace((tx) =>
        releaseAndSettle(tx, 'planned', {
          releases: [second, third].map(release),
          settlements: [{ ...claim(first), state: 'skipped', reason: null }],
        }),
      ),
    () => inWorkspace((tx) => renewLeases(tx, [first, second].map(claim), 1_000)),
  );

  const states = (await desk.writesOf(run)).map(({ state }) => state);
  assert.deepEqual(states, ['skipped', 'planned', 'planned']);
});
