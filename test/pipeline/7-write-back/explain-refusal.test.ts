import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainRow } from '../../../src/pipeline/7-write-back/explain-refusal.ts';

test('a refusal for a missing field names the command that makes it', () => {
  for (const [code, words] of [
    ['INVALID_FIELD', "No such column 'Fieldnote_Score__c' on sobject of type Account"],
    ['PROPERTY_DOESNT_EXIST', 'Property "fieldnote_score" does not exist'],
  ] as const)
    assert.equal(
      explainRow(code, words),
      `${code}: ${words}. Run "fieldnote connect --install" as an administrator to make the missing field.`,
    );
});

test('a refusal that nobody foresaw keeps the words of the CRM and is tried again', () => {
  assert.equal(
    explainRow('ODD', 'Something else.'),
    'ODD: Something else. It is tried again with the next run.',
  );
});
