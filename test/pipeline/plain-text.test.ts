import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanLine, cleanText } from '../../src/pipeline/plain-text.ts';
import { cutText } from '../../src/pipeline/6-pitch/cut-text.ts';

const SCOTLAND = '🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}';

test('a joiner stays between two pictures, where it makes them one, and nowhere else', () => {
  for (const picture of ['👩‍💻', '👩🏽‍🚀', '👨‍👩‍👧‍👦', '🧑‍🤝‍🧑', '🏴‍☠', SCOTLAND])
    assert.equal(cleanLine(`a ${picture} b`), `a ${picture} b`);
  for (const [given, shown] of [
    ['pay\u200Dpal', 'paypal'],
    ['\u200D👩', '👩'],
    ['👩\u200D', '👩'],
    ['👩\u200Da', '👩a'],
    ['1\u200D💻', '1💻'],
    ['👩\u200D\u200D💻', '👩💻'],
    ['👩\u200B\u200D\u2060💻', '👩\u200D💻'],
    ['❤\uFE0F\u200D🔥', '❤\u200D🔥'],
    ['می\u200Cخواهم', 'میخواهم'],
  ] as const)
    assert.equal(cleanText(given), shown);
});

test('letters that show as nothing are left out, but for the flags of three countries', () => {
  const hidden = Array.from('ignore', (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0)));
  assert.equal(cleanText(`🏴${hidden.join('')}\u{E007F} x`), '🏴 x');
  assert.equal(cleanText(`${SCOTLAND}${hidden.join('')}`), SCOTLAND);
  assert.equal(cleanText(SCOTLAND.slice(2)), '');
});

test('whatever comes from outside, nothing of it is hidden, and cleaned text stays as it is', () => {
  const unit = fc.constantFrom(
    ...Array.from('a 1👩💻🏽❤🏴'),
    '\u200D',
    '\uFE0F',
    '\u{E0067}',
    '\u{E007F}',
    '\u200B',
    SCOTLAND,
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
      const clean = cleanText(text);
      assert.equal(cleanText(clean), clean);
      const rest = clean.replaceAll(SCOTLAND, '🏴');
      assert.doesNotMatch(rest, /(?!\u200D)\p{Cf}/u);
      assert.doesNotMatch(rest, /^\u200D|[\sa1\u200D]\u200D|\u200D[\sa1\u200D]|\u200D$/u);
      const unjoined = (from: string): string => from.replaceAll(/[\p{Cf}\uFE0F]/gu, '');
      assert.equal(unjoined(clean), unjoined(text), 'what shows is all there');
    }),
  );
});

test('a text is cut between two letters or pictures, never within one', () => {
  for (let most = 2; most < 12; most += 1) {
    const cut = cutText('a👩🏽‍🚀👩🏽‍🚀', most);
    assert.ok(['…', 'a…', 'a👩🏽‍🚀…'].includes(cut), `${most}: ${cut}`);
    assert.ok(cut.length <= most);
  }
  assert.equal(cutText(`e${'\u0301'.repeat(100)}`, 12), `e${'\u0301'.repeat(10)}…`);
  assert.equal(cutText('one two three', 9), 'one two…');
});
