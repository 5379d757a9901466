import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import { loadScoringModel, parseScoringModel, shippedModelPath } from '../../src/pipeline/scoring-model.ts';

const SMALL = `
name: small
version: 3
title: Small
description: A model for tests.
questions:
  - { key: all, query: '"{name}" news', topic: general, kind: news, ttlHours: 1 }
vocabulary:
  robot: { any: [robot*], except: [software robot*] }
kinds:
  - key: robots
    label: Robots
    definition: Builds robots.
    polarity: positive
    weight: 50
    cap: 80
    halfLifeDays: 365
    phrases:
      - { says: [robot, [build*, make*]], strength: 0.8 }
scale: { start: 10, spread: 25 }
bands:
  - { band: A, from: 70, meaning: a }
  - { band: B, from: 40, meaning: b }
  - { band: C, from: 15, meaning: c }
  - { band: D, from: 0, meaning: d }
evidence: { minimumCharacters: 100, ampleCharacters: 1000, expects: [site] }
personas:
  - { key: cto, title: CTO, titles: [cto], pains: [p], motives: [m], style: s, decisionFactors: [d] }
`;

function mistakesIn(text: string): string[] {
  try {
    parseScoringModel(text, 'small.yaml');
  } catch (error) {
    assert.ok(error instanceof UserError);
    return error.message.split('\n');
  }
  return assert.fail('the model was accepted');
}

test('The shipped model loads and holds what research, reading and weighing need', async () => {
  const model = await loadScoringModel(shippedModelPath('gpu-infrastructure'));
  assert.equal(model.name, 'gpu-infrastructure');
  assert.match(model.identity, /^gpu-infrastructure@\d+\+[0-9a-f]{8}$/);
  assert.ok(model.kinds.some((kind) => kind.polarity === 'contrary'));
  assert.ok(model.kinds.length >= 15 && model.questions.length >= 3 && model.personas.length >= 3);
});

test('Comments and layout leave the identity of a model, a weight changes it', () => {
  const model = parseScoringModel(SMALL, 'small.yaml');
  const commented = parseScoringModel(
    `# a comment\n${SMALL.replace('weight: 50', 'weight:   50 # high')}`,
    'x',
  );
  const heavier = parseScoringModel(SMALL.replace('weight: 50', 'weight: 51'), 'x');
  assert.equal(commented.identity, model.identity);
  assert.notEqual(heavier.identity, model.identity);
  assert.match(model.identity, /^small@3\+/);
});

test('JSON is a scoring model too', () => {
  const { contentHash, identity: _identity, ...content } = parseScoringModel(SMALL, 'small.yaml');
  assert.equal(parseScoringModel(JSON.stringify(content), 'small.json').contentHash, contentHash);
});

const BROKEN: [what: string, change: [from: string, to: string], message: RegExp][] = [
  [
    'an unknown key',
    ['weight: 50', 'weight: 50\n    weigth: 60'],
    /^small\.yaml: kinds\[0\] \(robots\): Unrecognized key: "weigth"$/,
  ],
  [
    'a weight that is no number',
    ['weight: 50', 'weight: much'],
    /^small\.yaml: kinds\[0\] \(robots\)\.weight: .*expected number/,
  ],
  [
    'a strength above one',
    ['strength: 0.8', 'strength: 8'],
    /kinds\[0\] \(robots\)\.phrases\[0\]\.strength: Too big/,
  ],
  [
    'a regular expression',
    ['make*', '(make|made'],
    /phrases\[0\]\.says\[1\]\[1\]: the term "\(make\|made" looks like a regular expression/,
  ],
  ['a star inside a word', ['make*', 'm*ke'], /the term "m\*ke" has a "\*" inside a word/],
  ['a star alone', ['make*', "'*'"], /the term "\*" has a "\*" without a word before it/],
  ['an empty term', ['make*', "''"], /the term "" is empty/],
  ['a term without a word', ['make*', "'--'"], /the term "--" holds no word/],
  [
    'a word that the vocabulary lacks',
    ['says: [robot,', 'says: [drone,'],
    /kinds\[0\] \(robots\)\.phrases\[0\]: "drone" is not in the vocabulary/,
  ],
  [
    'vocabulary that nothing uses',
    ['vocabulary:', 'vocabulary:\n  spare: [spare]'],
    /^small\.yaml: vocabulary\.spare: no phrase uses it$/,
  ],
  [
    'a phrase that says nothing',
    ['says: [robot, [build*, make*]]', 'says: []'],
    /phrases\[0\]\.says: Too small/,
  ],
  [
    'a number for a concept',
    ['says: [robot,', 'says: [7,'],
    /says\[0\]: expected a name from the vocabulary or a list of terms/,
  ],
  ['bands that do not fall', ['from: 40', 'from: 80'], /^small\.yaml: bands: expected A, B, C, D/],
  ['a band that is missing', ['  - { band: D, from: 0, meaning: d }\n', ''], /bands: Too small/],
  [
    'a question without the company',
    ['"{name}" news', 'news'],
    /questions\[0\] \(all\)\.query: expected \{name\} or \{domain\}/,
  ],
  ['a cap below the weight', ['cap: 80', 'cap: 20'], /cap: expected at least the weight, 50/],
  ['a missing section', ['scale: { start: 10, spread: 25 }', ''], /^small\.yaml: scale: /],
  ['broken YAML', ['kinds:', 'kinds: ]['], /^small\.yaml: .*line 10/],
  ['a key given twice', ['version: 3', 'version: 3\nversion: 4'], /^small\.yaml: Map keys must be unique/],
];

for (const [what, [from, to], message] of BROKEN) {
  test(`A scoring model with ${what} is refused in one clear line`, () => {
    assert.ok(SMALL.includes(from));
    const mistakes = mistakesIn(SMALL.replace(from, to));
    assert.match(mistakes[0] ?? '', message);
    assert.equal(mistakes.length, 1, mistakes.join('\n'));
  });
}

test('A kind given twice is refused and both places are named', () => {
  const block = /  - key: robots[\s\S]*?strength: 0.8 }\n/.exec(SMALL)?.[0] ?? '';
  assert.deepEqual(mistakesIn(SMALL.replace(block, block + block)), [
    'small.yaml: kinds[1].key: "robots" is already kinds[0]',
  ]);
});

test('Every mistake gets its own line', () => {
  const mistakes = mistakesIn(
    SMALL.replace('weight: 50', 'weight: -1').replace('polarity: positive', 'polarity: good'),
  );
  assert.equal(mistakes.length, 2);
});

test('A file that is empty, no model or not there is refused', async () => {
  assert.match(mistakesIn('')[0] ?? '', /^small\.yaml: the whole file: /);
  assert.match(mistakesIn('hello')[0] ?? '', /^small\.yaml: the whole file: /);
  await assert.rejects(
    loadScoringModel('/nowhere/model.yaml'),
    /\/nowhere\/model\.yaml: the scoring model cannot be read/,
  );
});

test('A file that unfolds into far more than it holds is refused', () => {
  const levels = Array.from({ length: 12 }, (_, index) =>
    index === 0 ? 'a0: &a0 [x, x]' : `a${index}: &a${index} [${`*a${index - 1}, `.repeat(9)}*a${index - 1}]`,
  );
  assert.match(mistakesIn(levels.join('\n'))[0] ?? '', /alias/i);
});

test('The shipped model names hardware and frameworks, but no address', async () => {
  const text = await readFile(shippedModelPath('gpu-infrastructure'), 'utf8');
  assert.doesNotMatch(text, /\b[a-z0-9-]+\.(?:com|ai|io|co|org|net)\b/i);
});
