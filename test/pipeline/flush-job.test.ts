import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderError } from '../../src/errors.ts';
import { createFlushJob } from '../../src/pipeline/flush-job.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
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

  assert.ok(result !== 'done' && result.againInMs > 60_000);
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? '',
    /^1 writes to salesforce org wait: .*the daily allowance of calls is used up; Raise the allowance\.$/,
  );
});
