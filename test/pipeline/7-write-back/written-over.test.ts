import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { rehearseAll } from '../../harness/rehearsal.ts';
import { openDesk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

test('what is written over a person’s value, since its policy says so, is told before by the rehearsal and after by the ledger', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.policies = { pitch: 'always' };
  for (const id of ['empty', 'filled', 'ours', 'emptied'])
    desk.fake.add('Account', id, id === 'filled' ? { pitch: 'theirs' } : {});
  await desk.plan({ pitch: 'one' }, ['ours', 'emptied']);
  await desk.flush();
  desk.fake.edit('Account', 'emptied', 'pitch', null);
  const ids = ['empty', 'filled', 'ours', 'emptied'];
  const expected = {
    empty: null,
    filled: 'Takes the place of a value that we never wrote: the field is set to be written always',
    ours: null,
    emptied: 'Fills what somebody emptied: the field is set to be written always',
  };

  const { fields } = await rehearseAll(desk, {
    workspaceId: desk.workspaceId,
    runId: await desk.plan({ pitch: 'two' }, ids, { dryRun: true }),
    signal: AbortSignal.timeout(20_000),
  });
  assert.ok(fields.every(({ verdict }) => verdict === 'would-apply'));
  const foretold = Object.fromEntries(fields.map(({ externalId, reason }) => [externalId, reason]));
  const runId = await desk.plan({ pitch: 'two' }, ids);
  await desk.flush();
  const written = await desk.writesOf(runId);

  assert.deepEqual(foretold, expected);
  assert.deepEqual(
    Object.fromEntries(written.map(({ externalId, reason }) => [externalId, reason])),
    expected,
  );
  assert.ok(written.every(({ state }) => state === 'applied'));
});
