import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planSearches } from '../../../src/pipeline/2-research/plan-searches.ts';
import type { ResearchQuestion } from '../../../src/pipeline/scoring-model.ts';

const question = (more: Partial<ResearchQuestion>): ResearchQuestion => ({
  key: 'gpu',
  query: '"{name}" GPU training',
  topic: 'general',
  kind: 'other',
  ttlHours: 24,
  ownSiteOnly: false,
  maxResults: 5,
  ...more,
});

const company = { name: 'Kiln & Loaf, Inc.', domain: 'kiln.example' };

test('Each question of the scoring model becomes a search about one company', () => {
  const planned = planSearches(
    [
      question({}),
      question({
        key: 'product',
        query: '{name} {domain} product',
        ownSiteOnly: true,
        kind: 'site',
        maxResults: 3,
      }),
      question({ key: 'news', topic: 'news', kind: 'news', ttlHours: 1 }),
    ],
    company,
  );
  assert.deepEqual(planned, [
    {
      questions: ['gpu'],
      kind: 'other',
      ttlHours: 24,
      query: {
        query: '"Kiln & Loaf" GPU training',
        topic: 'general',
        maxResults: 5,
        excludeDomains: ['kiln.example'],
      },
    },
    {
      questions: ['product'],
      kind: 'site',
      ttlHours: 24,
      query: {
        query: 'Kiln & Loaf kiln.example product',
        topic: 'general',
        maxResults: 3,
        includeDomains: ['kiln.example'],
      },
    },
    {
      questions: ['news'],
      kind: 'news',
      ttlHours: 1,
      query: {
        query: '"Kiln & Loaf" GPU training',
        topic: 'news',
        maxResults: 5,
        excludeDomains: ['kiln.example'],
      },
    },
  ]);
});

test('Questions that come down to one search are asked once, as often as the more pressing one needs', () => {
  const planned = planSearches([question({}), question({ key: 'again', ttlHours: 2 })], company);
  assert.equal(planned.length, 1);
  assert.deepEqual([planned[0]?.questions, planned[0]?.ttlHours], [['gpu', 'again'], 2]);
});

test('A hostile or missing name still makes a search that the provider takes', () => {
  const [hostile] = planSearches([question({})], {
    name: `"x" OR ${'y'.repeat(900)}\n\0`,
    domain: 'kiln.example',
  });
  assert.ok(hostile !== undefined && hostile.query.query.length <= 400);
  assert.equal(hostile.query.query.split('"').length, 3);
  const [nameless] = planSearches([question({})], { name: '"', domain: 'kiln.example' });
  assert.equal(nameless?.query.query, '"kiln.example" GPU training');
});
