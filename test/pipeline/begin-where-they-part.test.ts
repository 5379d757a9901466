import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { beginWhereTheyPart } from '../../src/pipeline/begin-where-they-part.ts';

const LENGTH = 30;
const shown = (text: string): string => text.slice(0, LENGTH);

test('two long texts that begin alike are shown from a word before they part', () => {
  const common = 'Key points: names GPU hardware, trains its own models, ';
  const [old, now] = beginWhereTheyPart(
    `${common}rents 96 GPUs today`,
    `${common}owns 512 GPUs today`,
    LENGTH,
  );
  assert.equal(shown(old), '…models, rents 96 GPUs today');
  assert.equal(shown(now), '…models, owns 512 GPUs today');
});

test('what differs at its beginning, is short, or is the same is shown from its beginning', () => {
  const long = 'a text that is longer than what can be shown of it';
  for (const [one, other] of [
    [long, `no ${long}`],
    ['10', '12'],
    [long, long],
    ['', long],
  ] as const)
    assert.deepEqual(beginWhereTheyPart(one, other, LENGTH), [one, other]);
});

test('a text that was only continued is shown where it goes on, beside the whole of the shorter one', () => {
  const short = 'Serves models at scale. Done.';
  assert.deepEqual(beginWhereTheyPart(short, `${short} Since March there is more.`, LENGTH), [
    short,
    '…Done. Since March there is more.',
  ]);
});

test('of any two different texts something different is shown, and no character is cut in two', () => {
  const text = fc.string({ unit: 'binary', minLength: 0, maxLength: 80 });
  fc.assert(
    fc.property(text, text, text, fc.integer({ min: 6, max: 60 }), (common, one, other, length) => {
      const [old, now] = beginWhereTheyPart(common + one, common + other, length);
      assert.ok(old.isWellFormed() && now.isWellFormed());
      if (one !== other && common + one !== common + other)
        assert.notEqual(old.slice(0, length), now.slice(0, length));
    }),
  );
});
