import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLanding } from '../../../src/pipeline/7-write-back/lost-races.ts';
import type { Landing } from '../../../src/pipeline/7-write-back/lost-races.ts';

const READ_AT = '2026-11-03T10:00:05.000Z';

/** Versions, newest first, the last of which we had read; a number is how many seconds before or after our read it came. */
const find = (...versions: [string | null, number][]) =>
  told(
    findLanding(
      { field: 'pitch', value: 'ours', before: 'before', baseModifiedAt: new Date(READ_AT) },
      versions.map(([value, seconds]) => ({
        value,
        at: new Date(Date.parse(READ_AT) + seconds * 1000).toISOString(),
      })),
    ),
  );

/** With the lost value alone, where there is one. */
function told(landing: Landing) {
  if (!landing.landed || landing.lost === undefined) return landing;
  return { ...landing, lost: landing.lost.on.value };
}

test('a write that replaced what it was meant to replace lost no race', () => {
  assert.deepEqual(find(['ours', 2], ['before', 0]), { landed: true, present: 'ours', stands: true });
  assert.deepEqual(find(['ours', 3], ['ours', 2], ['before', -9]), {
    landed: true,
    present: 'ours',
    stands: false,
  });
  assert.deepEqual(find(['newer', 3], ['ours', 2], ['before', 0]), {
    landed: true,
    present: 'newer',
    stands: false,
  });
});

test('a write that fell on a value typed in between did, even when that was an emptying', () => {
  assert.deepEqual(find(['ours', 2], ['theirs', 1], ['before', 0]), {
    landed: true,
    present: 'ours',
    stands: true,
    lost: 'theirs',
  });
  assert.deepEqual(find(['ours', 2], [null, 1], ['before', 0]), {
    landed: true,
    present: 'ours',
    stands: true,
    lost: null,
  });
});

test('what it fell on is named also when somebody has typed something newer since', () => {
  assert.deepEqual(find(['newer', 3], ['ours', 2], ['theirs', 1], ['before', 0]), {
    landed: true,
    present: 'newer',
    stands: false,
    lost: 'theirs',
  });
});

test('a person who put back what stood there before our write is told from a write that never landed', () => {
  assert.deepEqual(find(['before', 3], ['ours', 2], ['before', 0]), {
    landed: true,
    present: 'before',
    stands: false,
  });
  assert.deepEqual(find(['before', 0]), { landed: false });
  // The same value that we had sent once, long ago, is no sign of this write.
  assert.deepEqual(find(['before', -1], ['ours', -5]), { landed: false });
  assert.deepEqual(find(['theirs', 1], ['before', -1], ['ours', -5]), { landed: false });
});

test('an edit in the very millisecond of our read counts as one that we had not seen', () => {
  assert.deepEqual(find(['ours', 2], ['theirs', 0], ['before', 0]), {
    landed: true,
    present: 'ours',
    stands: true,
    lost: 'theirs',
  });
});

test('a person’s value that looks like ours rounded is not taken for it', () => {
  const sent = { field: 'score', value: 53.99, before: 12, baseModifiedAt: new Date(READ_AT) } as const;
  const at = new Date(Date.parse(READ_AT) + 1_000).toISOString();
  const old = { value: 12, at: READ_AT };
  assert.deepEqual(told(findLanding(sent, [{ value: 53.99, at }, { value: 54, at }, old])), {
    landed: true,
    present: 53.99,
    stands: true,
    lost: 54,
  });
  // What the CRM made of it, where nothing else is there.
  assert.deepEqual(findLanding(sent, [{ value: 54, at }, old]), { landed: true, present: 54, stands: true });
});

test('a field that was never set has no older version', () => {
  const never = { field: 'pitch', value: 'ours', before: null, baseModifiedAt: new Date(READ_AT) } as const;
  assert.deepEqual(findLanding(never, [{ value: 'ours', at: READ_AT }]), {
    landed: true,
    present: 'ours',
    stands: true,
  });
  assert.deepEqual(findLanding(never, []), { landed: false });
});

test('an earlier write of the same value does not pass for this one where the history is cut off before what we had read', () => {
  assert.deepEqual(find(['something', -60], ['ours', -90]), { landed: false });
  assert.deepEqual(find(['ours', 2], ['something', -60], ['ours', -90]), {
    landed: true,
    present: 'ours',
    stands: true,
  });
});
