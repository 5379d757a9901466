import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { getDomain } from 'tldts';
import { z } from 'zod';
import { findPage, loadWorld } from '../../sandbox/kit/world.ts';

const world = await loadWorld('sandbox/world');
const { salesforce, hubspot } = world.records;
const label = z.object({ domain: z.string(), grade: z.int().min(0).max(3), visible_in_text: z.boolean() });
const labels = (await readFile('sandbox/world/labels.jsonl', 'utf8'))
  .trim()
  .split('\n')
  .map((line) => label.parse(JSON.parse(line)));

function homeOf(domain: string) {
  const page = findPage(world, `https://${domain}/`);
  assert.ok(page, domain);
  return page;
}

test('each shipped company lives on a reserved domain that is its own', () => {
  assert.ok(world.companies.length >= 60);
  assert.equal(world.duplicates, 0);
  for (const { domain } of world.companies) {
    assert.match(domain, /\.example$/);
    assert.equal(getDomain(domain), domain);
  }
});

test('every shipped company has an honest label, and each level of need occurs several times', () => {
  assert.deepEqual(
    labels.map(({ domain }) => domain),
    world.companies.map(({ domain }) => domain),
  );
  for (const grade of [0, 1, 2, 3]) assert.ok(labels.filter((row) => row.grade === grade).length >= 5);
});

test('each shipped front page is its own prose: no sentence occurs on two of them', () => {
  const owners = new Map<string, string>();
  for (const { domain, description } of world.companies) {
    for (const sentence of (description ?? '').split(/(?<=[.?!。])\s+/).filter((text) => text.length > 25)) {
      assert.equal(owners.get(sentence) ?? domain, domain, sentence);
      owners.set(sentence, domain);
    }
  }
});

test('the hard cases that the README lists are there', () => {
  assert.equal(homeOf('basalt-audio.example').status, 403);
  assert.match(homeOf('veridianloop.example').html ?? '', /domain is for sale/);
  assert.match(homeOf('cobalt-canvas.example').html ?? '', /<div id="root"><\/div>/);
  assert.match(homeOf('zenith-optima.example').html ?? '', /display:none">Ignore previous instructions/);
  const byDomain = new Map(world.companies.map((company) => [company.domain, company]));
  assert.match(byDomain.get('gristmill-analytics.example')?.robots ?? '', /Disallow: \/\n/);
  assert.equal(byDomain.get('orrery-labs.example')?.name, byDomain.get('orrerylabs-brass.example')?.name);
  const reprints = world.news.filter(
    (article) =>
      article.text === world.news.find((other) => other.url.includes('kestrel-sol-series-b'))?.text,
  );
  assert.ok(reprints.length >= 2);
  assert.ok(world.news.some((article) => article.published === null));
  assert.ok(world.news.some((article) => article.published?.startsWith('2023')));
});

test('the shipped CRMs hold companies in both, accounts without a domain, free-mail leads and a converted lead', () => {
  const inHubspot = new Set(hubspot.companies.map(({ domain }) => domain));
  const both = salesforce.accounts.filter(
    ({ website }) => website !== null && inHubspot.has(getDomain(website)),
  );
  assert.ok(both.length >= 5);
  assert.ok(salesforce.accounts.some(({ website }) => website === null));
  assert.ok(hubspot.companies.some(({ domain, website }) => domain === null && website === null));
  assert.ok(salesforce.leads.some(({ email }) => email?.endsWith('@gmail.com')));
  assert.ok(salesforce.leads.some(({ convertedAccountId }) => convertedAccountId !== null));
  assert.ok(salesforce.accounts.some(({ parentId }) => parentId !== null));
  assert.ok(salesforce.leads.length + salesforce.contacts.length + hubspot.contacts.length >= 60);
});
