import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLandingOnSurvivor } from '../../../src/pipeline/7-write-back/survivor-landing.ts';

const ANNA = { userId: '77', what: null };
const AN_APP = { userId: null, what: 'another app' };
const SENT = {
  field: 'score',
  value: 1.0103,
  before: null,
  baseModifiedAt: new Date('2026-10-01T09:00:00Z'),
} as const;
const OURS = { value: 1.0103, at: '2026-10-01T09:02:00Z', by: AN_APP };
const ours = [null, 1.0103];
const siblings = [1.0103];

test('a whole number that a person typed is theirs, also where a CRM that rounds might have made it of ours', () => {
  const versions = [OURS, { value: 1, at: '2026-10-01T09:01:00Z', by: ANNA }];
  const landing = findLandingOnSurvivor(SENT, versions, { ours, siblings });
  assert.deepEqual(landing, {
    fall: { ours: OURS, on: versions[1] },
    isTheirs: true,
    present: 1.0103,
    stands: true,
  });
});

test('what the CRM made of a value of ours that fell on the same record is no person’s', () => {
  const versions = [
    OURS,
    { value: 1, at: '2026-10-01T09:01:00Z', by: AN_APP },
    { value: 54, at: '2026-09-01T09:00:00Z', by: ANNA },
  ];
  const landing = findLandingOnSurvivor(SENT, versions, { ours, siblings });
  assert.deepEqual([landing?.fall.on?.value, landing?.isTheirs], [54, true]);
});

test('a field that was never set there was free, and one that somebody emptied is theirs', () => {
  const known = { ours: [1.0103], siblings };
  const free = findLandingOnSurvivor(SENT, [OURS], known);
  assert.deepEqual([free?.fall.on, free?.isTheirs], [undefined, false]);
  const emptied = { value: null, at: '2026-09-30T09:00:00Z', by: ANNA };
  const versions = [OURS, emptied, { value: 54, at: '2026-09-01T09:00:00Z', by: AN_APP }];
  const landing = findLandingOnSurvivor(SENT, versions, known);
  assert.deepEqual([landing?.fall.on, landing?.isTheirs], [emptied, true]);
});
