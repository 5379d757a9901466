import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeParts } from '../../src/pipeline/merge-parts.ts';
import { replacePoints } from '../../src/pipeline/replace-points.ts';

const list = (points: readonly string[]): string => points.map((point) => `\n- ${point}`).join('');

test('of two points that somebody made one the text shows that one, not what they left out', () => {
  const was = ['They hire [1]', 'They train [2]', 'They grow [3]'];
  const after = mergeParts(was, ['They hire [1] and: They train [2]', 'They grow [3]'], was);
  assert.equal(
    replacePoints(`Why now${list(was)}\n\nShall we?`, was, after),
    'Why now\n- They hire [1] and: They train [2]\n- They grow [3]\n\nShall we?',
  );
});

test('points in paragraphs of their own stay in them where another one is left out or comes in', () => {
  const was = ['Hires', 'Trains', 'Grows'];
  const text = 'Day 1\n\nWe read: Hires. So we write.\n\nDay 4\nAlso: Trains\n\nMore\n- Grows';
  const change = (edited: string[]): string => replacePoints(text, was, mergeParts(was, edited, was));
  assert.equal(change(['Trains', 'Grows']), 'Day 1\n\nDay 4\nAlso: Trains\n\nMore\n- Grows');
  assert.equal(
    change(['Hires', 'Trains', 'Ours', 'Grows']),
    'Day 1\n\nWe read: Hires. So we write.\n\nDay 4\nAlso: Trains\n- Ours\n\nMore\n- Grows',
  );
  assert.equal(replacePoints('One: Hires, Trains.', ['Hires', 'Trains'], []), 'One: , .');
});

test('whatever somebody makes of points, the list in the text is the list of points', () => {
  const points = fc.array(fc.constantFrom('a', 'b', 'c', 'a b', 'b a', 'a [1]', 'c a b'), { maxLength: 7 });
  fc.assert(
    fc.property(points, points, points, (was, edited, now) => {
      fc.pre(now.length > 0);
      const after = mergeParts(was, edited, now);
      const shown = after.map(({ text }) => text);
      assert.equal(
        replacePoints(`0${list(now)}\n\n0`, now, after),
        `0${list(shown)}\n\n0`,
        JSON.stringify({ was, edited, now }),
      );
    }),
    { numRuns: 3_000 },
  );
});
