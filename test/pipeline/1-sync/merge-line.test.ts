import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMergeLine } from '../../../src/pipeline/1-sync/merge-line.ts';

/** Merges that end when told, and what has begun so far. */
function createMerges() {
  const begun: string[] = [];
  const settles = new Map<string, PromiseWithResolvers<void>>();
  return {
    begun,
    merge: (name: string) => (): Promise<void> => {
      begun.push(name);
      const settle = Promise.withResolvers<void>();
      settles.set(name, settle);
      return settle.promise;
    },
    end: (name: string): void => settles.get(name)?.resolve(),
    fail: (name: string): void => settles.get(name)?.reject(new Error(`${name} failed`)),
  };
}
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('merges go one after another, one of them waits, and whoever brings a third waits with it', async () => {
  const line = openMergeLine();
  const { begun, merge, end } = createMerges();
  assert.equal(line.isFree(), true);
  await line.begin(merge('first'));
  await line.begin(merge('second'));
  let handedOver = false;
  const third = line.begin(merge('third')).then(() => {
    handedOver = true;
  });
  await soon();
  assert.deepEqual([begun, handedOver, line.isFree()], [['first'], false, false]);
  end('first');
  await third;
  await soon();
  assert.deepEqual([begun, handedOver], [['first', 'second'], true]);
  end('second');
  await soon();
  end('third');
  await line.end();
  assert.deepEqual([begun, line.isFree()], [['first', 'second', 'third'], true]);
});

test('nothing is merged behind a merge that failed, and whoever brings more is told', async () => {
  const line = openMergeLine();
  const { begun, merge, fail } = createMerges();
  await line.begin(merge('first'));
  await line.begin(merge('second'));
  await soon();
  fail('first');
  await assert.rejects(line.begin(merge('third')), /first failed/);
  await assert.rejects(line.end(), /first failed/);
  assert.deepEqual(begun, ['first']);
});
