import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTyped } from '../../src/slack/typed-question.ts';

const OURS = 'https://fieldnote.example.com';
const asked = (text: string): unknown => {
  const typed = readTyped(text, OURS);
  if (typed.kind === 'name') return { name: typed.name };
  if (typed.kind !== 'asked') return typed.kind;
  const { question, form } = typed;
  return [form, question.kind === 'companies' ? question.asked : question.kind];
};

test('what is typed to the app reads like a command without its slash', () => {
  const acme = [{ domain: 'acme.com' }];
  assert.deepEqual(asked('acme.com'), ['card', acme]);
  assert.deepEqual(asked('<@U0BOT> acme.com'), ['card', acme]);
  assert.deepEqual(asked('Is <http://acme.com|acme.com> worth a call?'), ['card', acme]);
  assert.deepEqual(asked('score <http://acme.com|acme.com>'), ['card', acme]);
  assert.deepEqual(asked('<@U0BOT> /score acme.com'), ['card', acme]);
  assert.deepEqual(asked('Pitch: acme.com'), ['pitch', acme]);
  assert.deepEqual(asked('compare Acme vs beta.io'), [
    'comparison',
    [{ name: 'Acme' }, { domain: 'beta.io' }],
  ]);
  assert.deepEqual(asked('acme.com or beta.io?'), ['comparison', [...acme, { domain: 'beta.io' }]]);
  assert.deepEqual(asked('score Acme Robotics'), ['card', [{ name: 'Acme Robotics' }]]);
  for (const text of ['help', '<@U0BOT> help', 'score', 'pitch  '])
    assert.match(JSON.stringify(asked(text)), /"help"/, text);
});

test('without a verb only addresses count, and a few words that may be a name', () => {
  assert.deepEqual(asked('Acme Robotics'), { name: 'Acme Robotics' });
  assert.deepEqual(asked('Scoreboard Ltd'), { name: 'Scoreboard Ltd' });
  assert.deepEqual(asked('jo@gmail.com'), ['card', 'unclear']);
  for (const text of [
    '<@U0BOT>',
    '',
    'thanks, that helps; more tomorrow',
    `${'so long a sentence '.repeat(20)}`,
  ])
    assert.deepEqual(asked(text), 'talk', text);
});

test('links to our own pages are left to their previews', () => {
  assert.deepEqual(asked(`<${OURS}/companies/acme.com>`), 'links');
  assert.deepEqual(asked(`${OURS}/companies/acme.com`), 'links');
  assert.deepEqual(asked(`<${OURS}/companies/acme.com|this one> and beta.io`), [
    'card',
    [{ domain: 'beta.io' }],
  ]);
});
