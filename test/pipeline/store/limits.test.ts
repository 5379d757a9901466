import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createSharedBreaker, listBreakers } from '../../../src/pipeline/store/breakers.ts';
import { createSharedLimits } from '../../../src/pipeline/store/limits.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

let here: TestDatabase;

before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

test('two workers share one bucket: together they wait as one would', async () => {
  const rate = () => ({ perSecond: 100, burst: 1 });
  const [one, other] = [createSharedLimits(here.db, rate), createSharedLimits(here.db, rate)];
  const began = performance.now();

  const waits = await Promise.all(
    Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? one : other).reserve('shared', 1)),
  );

  // Fifty units at a hundred a second: the last turn comes half a second after the first.
  const spent = performance.now() - began;
  assert.ok(Math.max(...waits) + spent >= 480, `${Math.max(...waits)} ms`);
  assert.equal(new Set(waits.map((wait) => Math.round(wait / 10))).size > 20, true);
});

test('a rested bucket lets a burst through at once and no more', async () => {
  const limits = createSharedLimits(here.db, () => ({ perSecond: 1, burst: 5 }));

  const waits: number[] = [];
  for (let turn = 0; turn < 7; turn += 1) waits.push(await limits.reserve('bursty', 1));

  assert.deepEqual(
    waits.map((wait) => wait > 0),
    [false, false, false, false, false, true, true],
  );
});

test('what asks in one moment gets turns that follow one another, at the price of few statements', async () => {
  let statements = 0;
  const counted: typeof here.db = {
    ...here.db,
    directory: (text, values) => {
      statements += 1;
      return here.db.directory(text, values);
    },
  };
  const limits = createSharedLimits(counted, () => ({ perSecond: 10, burst: 1 }));
  await limits.reserve('ordered', 1);

  const companies = Array.from({ length: 20 }, () =>
    Promise.all([1, 1, 2].map((units) => limits.reserve('ordered', units))),
  );

  const waits = (await Promise.all(companies)).flat();
  assert.ok(statements <= 4, `${statements} statements for 61 reservations`);
  const [first = 0] = waits;
  const turns = waits.map((wait) => (wait - first) / 100);
  const expected = Array.from({ length: 20 }, (_, company) => [
    company * 4,
    company * 4 + 1,
    company * 4 + 2,
  ]);
  // Milliseconds are rounded up, and a statement takes one or two.
  for (const [index, turn] of expected.flat().entries())
    assert.ok(
      Math.abs((turns[index] ?? 0) - turn) < 0.5,
      `turn ${index}: ${turns[index]} instead of ${turn}`,
    );
});

test('a reservation that the database refuses is told to whoever asked, and the next one works', async () => {
  let down = true;
  const flaky: typeof here.db = {
    ...here.db,
    directory: (text, values) =>
      down ? Promise.reject(new Error('database down')) : here.db.directory(text, values),
  };
  const limits = createSharedLimits(flaky, () => ({ perSecond: 10, burst: 1 }));

  const refused = await Promise.allSettled([limits.reserve('flaky', 1), limits.reserve('flaky', 1)]);
  down = false;

  assert.deepEqual(
    refused.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(await limits.reserve('flaky', 1), 0);
});

test('after a Retry-After no worker takes from the bucket before its time', async () => {
  const limits = createSharedLimits(here.db, () => ({ perSecond: 1000, burst: 10 }));
  await limits.pause('paused', new Date(Date.now() + 5_000));

  const wait = await createSharedLimits(here.db, () => ({ perSecond: 1000, burst: 10 })).reserve('paused', 1);

  assert.ok(wait > 4_000 && wait <= 5_100, `${wait} ms`);
});

test('five failures in a row open the breaker for every worker, and one of them probes', async () => {
  const [one, other] = [createSharedBreaker(here.db), createSharedBreaker(here.db)];
  for (let failure = 0; failure < 5; failure += 1) await one.report('llm', 'failure');

  const closed = await other.enter('llm');
  assert.ok(typeof closed === 'object' && closed.openUntil > new Date());
  const [seen] = await listBreakers(here.db);
  assert.deepEqual([seen?.provider, seen?.state, seen?.failures], ['llm', 'open', 5]);

  await here.db.directory(`update breakers set open_until = clock_timestamp() - interval '1 second'`);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => createSharedBreaker(here.db).enter('llm')),
  );
  assert.equal(answers.filter((answer) => answer === 'probe').length, 1);

  await one.report('llm', 'success');
  assert.equal(await createSharedBreaker(here.db).enter('llm'), 'call');
});

test('a success between failures starts the count anew', async () => {
  const breaker = createSharedBreaker(here.db);
  for (let round = 0; round < 4; round += 1) {
    for (let failure = 0; failure < 4; failure += 1) await breaker.report('website', 'failure');
    await breaker.report('website', 'success');
  }

  assert.equal(await createSharedBreaker(here.db).enter('website'), 'call');
});

test('a prober that was killed holds the probe no longer than its lease', async () => {
  const breaker = createSharedBreaker(here.db);
  for (let failure = 0; failure < 5; failure += 1) await breaker.report('tavily', 'failure');
  await here.db.directory(
    `update breakers set open_until = clock_timestamp() - interval '1 second' where provider = 'tavily'`,
  );
  assert.equal(await breaker.enter('tavily'), 'probe');

  await here.db.directory(
    `update breakers set probing_until = clock_timestamp() - interval '1 second' where provider = 'tavily'`,
  );

  assert.equal(await createSharedBreaker(here.db).enter('tavily'), 'probe');
});
