import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeParts, splitParts } from '../../src/pipeline/merge-parts.ts';

const texts = (parts: ReturnType<typeof mergeParts>): string[] => parts.map(({ text }) => text);
const theirs = (parts: ReturnType<typeof mergeParts>): string[] =>
  parts.filter(({ of }) => of === null).map(({ text }) => text);

const WAS = splitParts(
  'Acme, 5 March\n\nThey train models [1].\n\nWhy now\n- They hire [2]\n- They grow [3]\n\nNext step\nShall we talk?',
);
const NOW = splitParts(
  'Acme, 9 April\n\nThey train large models [2].\n\nWhy now\n- They grow [1]\n\nWhom to ask\n- The CTO\n\nNext step\nDo we meet?',
);

test('a changed paragraph stays through a new version, and every other one is renewed', () => {
  const edited = WAS.with(1, 'Ada met them at a fair [1].');
  const merged = mergeParts(WAS, edited, NOW);
  assert.deepEqual(texts(merged), NOW.with(1, 'Ada met them at a fair [1].'));
  assert.deepEqual(theirs(merged), ['Ada met them at a fair [1].']);
});

test('what somebody added stands where they put it, and what they took away stays away', () => {
  const edited = [...WAS.slice(0, 2), 'A word of ours.', ...WAS.slice(3)];
  assert.deepEqual(texts(mergeParts(WAS, edited, NOW)), [
    'Acme, 9 April',
    'They train large models [2].',
    'A word of ours.',
    'Whom to ask\n- The CTO',
    'Next step\nDo we meet?',
  ]);
  const more = [...WAS, 'PS: a word of ours.'];
  assert.equal(texts(mergeParts(WAS, more, NOW)).at(-1), 'PS: a word of ours.');
  assert.deepEqual(texts(mergeParts(WAS, more, NOW)).slice(0, -1), NOW);
});

test('what was changed stands although its place is gone from the new version', () => {
  const edited = WAS.with(2, 'Why now\n- Ask Ada');
  const short = ['Acme, 9 April', 'They train large models [2].', 'Next step\nDo we meet?'];
  assert.deepEqual(texts(mergeParts(WAS, edited, short)), [
    ...short.slice(0, 2),
    'Why now\n- Ask Ada',
    short[2],
  ]);
});

test('a section that is new stands there although somebody changed or took away another one, which is gone', () => {
  const doubts = 'What speaks against it\n- They froze hiring [1]';
  const rivals = 'Whom they measure themselves against\n- Initech [1]';
  const before = WAS.toSpliced(3, 0, doubts);
  const later = NOW.with(2, rivals).toSpliced(3, 1);
  const without = before.toSpliced(3, 1);
  assert.deepEqual(texts(mergeParts(before, without, before)), without);
  const kept = ['Acme, 9 April', 'They train large models [2].'];
  assert.deepEqual(texts(mergeParts(before, without, later)), [...kept, rivals, 'Next step\nDo we meet?']);

  const changed = WAS.with(2, 'Why now\n- Ask Ada');
  assert.deepEqual(texts(mergeParts(WAS, changed, [...kept, doubts, 'Next step\nDo we meet?'])), [
    ...kept,
    'Why now\n- Ask Ada',
    doubts,
    'Next step\nDo we meet?',
  ]);
});

test('a text of somebody’s own stands alone, and nothing new comes into what they changed as a whole', () => {
  assert.deepEqual(texts(mergeParts(WAS, ['Dear Nora,', 'A letter.'], NOW)), ['Dear Nora,', 'A letter.']);
  assert.deepEqual(texts(mergeParts([], ['A letter.'], NOW)), ['A letter.']);
  const edited = [WAS[0] ?? '', 'One', 'Two', 'Three'];
  assert.deepEqual(texts(mergeParts(WAS, edited, NOW)), ['Acme, 9 April', 'One', 'Two', 'Three']);
});

test('for any versions and edits: nothing new changes nothing of an edit, no edit changes nothing of a version, and no word of theirs is lost', () => {
  const list = fc.array(fc.constantFrom('a', 'b', 'c', 'A\n- 1', 'A\n- 2', 'B\n- 1', 'x [1]', 'x [2]'), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(list, list, list, (was, edited, now) => {
      assert.deepEqual(texts(mergeParts(was, edited, was)), edited);
      if (was.length > 0 && now.length > 0) assert.deepEqual(texts(mergeParts(was, was, now)), now);
      const merged = mergeParts(was, edited, now);
      const added = theirs(mergeParts(was, edited, was));
      assert.deepEqual(theirs(merged), added);
      for (const { text, of } of merged) assert.ok(of === null || now[of] === text);
    }),
    { numRuns: 2_000 },
  );
});
