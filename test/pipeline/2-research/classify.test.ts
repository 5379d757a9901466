import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifySource } from '../../../src/pipeline/2-research/classify.ts';
import { CREDIBILITY, credibilityOf } from '../../../src/pipeline/2-research/credibility.ts';
import { ttlHoursOf } from '../../../src/pipeline/2-research/ttl.ts';
import type { SourceKind } from '../../../src/pipeline/store/sources.ts';

const kind = (url: string, title = '', asked?: SourceKind) =>
  classifySource({ url, title }, 'kiln.example', asked);

test('The company’s own pages are told by their address', () => {
  assert.equal(kind('https://www.kiln.example/'), 'site');
  assert.equal(kind('https://kiln.example/careers/ml-engineer'), 'jobs');
  assert.equal(kind('https://jobs.kiln.example/'), 'jobs');
  assert.equal(kind('https://docs.kiln.example/start'), 'docs');
  assert.equal(kind('https://kiln.example/blog/raises-40m', 'We raise $40M'), 'site');
});

test('What others say is told by where it stands and by its title', () => {
  assert.equal(kind('https://www.sec.gov/Archives/edgar/1.htm'), 'filing');
  assert.equal(
    kind('https://register.example/kiln', 'Kiln, Inc.: Annual report, Item 1. Business'),
    'filing',
  );
  assert.equal(kind('https://boards.greenhouse.io/kiln/jobs/1'), 'jobs');
  assert.equal(kind('https://www.g2.com/products/kiln'), 'review');
  assert.equal(kind('https://www.linkedin.com/company/kiln'), 'profile');
  assert.equal(kind('https://www.reddit.com/r/ml/comments/1'), 'forum');
  assert.equal(kind('https://wire.example/kiln', 'Kiln closes $85M Series B'), 'funding');
  assert.equal(kind('https://wire.example/kiln', 'Kiln closes its office'), 'other');
  assert.equal(kind('https://wire.example/kiln', 'Kiln opens an office', 'news'), 'news');
  assert.equal(kind('https://wire.example/2026/kiln', 'Kiln opens an office'), 'news');
  assert.equal(kind('no address'), 'other');
});

test('Somebody else’s page is never taken for the company’s own', () => {
  for (const asked of ['site', 'docs', 'other'] as const)
    for (const url of [
      'https://kiln.example.evil.example/',
      'https://notkiln.example/docs',
      'https://kiln.other/',
    ])
      assert.ok(!['site', 'docs'].includes(kind(url, '', asked)), url);
});

test('Own words and filings are believed more than press, press more than profiles, profiles more than forums', () => {
  const order: SourceKind[] = ['site', 'filing', 'news', 'profile', 'forum'];
  const values = order.map(credibilityOf);
  assert.deepEqual(
    values,
    values.toSorted((a, b) => b - a),
  );
  assert.equal(new Set(values).size, order.length);
  for (const { value, why } of Object.values(CREDIBILITY))
    assert.ok(value > 0 && value < 1 && why.length > 10);
});

test('News are fetched again after an hour, jobs after two, the site after a day, slow facts after a week', () => {
  assert.deepEqual(
    (['news', 'jobs', 'site', 'review', 'funding', 'filing', 'docs'] as const).map(ttlHoursOf),
    [1, 2, 24, 24, 24, 168, 168],
  );
});
