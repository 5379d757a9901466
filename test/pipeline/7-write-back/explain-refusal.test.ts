import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainRow } from '../../../src/pipeline/7-write-back/explain-refusal.ts';

test('a refusal for a missing field names the command that makes it', () => {
  for (const [code, words, command] of [
    [
      'INVALID_FIELD',
      "No such column 'Fieldnote_Score__c' on sobject of type Account",
      '"fieldnote connect salesforce --install" as an administrator',
    ],
    [
      'PROPERTY_DOESNT_EXIST',
      'Property "fieldnote_score" does not exist',
      '"fieldnote connect hubspot --install"',
    ],
  ] as const)
    assert.equal(explainRow(code, words), `${code}: ${words}. Run ${command} to make the missing field.`);
});

test('a refusal that nobody foresaw keeps the words of the CRM and is tried again', () => {
  assert.equal(
    explainRow('ODD', 'Something else.'),
    'ODD: Something else. It is tried again with the next run.',
  );
});
