import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLostRace } from '../../../src/pipeline/7-write-back/lost-races.ts';

const find = (...versions: (string | null)[]) => findLostRace('pitch', 'ours', 'before', versions);

test('a write that replaced what it was meant to replace lost no race', () => {
  assert.equal(find('ours', 'before'), null);
  assert.equal(find('ours'), null);
  assert.equal(find('ours', 'ours', 'before'), null);
});

test('a write that fell on a value typed in between did, even when that was an emptying', () => {
  assert.deepEqual(find('ours', 'theirs', 'before'), { theirs: 'theirs', stands: true });
  assert.deepEqual(find('ours', null, 'before'), { theirs: null, stands: true });
});

test('what was put back already is recognised, and what is newer than both stands', () => {
  assert.deepEqual(find('theirs', 'ours', 'theirs', 'before'), { theirs: 'theirs', stands: false });
  assert.equal(find('newer', 'ours', 'theirs', 'before'), null);
});

test('a history that does not show our write proves nothing', () => {
  assert.equal(find('theirs', 'before'), null);
});
