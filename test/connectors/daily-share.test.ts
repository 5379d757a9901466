import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDailyShare } from '../../src/connectors/daily-share.ts';
import type { DailyUsage, SharedQuota } from '../../src/connectors/limits.ts';
import { ProviderError } from '../../src/errors.ts';
import { createOwnQuota } from '../harness/own-quota.ts';

const LIMIT = 10_000;
const QUARTER_MS = 15 * 60_000;

function openWorker(quota: SharedQuota, share = 0.8) {
  const daily = createDailyShare({ provider: 'salesforce', share, quota });
  let looks = 0;
  return {
    daily,
    looks: () => looks,
    /** One call: what it was refused with, or null. */
    call: async (answer: DailyUsage | null, interactive = false): Promise<ProviderError | null> => {
      try {
        await daily.enter('query', interactive, async () => {
          looks += 1;
          return answer;
        });
      } catch (error) {
        assert.ok(error instanceof ProviderError);
        return error;
      }
      await daily.noteAnswer(answer);
      return null;
    },
  };
}

const used = (calls: number): DailyUsage => ({ used: calls, limit: LIMIT });

test('a thousand calls that move the day by little are told in a few writes and read in few statements', async () => {
  const quota = createOwnQuota();
  const worker = openWorker(quota);
  for (let calls = 1; calls <= 1000; calls += 1) assert.equal(await worker.call(used(calls)), null);
  const { told, read } = quota.counts();
  assert.ok(told <= 12, `${told} writes`);
  assert.ok(read <= 5, `${read} reads`);
  assert.ok((quota.heard()?.used ?? 0) >= 900);
});

test('the call that reaches the share is told at once, however small its step', async () => {
  const quota = createOwnQuota();
  const worker = openWorker(quota);
  await worker.call(used(7_999));
  await worker.call(used(8_000));
  assert.deepEqual(quota.heard(), used(8_000));
  const stopped = await worker.call(used(8_001));
  assert.deepEqual([stopped?.kind, stopped?.code], ['quota', 'DAILY_SHARE']);
  assert.match(stopped?.message ?? '', /8000 of the account's 10000 daily calls are used.* 80 %/);
  assert.ok(Math.abs((stopped?.retryAfterMs ?? 0) - QUARTER_MS) < 1_000);
});

test('of many workers whose stop is a quarter of an hour old one looks, and the others come back in seconds', async () => {
  const quota = createOwnQuota();
  await quota.tell(used(9_000));
  quota.age(QUARTER_MS);
  const workers = Array.from({ length: 10 }, () => openWorker(quota));
  const answers = await Promise.all(workers.map((worker) => worker.call(used(9_100))));
  assert.equal(
    workers.reduce((sum, worker) => sum + worker.looks(), 0),
    1,
  );
  assert.equal(answers.filter((answer) => answer?.kind === 'quota').length, 10);
  const waits = answers.map((answer) => answer?.retryAfterMs ?? 0).toSorted((one, two) => one - two);
  assert.ok((waits[0] ?? 0) <= 5_000);
  assert.equal(waits.at(-1), QUARTER_MS);
  const late = openWorker(quota);
  assert.equal((await late.call(used(100)))?.kind, 'quota');
  assert.equal(late.looks(), 0, 'what the look found is believed');
});

test('a look that finds the allowance back lets the call through and opens the way for all', async () => {
  const quota = createOwnQuota();
  await quota.tell(used(9_000));
  quota.age(QUARTER_MS);
  const [one, other] = [openWorker(quota), openWorker(quota)];
  assert.equal(await one.call(used(12)), null);
  assert.equal(await other.call(used(13)), null);
  assert.equal(other.looks(), 0);
});

test('a person may use what batch work leaves', async () => {
  const quota = createOwnQuota();
  await quota.tell(used(9_999));
  const worker = openWorker(quota);
  assert.equal((await worker.call(used(9_999)))?.kind, 'quota');
  assert.equal(await worker.call(used(10_000), true), null);
});

test('a worker that can’t tell the others goes on, and tells them with its next answer', async () => {
  const quota = createOwnQuota();
  let broken = true;
  const tell: SharedQuota['tell'] = async (usage) => {
    if (broken) throw new Error('the database is gone');
    await quota.tell(usage);
  };
  const worker = openWorker({ ...quota, tell });
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  assert.equal(await worker.call(used(10)), null);
  assert.match((await warned).message, /not told to others: Error: the database is gone/);
  broken = false;
  assert.equal(await worker.call(used(11)), null);
  assert.deepEqual(quota.heard(), used(11));
});
