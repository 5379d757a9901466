import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteExpiredAnswers, saveAnswers } from '../../src/pipeline/store/answers.ts';
import { meet } from '../harness/lock-waits.ts';
import { useOneConnection } from '../harness/one-connection.ts';

const here = useOneConnection('salesforce');

test('an answer that is bought again while old ones are deleted is kept', async () => {
  const answers = ['a', 'm', 'z'].map((key) => ({
    workspaceId: here.workspaceId,
    key,
    provider: 'tavily',
    operation: 'search',
    question: key,
    answer: key,
    ttlMs: 3_600_000,
  }));
  await here.inWorkspace(async (tx) => {
    await saveAnswers(tx, answers);
    await tx.query(`update answers set expires_at = now() - interval '2 days' where key <> 'm'`);
  });

  await meet(
    here.inWorkspace,
    `answers where key = 'm' for update`,
    () => here.inWorkspace((tx) => saveAnswers(tx, answers)),
    () => here.inWorkspace(deleteExpiredAnswers),
  );

  const { rows } = await here.inWorkspace((tx) => tx.query('select key from answers order by key'));
  assert.deepEqual(rows, [{ key: 'a' }, { key: 'm' }, { key: 'z' }]);
});
