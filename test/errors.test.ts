import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError, describeError } from '../src/errors.ts';

test('an error is told with its causes, and nothing twice', () => {
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:1');
  assert.equal(
    describeError(new Error('The database does not answer', { cause: refused })),
    'The database does not answer: connect ECONNREFUSED 127.0.0.1:1',
  );
  assert.equal(
    describeError(new UserError('No answer: connect ECONNREFUSED 127.0.0.1:1', undefined, refused)),
    'No answer: connect ECONNREFUSED 127.0.0.1:1',
  );
  assert.equal(describeError('thrown text'), 'thrown text');
});
