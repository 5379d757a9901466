import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../src/errors.ts';
import { createSeal } from '../src/seal.ts';

const makeKey = (): string => randomBytes(32).toString('base64');
const seal = createSeal(makeKey());

test('what was sealed opens again, and only in its own place', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (text, place, other) => {
      const sealed = seal.seal(text, place);
      assert.equal(seal.open(sealed, place, 'it'), text);
      if (other !== place) assert.throws(() => seal.open(sealed, other, 'it'), UserError);
    }),
  );
});

test('the same text is sealed to something else each time', () => {
  const boxes = Array.from({ length: 100 }, () => seal.seal('pat-eu1', 'place').box.toString('hex'));
  assert.equal(new Set(boxes).size, 100);
});

test('no bit of a sealed text can be changed unnoticed', () => {
  const { keyId, box } = seal.seal('{"accessToken":"pat-eu1"}', 'place');
  for (let bit = 0; bit < box.length * 8; bit += 1) {
    const changed = Buffer.from(box);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => seal.open({ keyId, box: changed }, 'place', 'it'), UserError, `bit ${bit}`);
  }
});

test('a seal that was cut short does not open, whatever its length', () => {
  const { keyId, box } = seal.seal('pat', 'place');
  for (let length = 0; length < box.length; length += 1)
    assert.throws(
      () => seal.open({ keyId, box: box.subarray(0, length) }, 'place', 'it'),
      UserError,
      `${length} bytes`,
    );
});

test('another SECRET_KEY opens nothing and says what to do; the previous one still does', () => {
  const [old, next] = [makeKey(), makeKey()];
  const sealed = createSeal(old).seal('pat', 'place');
  assert.throws(
    () => createSeal(next).open(sealed, 'place', 'The credentials of hubspot emea'),
    (error) =>
      error instanceof UserError &&
      error.message.startsWith('The credentials of hubspot emea: sealed under another SECRET_KEY') &&
      /SECRET_KEY_PREVIOUS/.test(error.fix ?? ''),
  );
  const both = createSeal(next, old);
  assert.equal(both.open(sealed, 'place', 'it'), 'pat');
  const anew = both.seal('pat', 'place');
  assert.equal(createSeal(next).open(anew, 'place', 'it'), 'pat');
  assert.throws(() => createSeal(old).open(anew, 'place', 'it'), UserError);
});
