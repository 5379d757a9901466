import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startWorker } from '../../src/pipeline/worker.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

let system: System;
before(async () => {
  system = await startSystem({ limit: 1 });
});
after(() => system.close());

test('nothing is taken up and put off again while the month’s budget is spent', async () => {
  const app = await system.openApp({ worker: false });
  let isSpent = true;
  let admit = async (_room: number): Promise<number> => Number.NaN;
  await startWorker({
    ...app,
    ...app.connectors,
    queue: {
      ...app.queue,
      work: async (_handlers, options) => {
        admit = options.admit;
      },
    },
    budget: { isSpent: async () => isSpent },
    stages: [],
    prices: app.config.prices,
    concurrency: 8,
    syncIntervalMinutes: 15,
    monthlyBudgetUsd: null,
    neededProviders: [],
    demands: [],
    schedule: false,
  });

  assert.equal(await admit(8), 0);
  isSpent = false;
  while ((await admit(8)) === 0);
  assert.equal(await admit(8), 8);
});
