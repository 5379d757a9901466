import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAdmission, roomInLine } from '../../src/pipeline/admission.ts';
import { createSharedLimits } from '../../src/pipeline/store/limits.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

let here: TestDatabase;

before(async () => {
  here = await createTestDatabase();
  await ensureWorkspace(here.db);
});
after(() => here.close());

const unspent = { isSpent: async () => false };

test('a provider’s line is kept short: companies are taken up as it moves, not all at once', async () => {
  const rate = { perSecond: 10, burst: 1 };
  const limits = createSharedLimits(here.db, () => rate);
  const admit = createAdmission({
    db: here.db,
    needed: [],
    demands: [{ bucket: 'line', perSecond: 10, perCompany: 4, comesAfter: 0 }],
    budget: unspent,
  });

  // Nobody stands in line yet: two seconds' worth of companies, and no more in the same moment.
  const first = await admit(100);
  const second = await admit(100);
  await limits.reserve('line', first * 4);
  const later = createAdmission({
    db: here.db,
    needed: [],
    demands: [{ bucket: 'line', perSecond: 10, perCompany: 4, comesAfter: 0 }],
    budget: unspent,
  });

  assert.deepEqual([first, second], [5, 0]);
  // What the database took to say so has passed by then, so one more may fit.
  assert.ok((await later(100)) <= 1, 'the line is as long as it should be');
});

test('the scarcest provider decides, a pause stops everyone, and a short line always takes one more', () => {
  assert.equal(roomInLine({ bucket: 'llm', perSecond: 0.1, perCompany: 2, comesAfter: 0 }, 1.9), 1);
  assert.equal(roomInLine({ bucket: 'llm', perSecond: 10, perCompany: 2, comesAfter: 3 }, 60), 0);
  assert.equal(roomInLine({ bucket: 'llm', perSecond: 10, perCompany: 2, comesAfter: 0 }, -2), 20);
  // What is taken up now comes to this line in three seconds only.
  assert.equal(roomInLine({ bucket: 'llm', perSecond: 10, perCompany: 2, comesAfter: 3 }, 2), 15);
});

test('no more is taken up than there is room for', async () => {
  const admit = createAdmission({ db: here.db, needed: [], demands: [], budget: unspent });

  assert.deepEqual([await admit(7), await admit(0), await admit(3)], [7, 0, 3]);
});
