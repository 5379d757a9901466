import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluate, type EvaluationRow } from '../../src/pipeline/evaluate.ts';

const row = (
  score: number | null,
  grade: number | null,
  band: EvaluationRow['band'] = null,
): EvaluationRow => ({
  score,
  band,
  grade,
  visible: true,
});

test('A perfect order has an area of 1, the reverse 0, and all ties a half', () => {
  assert.equal(evaluate([row(90, 3), row(80, 2), row(20, 1), row(10, 0)]).auc, 1);
  assert.equal(evaluate([row(10, 3), row(20, 2), row(80, 1), row(90, 0)]).auc, 0);
  assert.equal(evaluate([row(50, 3), row(50, 2), row(50, 1), row(50, 0)]).auc, 0.5);
});

test('The hard area leaves grade 0 out', () => {
  const rows = [row(50, 2), row(60, 1), row(10, 0), row(10, 0), row(10, 0)];
  assert.equal(evaluate(rows).auc, 0.75);
  assert.equal(evaluate(rows).aucHard, 0);
});

test('A company without a score ranks below a score of zero', () => {
  assert.equal(evaluate([row(0, 2), row(null, 1)]).auc, 1);
  assert.equal(evaluate([row(null, 2), row(0, 1)]).auc, 0);
});

test('Rows without a grade or with a need that the text does not show take no part', () => {
  const hidden = { ...row(1, 3), visible: false };
  assert.equal(evaluate([row(90, 2), row(10, 0), row(95, null), hidden]).n, 2);
  assert.equal(evaluate([row(90, 2), row(10, 0), row(95, null), hidden]).auc, 1);
});

test('Precision, recall and confusion count bands', () => {
  const rows = [
    row(90, 3, 'A'),
    row(60, 2, 'B'),
    row(50, 1, 'B'),
    row(20, 2, 'C'),
    row(null, 0),
    row(5, 0, 'D'),
  ];
  const { precision, recall, confusion } = evaluate(rows);
  assert.equal(precision, 2 / 3);
  assert.equal(recall, 2 / 3);
  assert.deepEqual(confusion, {
    'grade 3': { A: 1, B: 0, C: 0, D: 0, none: 0 },
    'grade 2': { A: 0, B: 1, C: 1, D: 0, none: 0 },
    'grade 1': { A: 0, B: 1, C: 0, D: 0, none: 0 },
    'grade 0': { A: 0, B: 0, C: 0, D: 1, none: 1 },
  });
});

test('What cannot be measured is null, not a number', () => {
  const empty = evaluate([row(10, 0)]);
  assert.deepEqual([empty.auc, empty.aucHard, empty.precision, empty.recall], [null, null, null, null]);
});

test('The area by ranks equals counting all pairs', () => {
  const rows = fc.array(
    fc.record({
      score: fc.option(fc.integer({ min: 0, max: 6 })),
      band: fc.constant(null),
      grade: fc.integer({ min: 0, max: 3 }),
      visible: fc.constant(true),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(rows, (sample) => {
      const need = sample.filter(({ grade }) => grade >= 2);
      const other = sample.filter(({ grade }) => grade < 2);
      const pairs = need.flatMap((a) =>
        other.map((b) => Math.sign((a.score ?? -1) - (b.score ?? -1)) / 2 + 0.5),
      );
      const expected = pairs.length === 0 ? null : pairs.reduce((sum, each) => sum + each, 0) / pairs.length;
      const { auc } = evaluate(sample);
      if (expected === null) assert.equal(auc, null);
      else assert.ok(auc !== null && Math.abs(auc - expected) < 1e-9);
    }),
  );
});
