import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { Tx } from '../../src/db.ts';
import { buyOnce } from '../../src/pipeline/buy-once.ts';
import { claimAnswer } from '../../src/pipeline/store/answer-claims.ts';
import { findAnswers, saveAnswers } from '../../src/pipeline/store/answers.ts';
import { until } from '../harness/browser-page.ts';
import { seedCompany } from '../web/seed.ts';
import { openPitchBench } from './pitch-fixture.ts';
import type { PitchBench } from './pitch-fixture.ts';

let bench: PitchBench;
before(async () => {
  bench = await openPitchBench();
});
after(() => bench.close());

const find = (key: string) => async (tx: Tx) =>
  z.string().safeParse((await findAnswers(tx, [key])).get(key)).data ?? null;
const store = (key: string, answer: string): Promise<void> =>
  bench.within((tx) =>
    saveAnswers(tx, [
      { workspaceId: bench.workspaceId, key, provider: 'llm', operation: 'ask', question: key, answer, ttlMs: null },
    ]),
  ); // prettier-ignore
const ask = (key: string, buy: () => Promise<string>, options: { patienceMs?: number; claimMs?: number } = {}) =>
  buyOnce(bench.database.db, bench.workspaceId, key, { find: find(key), buy, signal: AbortSignal.timeout(30_000), patienceMs: null, ...options }); // prettier-ignore
const endOf = (key: string): Promise<number> =>
  bench.within(async (tx) => {
    const { rows } = await tx.query<{ at: Date }>(`select expires_at as at from answers where key = $1`, [`claim ${key}`]); // prettier-ignore
    return rows[0]?.at.getTime() ?? 0;
  });

test('a pitch that is asked for alone and in a batch at the same moment is bought once', async () => {
  for (const domain of ['one.example', 'two.example'])
    await bench.within((tx) => seedCompany(tx, bench.workspaceId, { domain, name: domain, score: 70 }));
  bench.answer({
    passages: [{ passage: 1, sentences: [{ text: 'Would a short call help?', cites: [] }] }],
  });
  const alone = await bench.ask({ domains: ['one.example'] });
  const batch = await bench.ask({ domains: ['one.example', 'two.example'] });
  const same = [...alone.requests, ...batch.requests.filter(({ domain }) => domain === 'one.example')];
  assert.equal(same.length, 2);
  await Promise.all(same.map(({ id }) => bench.work(id)));
  assert.equal(bench.asked.length, 1);
  const [first, second] = await Promise.all(same.map(({ id }) => bench.find(id)));
  assert.equal(first?.state, 'done');
  assert.equal(first.pitchId, second?.pitchId);
});

test('of many who ask the same one pays, however long it takes, and all have its answer', async () => {
  const started = Date.now();
  let bought = 0;
  const buy = async (): Promise<string> => {
    bought += 1;
    // Longer than a claim holds that nobody renews.
    await until(async () => (await endOf('long')) > started + 900, 'the claim is renewed');
    await store('long', 'said');
    return 'said';
  };
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask('long', buy, { claimMs: 600 })));
  assert.deepEqual([bought, new Set(answers)], [1, new Set(['said'])]);
  assert.equal(await endOf('long'), 0, 'the claim is given back');
});

test('who fails leaves the question to the next, who is killed for a while, and a person does not wait longer than they would', async () => {
  await assert.rejects(
    ask('failed', async () => {
      throw new Error('no answer');
    }),
    /no answer/,
  );
  assert.equal(await ask('failed', async () => 'mine'), 'mine');

  await bench.within((tx) => claimAnswer(tx, bench.workspaceId, 'killed', 400));
  assert.equal(await ask('killed', async () => 'after the claim'), 'after the claim');
  await bench.within((tx) => claimAnswer(tx, bench.workspaceId, 'busy', 60_000));
  assert.equal(await ask('busy', async () => 'at once', { patienceMs: 0 }), 'at once');
});
