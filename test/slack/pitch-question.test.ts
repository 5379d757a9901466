import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPitchQuestion } from '../../src/slack/pitch-question.ts';

test('words beside an address name a template, whatever people put between', () => {
  for (const [typed, words] of [
    ['acme.com', null],
    ['acme.com technical', 'technical'],
    ['acme.com with the technical template', 'technical'],
    ['acme.com as an email sequence', 'email sequence'],
    ['acme.com as a letter to the board', 'letter to the board'],
    ['<http://acme.com|acme.com> technical', 'technical'],
  ] as const) {
    const { question, template } = readPitchQuestion(typed);
    assert.deepEqual(question, { kind: 'companies', asked: [{ domain: 'acme.com' }] }, typed);
    assert.deepEqual(template, words === null ? null : { words, sure: true }, typed);
  }
});

test('words before an address may be the company’s name as well', () => {
  assert.deepEqual(readPitchQuestion('technical pitch for acme.com').template, {
    words: 'technical',
    sure: false,
  });
  assert.deepEqual(readPitchQuestion('Acme Corp acme.com').template, { words: 'Acme Corp', sure: false });
});

test('behind a name nobody can tell yet where it ends', () => {
  assert.deepEqual(readPitchQuestion('Acme technical'), {
    question: { kind: 'companies', asked: [{ name: 'Acme technical' }] },
    template: null,
  });
  assert.equal(readPitchQuestion('acme.com, Beta').template, null);
});
