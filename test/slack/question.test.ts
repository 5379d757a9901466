import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MOST_COMPANIES, findDomains, readQuestion } from '../../src/slack/question.ts';

const asked = (text: string): unknown => {
  const question = readQuestion(text);
  return question.kind === 'companies' ? question.asked : question.kind;
};

test('a company is asked for by domain, web address, e-mail address or name', () => {
  assert.deepEqual(asked('acme.com'), [{ domain: 'acme.com' }]);
  assert.deepEqual(asked('https://www.acme.com/about?x=1'), [{ domain: 'acme.com' }]);
  assert.deepEqual(asked('Jo <jo@mail.acme.com>'), [{ domain: 'acme.com' }]);
  assert.deepEqual(asked('<http://acme.com|acme.com>'), [{ domain: 'acme.com' }]);
  assert.deepEqual(asked('<mailto:jo@acme.com|jo@acme.com>'), [{ domain: 'acme.com' }]);
  assert.deepEqual(asked('Acme Robotics'), [{ name: 'Acme Robotics' }]);
  assert.deepEqual(asked('Acme, Inc.'), [{ name: 'Acme, Inc.' }]);
  assert.deepEqual(asked('Crumb &amp; Kettle'), [{ name: 'Crumb & Kettle' }]);
  assert.deepEqual(asked('Acme Foods acme.com'), [{ domain: 'acme.com' }]);
});

test('several are asked for at once, each once', () => {
  const both = [{ domain: 'acme.com' }, { domain: 'beta.io' }];
  for (const text of [
    'acme.com beta.io',
    'acme.com, beta.io',
    'acme.com vs beta.io',
    'acme.com beta.io ACME.COM',
  ])
    assert.deepEqual(asked(text), both, text);
  assert.deepEqual(asked('Acme vs beta.io'), [{ name: 'Acme' }, { domain: 'beta.io' }]);
  const many = Array.from({ length: MOST_COMPANIES + 1 }, (_, n) => `a${n}.com`).join(' ');
  assert.equal(asked(many), 'unclear');
});

test('nothing and "help" ask for help; what names no company says why', () => {
  for (const text of ['', '   ', 'help', 'HELP', '<@U123>']) assert.equal(asked(text), 'help', text);
  for (const text of [
    'jo@gmail.com',
    '10.0.0.1',
    'acme.github.io',
    'https://acme.nosuchtld',
    'x'.repeat(200),
  ])
    assert.equal(asked(text), 'unclear', text);
});

test('any text is a question of bounded size or none', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5_000, unit: 'binary' }), (text) => {
      const question = readQuestion(text);
      if (question.kind !== 'companies') return;
      assert.ok(question.asked.length <= MOST_COMPANIES);
      for (const one of question.asked)
        if ('name' in one) assert.ok(one.name.length <= 100 && !one.name.includes('\0'));
    }),
  );
});

test('a message names companies by their addresses alone', () => {
  assert.deepEqual(
    findDomains('Talk to jo@acme.com (<https://beta.io/x|Beta>) about Gamma, or me@gmail.com.'),
    ['acme.com', 'beta.io'],
  );
  assert.deepEqual(findDomains('nothing. at all'), []);
});
