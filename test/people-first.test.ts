import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPeopleFirst } from '../src/people-first.ts';
import { createTestDatabase } from './harness/database.ts';
import type { TestDatabase } from './harness/database.ts';
import { startSystem } from './harness/system.ts';

const NEVER_OVER_MS = 600_000;

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

/** A transaction that is under way until it is told to end. */
async function hold(db: TestDatabase['db'], end: () => void = () => undefined) {
  const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const ended = db.inDirectory(async () => {
    begun.resolve();
    await over.promise;
    end();
  });
  return {
    begun: begun.promise,
    end: async () => {
      over.resolve();
      await ended;
    },
  };
}

test('while somebody’s transaction is under way a batch begins none, and afterwards it goes on', async () => {
  const first = createPeopleFirst({
    connections: 4,
    longestHoldMs: NEVER_OVER_MS,
    longestWaitMs: NEVER_OVER_MS,
  });
  const [people, batch] = [first.ofPeople(here.db), first.ofBatch(here.db)];
  const seen: string[] = [];
  const somebody = await hold(people, () => seen.push('somebody is done'));
  await somebody.begun;

  const steps = [
    batch.inDirectory(async () => void seen.push('a transaction of the batch')),
    batch.directory('select 1').then(() => seen.push('a statement of the batch')),
  ];
  // What others ask meanwhile goes through.
  for (let turn = 0; turn < 5; turn += 1) await people.directory('select 1');
  assert.deepEqual(seen, []);
  await somebody.end();
  await Promise.all(steps);

  assert.equal(seen[0], 'somebody is done');
  assert.equal(seen.length, 3);
});

test('a batch goes on when its patience is over, though somebody’s transaction is under way', async () => {
  const first = createPeopleFirst({ connections: 4, longestHoldMs: NEVER_OVER_MS, longestWaitMs: 20 });
  const somebody = await hold(first.ofPeople(here.db));
  await somebody.begun;

  await first.ofBatch(here.db).directory('select 1');

  await somebody.end();
});

test('one that takes long, as an export does, holds up a batch for a moment only', async () => {
  const first = createPeopleFirst({ connections: 4, longestHoldMs: 20, longestWaitMs: NEVER_OVER_MS });
  const people = first.ofPeople(here.db);
  const somebody = await hold(people);
  await somebody.begun;
  await people.directory('select 1');

  await first.ofBatch(here.db).directory('select 1');

  await somebody.end();
});

test('a transaction of somebody’s that fails holds up nothing any more', async () => {
  const first = createPeopleFirst({
    connections: 4,
    longestHoldMs: NEVER_OVER_MS,
    longestWaitMs: NEVER_OVER_MS,
  });
  const failed = first.ofPeople(here.db).inDirectory(() => Promise.reject(new Error('in vain')));

  const [step] = await Promise.allSettled([first.ofBatch(here.db).directory('select 1'), failed]);

  assert.equal(step.status, 'fulfilled');
});

test('of a batch as many transactions are begun as it has connections, so that few are left to end when somebody asks', async () => {
  const first = createPeopleFirst({ connections: 2, longestWaitMs: NEVER_OVER_MS });
  const batch = first.ofBatch(here.db);
  const held = await Promise.all(Array.from({ length: 3 }, () => hold(batch)));
  let third = false;
  void held[2]?.begun.then(() => {
    third = true;
  });
  await Promise.all(held.slice(0, 2).map(({ begun }) => begun));
  await here.db.directory('select 1');
  assert.equal(third, false);

  await held[0]?.end();
  await held[2]?.begun;

  await Promise.all(held.slice(1).map(({ end }) => end()));
});

test(
  'a transaction of the batch that is begun within another waits no longer than its patience',
  { timeout: 20_000 },
  async () => {
    const first = createPeopleFirst({ connections: 1, longestWaitMs: 20 });
    const batch = first.ofBatch(here.db);

    await batch.inDirectory(() => batch.directory('select 1'));
  },
);

test('in a worker the batch steps aside for what lookups do', async () => {
  const system = await startSystem({ limit: 1 });
  try {
    const app = await system.openApp({ worker: true });
    const [people, batch] = [app.connectors.db, app.batch.db];
    await Promise.all([people.ping(), batch.ping()]);
    const seen: string[] = [];
    const somebody = await hold(people, () => seen.push('somebody is done'));
    await somebody.begun;

    const step = batch.inDirectory(async () => void seen.push('the batch'));
    await Promise.all([people.ping(), batch.ping()]);
    await somebody.end();
    await step;

    assert.deepEqual(seen, ['somebody is done', 'the batch']);
  } finally {
    await system.close();
  }
});
