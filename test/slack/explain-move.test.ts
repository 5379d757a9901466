import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainMove } from '../../src/slack/explain-move.ts';

const reason = (kind: string, label: string, points: number, quote: string | null = 'a quote') => ({
  kind,
  label,
  points,
  quote,
  url: null,
  sourceId: null,
  published: null,
});
const start = reason('start', 'Where every company starts', 20, null);
const basis = (...reasons: ReturnType<typeof reason>[]) => ({
  modelVersion: 'v1',
  reasons: [start, ...reasons],
});

test('a move is explained by what came, went or counts differently, the largest difference first', () => {
  const was = basis(reason('gpu', 'Names GPU hardware', 8.1), reason('cloud', 'Bound to a cloud', -12.3));
  const is = basis(
    reason('gpu', 'Names GPU hardware', 5),
    reason('gpu', 'Names GPU hardware', 4.2),
    reason('jobs', 'Hires for machine learning', 3.4),
  );
  assert.equal(
    explainMove(was, is),
    'gone: Bound to a cloud (was −12.3); new: Hires for machine learning (+3.4); Names GPU hardware +9.2 (was +8.1)',
  );
});

test('a changed scoring model is named, and more than three differences are counted', () => {
  const is = basis(...[5, 4, 3, 2, 1].map((points) => reason(`k${points}`, `Kind ${points}`, points)));
  assert.equal(
    explainMove({ ...basis(), modelVersion: 'v0' }, is),
    'the scoring model changed; new: Kind 5 (+5.0); new: Kind 4 (+4.0); new: Kind 3 (+3.0); 2 more',
  );
});

test('where nothing differs that a score rests on, nothing is said', () => {
  assert.equal(explainMove(basis(reason('gpu', 'GPUs', 1)), basis(reason('gpu', 'GPUs', 1))), '');
});
