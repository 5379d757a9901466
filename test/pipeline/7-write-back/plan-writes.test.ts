import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldValues } from '../../../src/connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../../src/connectors/crm-fields.ts';
import { findFault } from '../../../src/pipeline/7-write-back/check-value.ts';
import { NOT_ENOUGH_EVIDENCE, planNote, planWrites } from '../../../src/pipeline/7-write-back/plan-writes.ts';
import { couldHaveBecome, sameValue } from '../../../src/pipeline/7-write-back/same-value.ts';
import type { LedgerEntry, RecordLedger } from '../../../src/pipeline/store/writes-ledger.ts';
import type { WriteState } from '../../../src/pipeline/store/writes.ts';

const RECORD = { connectionId: 'c', object: 'Account', externalId: '1' } as const;

const entry = (state: WriteState, value: FieldValue, rest: Partial<LedgerEntry> = {}): LedgerEntry => ({
  id: 1,
  companyId: 'x',
  state,
  value,
  returned: value,
  readBack: true,
  reason: null,
  undoes: null,
  ...rest,
});

const plan = (
  desired: FieldValues,
  ledger?: RecordLedger,
  rest: Partial<Parameters<typeof planWrites>[0]> = {},
): Record<string, FieldValue> =>
  Object.fromEntries(
    planWrites({ desired, record: RECORD, companyId: 'x', ledger, explicit: false, ...rest })
      .filter((write) => write.rejected === undefined)
      .map((write) => [write.field, write.value]),
  );

test('a note tells of a band that takes the place of one of ours, and of nothing else', () => {
  const noteOf = (band: string, ledger?: RecordLedger): string[] => {
    const request = { record: RECORD, companyId: 'x', ledger, desired: { band, score: 7 } };
    const wanted = planWrites({ ...request, explicit: false });
    return planNote(request, wanted, ({ from, to }) => `${from} → ${to}`).map(({ field, value }) => `${field}: ${value}`); // prettier-ignore
  };
  assert.deepEqual(noteOf('B'), []);
  assert.deepEqual(noteOf('B', { band: { written: entry('applied', 'C') } }), ['note: C → B']);
  assert.deepEqual(noteOf('C', { band: { written: entry('applied', 'C') } }), []);
  assert.deepEqual(noteOf(NOT_ENOUGH_EVIDENCE, { band: { written: entry('applied', 'C') } }), [`note: C → ${NOT_ENOUGH_EVIDENCE}`]); // prettier-ignore
  const other = entry('applied', 'C', { companyId: 'another' });
  assert.deepEqual(noteOf('B', { band: { written: other } }), []);
  const theirs = { written: entry('applied', 'C'), settled: entry('conflicted', 'B', { id: 2 }) };
  assert.deepEqual(noteOf('B', { band: theirs }), []);
  const stands = { band: { written: entry('applied', 'B') } };
  const refused = entry('rejected', 'C → B', { id: 5 });
  assert.deepEqual(noteOf('B', { ...stands, note: { settled: refused } }), ['note: C → B']);
  assert.deepEqual(noteOf('A', { ...stands, note: { settled: refused } }), ['note: B → A']);
  assert.deepEqual(noteOf('B', { ...stands, note: { settled: refused, open: refused } }), []);
  assert.deepEqual(noteOf('B', { ...stands, note: { settled: entry('skipped', 'C → B') } }), []);
  assert.deepEqual(
    noteOf('B', { ...stands, note: { settled: refused, undone: entry('undone', 'x', { id: 6 }) } }),
    [],
  );
});

test('an empty value never erases', () => {
  assert.deepEqual(plan({ pitch: null, why: null }, { pitch: { written: entry('applied', 'ours') } }), {});
});

test('without evidence the band says so and our own score goes, but a score that is not ours stays', () => {
  const desired = { score: null, confidence: null, band: NOT_ENOUGH_EVIDENCE };

  assert.deepEqual(plan(desired, { score: { written: entry('applied', 71) } }), {
    score: null,
    band: NOT_ENOUGH_EVIDENCE,
  });
  assert.deepEqual(plan(desired), { band: NOT_ENOUGH_EVIDENCE });
});

test('a score that still waits is taken back when the evidence is gone', () => {
  const desired = { score: null, band: NOT_ENOUGH_EVIDENCE };

  assert.deepEqual(plan(desired, { score: { open: entry('planned', 71) } }), {
    score: null,
    band: NOT_ENOUGH_EVIDENCE,
  });
});

test('what we wrote, what the CRM made of it, and what is waiting is not planned again', () => {
  const written = entry('applied', 61.239, { returned: 61.24 });

  assert.deepEqual(plan({ score: 61.239 }, { score: { written } }), {});
  assert.deepEqual(plan({ score: 61.24 }, { score: { written } }), {});
  assert.deepEqual(plan({ score: 5 }, { score: { written, open: entry('sending', 5) } }), {});
  assert.deepEqual(plan({ score: 61.239 }, { score: { written, open: entry('planned', 5) } }), {
    score: 61.239,
  });
  assert.deepEqual(plan({ score: 9 }, { score: { settled: entry('skipped', 9) } }), {});
});

test('the time of scoring never causes a write', () => {
  const ledger = { score: { written: entry('applied', 5) } };

  assert.deepEqual(plan({ score: 5, scoredAt: '2026-01-01T00:00:00Z' }, ledger), {});
  assert.deepEqual(plan({ score: 6, scoredAt: '2026-01-01T00:00:00Z' }, ledger), {
    score: 6,
    scoredAt: '2026-01-01T00:00:00Z',
  });
});

test('a conflict is left alone; what was refused is tried again; another value goes behind a pending undo', () => {
  assert.deepEqual(plan({ pitch: 'x' }, { pitch: { settled: entry('conflicted', 'y') } }), {});
  const undoing = { open: entry('planned', null, { id: 8, undoes: 7 }), written: entry('applied', 'ours', { id: 7 }) }; // prettier-ignore
  assert.deepEqual(plan({ pitch: 'x' }, { pitch: undoing }), { pitch: 'x' });
  assert.deepEqual(plan({ pitch: 'ours' }, { pitch: undoing }), {});
  assert.deepEqual(plan({ pitch: 'ours' }, { pitch: undoing }, { explicit: true }), { pitch: 'ours' });
  assert.deepEqual(plan({ pitch: 'x' }, { pitch: { settled: entry('rejected', 'x') } }), { pitch: 'x' });
});

test('only our own fields are ever written', () => {
  const desired: FieldValues = Object.assign({ score: 1 }, { Phone: '1' });

  assert.throws(() => plan(desired), /"Phone" is no field of ours/);
});

test('type, length, picklist and range are checked before anything is sent', () => {
  const faults: [FieldKey, FieldValue, RegExp | null][] = [
    ['score', 100.1, /from 0 to 100/],
    ['score', Number.NaN, /takes a number/],
    ['score', '12', /takes a number/],
    ['confidence', 0, null],
    ['band', 'E', /takes one of A, B/],
    ['why', 'x'.repeat(4001), /holds 4000 characters; this text has 4001/],
    ['why', 'x'.repeat(4000), null],
    ['why', 7, /takes text/],
    ['pitchLink', 'javascript:alert(1)', /web address/],
    ['pitchLink', 'https://fieldnote.example/acme', null],
    ['scoredAt', 'yesterday', /ISO 8601/],
  ];
  for (const [field, value, expected] of faults) {
    const fault = findFault(field, value);
    if (expected === null) assert.equal(fault, null, `${field} ${String(value)}`);
    else assert.match(fault ?? '', expected);
  }
});

test('a refusal of our own is stored once, not with every run', () => {
  const request = { desired: { why: 'x'.repeat(5000) }, record: RECORD, companyId: 'x', explicit: false };

  const [first] = planWrites({ ...request, ledger: undefined });
  assert.match(first?.rejected ?? '', /holds 4000 characters/);
  const ledger = { why: { settled: entry('rejected', null, { reason: first?.rejected ?? null }) } };
  assert.deepEqual(planWrites({ ...request, ledger }), []);
});

test('what a CRM does to a value on saving is told from an edit', () => {
  assert.ok(sameValue('pitch', 'a\r\nb ', 'a\nb'));
  assert.ok(sameValue('pitch', '', null));
  // NUL and half a surrogate pair are left out or replaced, by us or by them.
  assert.ok(sameValue('pitch', 'a\0b', 'ab'));
  assert.ok(sameValue('pitch', 'a\ud83d b', 'a\ufffd b'));
  assert.ok(couldHaveBecome('pitch', 'Mu\u0308ller', 'M\u00fcller'));
  assert.ok(sameValue('score', '12.0', 12));
  assert.ok(sameValue('scoredAt', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000+00:00'));
  assert.ok(couldHaveBecome('score', 61.239, 61.24));
  assert.ok(couldHaveBecome('score', 61.239, 61));
  assert.ok(!couldHaveBecome('score', 61.239, 61.3));
  assert.ok(!couldHaveBecome('score', 61.239, 62));
  assert.ok(couldHaveBecome('scoredAt', '2026-01-01T00:00:00.789Z', '2026-01-01T00:00:00Z'));
  assert.ok(!couldHaveBecome('pitch', 'a b', 'a c'));
  assert.ok(!couldHaveBecome('pitch', 'a', null));
  assert.ok(!couldHaveBecome('band', 'A', 'B'));
});
