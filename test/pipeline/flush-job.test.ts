import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Crm } from '../../src/connectors/crm.ts';
import { ProviderError } from '../../src/errors.ts';
import { createFlushJob } from '../../src/pipeline/flush-job.ts';
import { changeRunState } from '../../src/pipeline/store/runs.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { createFakeCrm } from '../harness/fake-crm.ts';
import { openDesk } from '../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

test('writes that a CRM cannot take now are said with the reason and the fix, and wait', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fake.add('Account', 'r0');
  desk.fake.at = () => {
    throw new ProviderError({
      provider: 'salesforce',
      operation: 'composite',
      kind: 'quota',
      message: 'the daily allowance of calls is used up',
      fix: 'Raise the allowance.',
    });
  };
  await desk.plan({ score: 61 }, ['r0'], { kind: 'interactive' });
  const said: string[] = [];
  const flush = createFlushJob({
    db: here.db,
    crmOf: () => desk.fake.crm,
    prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    onError: (error, what) => said.push(`${what}: ${String(error)}`),
  });

  const result = await flush(
    { workspaceId: desk.workspaceId, connectionId: desk.connectionId },
    AbortSignal.timeout(30_000),
  );

  assert.ok(result !== 'done' && result.againInMs > 30_000 && result.againInMs <= 60_000);
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? '',
    /^1 writes to salesforce org wait: .*the daily allowance of calls is used up; Raise the allowance\.$/,
  );
});

test('what a person asked for is written with the calls that are kept for people; the batch waits', async () => {
  const fake = createFakeCrm('salesforce');
  const onlyForPeople = <T>(interactive: boolean | undefined, act: () => Promise<T>): Promise<T> => {
    if (interactive === true) return act();
    const [operation, kind] = ['collections retrieve', 'quota'] as const;
    const message = "80000 of the account's 100000 daily calls are used";
    return Promise.reject(
      new ProviderError({ provider: 'salesforce', operation, kind, message, retryAfterMs: 900_000 }),
    );
  };
  const crm: Crm = {
    ...fake.crm,
    readCurrent: (object, ids, options) =>
      onlyForPeople(options.interactive, () => fake.crm.readCurrent(object, ids, options)),
    writeRecords: (group, options) =>
      onlyForPeople(options.interactive, () => fake.crm.writeRecords(group, options)),
  };
  const desk = await openDesk(here.db, 'salesforce', fake, crm);
  for (const id of ['batch', 'asked']) fake.add('Account', id);
  const batch = await desk.plan({ score: 61 }, ['batch'], { kind: 'scheduled' });
  const asked = await desk.plan({ score: 62 }, ['asked'], { kind: 'interactive' });
  await here.db.inWorkspace(desk.workspaceId, async (tx) => {
    for (const id of [batch, asked]) await changeRunState(tx, id, 'done');
  });
  const said: string[] = [];
  const flush = createFlushJob({
    db: here.db,
    crmOf: () => crm,
    prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    onError: (error, what) => said.push(`${what}: ${String(error)}`),
  });
  const job = { workspaceId: desk.workspaceId, connectionId: desk.connectionId };

  const result = await flush(job, AbortSignal.timeout(30_000));

  assert.deepEqual(
    [fake.get('Account', 'asked').values, fake.get('Account', 'batch').values],
    [{ score: 62 }, {}],
  );
  const states = async (runId: string) => (await desk.writesOf(runId)).map(({ state }) => state);
  assert.deepEqual([await states(asked), await states(batch)], [['applied'], ['planned']]);
  assert.ok(result !== 'done' && result.againInMs <= 60_000);
  await flush(job, AbortSignal.timeout(30_000));
  assert.equal(said.length, 1, 'said once, not with every look');
  assert.match(said[0] ?? '', /^1 writes to salesforce org wait/);
});
