import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldWhitespace, splitSentences } from '../../../src/pipeline/3-extract/sentences.ts';

const split = (text: string): string[] => [...splitSentences(text)].map((sentence) => sentence.text);

test('Sentences end at full stops, questions and line breaks', () => {
  assert.deepEqual(split('We build robots. Do you? Yes!\n- first point\n- second point'), [
    'We build robots.',
    'Do you?',
    'Yes!',
    '- first point',
    '- second point',
  ]);
});

test('A title or an abbreviation does not end a sentence', () => {
  assert.deepEqual(split('Dr. Lind leads research. She came in 2020.'), [
    'Dr. Lind leads research.',
    'She came in 2020.',
  ]);
  assert.deepEqual(split('Hardware, e.g. H100 cards, is rented.'), ['Hardware, e.g. H100 cards, is rented.']);
});

test('Hard-wrapped text is read across its lines', () => {
  assert.deepEqual(split('We train our own\nmodels every\r\nday.'), ['We train our own models every day.']);
});

test('Every sentence lies where it says in the text, and no word is lost', () => {
  const piece = fc.constantFrom(
    'We train.',
    ' ',
    '\n',
    'models',
    'Dr.',
    '\r\n',
    '!',
    '。',
    '人',
    '💥',
    '\ud800',
    '\t',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece).map((pieces) => pieces.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (text) => {
        const sentences = [...splitSentences(text)];
        for (const { text: folded, start, end } of sentences) {
          assert.equal(foldWhitespace(text.slice(start, end)), folded);
        }
        const all = sentences.map((sentence) => sentence.text.replaceAll(' ', '')).join('');
        assert.equal(all, text.replaceAll(/\s/g, ''));
      },
    ),
  );
});

test('Text without any end is cut into pieces of bounded length, at spaces where there are some', () => {
  const pieces = split('word '.repeat(1_000));
  assert.ok(pieces.length > 3);
  assert.ok(pieces.every((piece) => piece.length <= 1_200 && /^word( word)*$/.test(piece)));
});
