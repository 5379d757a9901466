import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNamesakes, isRelevant, judgeAbout } from '../../../src/pipeline/2-research/about-company.ts';
import { plainName, slugOf } from '../../../src/pipeline/2-research/company-name.ts';

const loaf = { name: 'Loaf, Inc.', domain: 'loaf.example' };
const labs = { name: 'Kiln Labs', domain: 'kilnlabs.example' };
const alone = { ownText: '', namesakes: [] };
const found = (text: string, more: { url?: string; title?: string } = {}) => ({
  url: 'https://wire.example/a',
  title: 'A story',
  ...more,
  text,
});

test('A company’s own pages are about it, whatever they say', () => {
  assert.equal(judgeAbout(found('Hello', { url: 'https://docs.loaf.example/x' }), loaf, alone).about, true);
});

test('A text that names the domain is about the company, one that names a longer domain is not', () => {
  assert.equal(judgeAbout(found('See loaf.example for more.'), loaf, alone).about, true);
  assert.equal(judgeAbout(found('Write to jobs@loaf.example today'), loaf, alone).about, true);
  assert.equal(judgeAbout(found('See meatloaf.example or loaf.example.org'), loaf, alone).about, false);
});

test('A name that could be a word must be in the title or said twice, as a name', () => {
  assert.equal(judgeAbout(found('He bought a loaf of bread. A loaf!'), loaf, alone).about, false);
  assert.equal(judgeAbout(found('Loaf of the day: rye.'), loaf, alone).about, false);
  assert.equal(
    judgeAbout(found('The start-up trains models.', { title: 'Loaf grows' }), loaf, alone).about,
    true,
  );
  assert.equal(judgeAbout(found('Loaf grows. This year Loaf hired ten.'), loaf, alone).about, true);
  assert.equal(judgeAbout(found('Loafers are shoes, Loafing is rest'), loaf, alone).about, false);
});

test('A name of several words is enough once', () => {
  assert.equal(judgeAbout(found('They rent GPUs from Kiln Labs.'), labs, alone).about, true);
  assert.equal(judgeAbout(found('They rent a kiln. Labs use it.'), labs, alone).about, false);
});

test('A company of the same name on another domain is somebody else', () => {
  const site = found('Kiln Labs makes pottery in Bath.', {
    url: 'https://kilnlabs-pottery.example/',
    title: 'Kiln Labs',
  });
  const namesakes = findNamesakes([site], labs);
  assert.deepEqual(namesakes, ['kilnlabs-pottery.example']);
  const context = { ownText: 'Research by Ada Moreau in Montréal led to the Ember model.', namesakes };
  assert.equal(judgeAbout(site, labs, context).about, false);
  const press = found('At Kiln Labs, seven people fire clay in Bath.');
  assert.equal(judgeAbout(press, labs, alone).about, true);
  assert.equal(judgeAbout(press, labs, context).about, false);
  assert.equal(
    judgeAbout(found('The new Ember model of Kiln Labs, says Ada Moreau, is ready.'), labs, context).about,
    true,
  );
  assert.equal(
    judgeAbout(found('Kiln Labs (kilnlabs-pottery.example) sells vases.'), labs, context).about,
    false,
  );
  assert.equal(judgeAbout(found('Kiln Labs at kilnlabs.example trains models.'), labs, context).about, true);
  assert.equal(
    judgeAbout(found('Kiln Labs', { url: 'https://kilnlabs.test/about', title: 'Kiln Labs' }), labs, alone)
      .about,
    false,
  );
});

test('Names are compared as people write them', () => {
  assert.equal(plainName('Acme Holding GmbH & Co. KG'), 'Acme Holding');
  assert.equal(plainName('The Boring Company'), 'The Boring Company');
  assert.equal(plainName('Kiln, Inc.'), 'Kiln');
  assert.equal(plainName('株式会社深海計算'), '深海計算');
  assert.equal(plainName('Co'), 'Co');
  assert.equal(slugOf('Müller-Präzision AG'), 'mullerprazision');
  assert.equal(
    judgeAbout(
      found('今年、深海計算は成長した。深海計算'),
      { name: '株式会社深海計算', domain: 'shinkai.example' },
      alone,
    ).about,
    true,
  );
});

test('Hits of little relevance are left out, the company’s own pages never', () => {
  assert.equal(isRelevant('news', 0.05), false);
  assert.equal(isRelevant('news', 0.4), true);
  assert.equal(isRelevant('site', 0), true);
});

test('A hostile name cannot break or slow the judgement', () => {
  const text = 'a'.repeat(50_000);
  for (const name of ['(((', '.*', 'a{1,99999}', `${'(a+)+'.repeat(20)}$`, '']) {
    const started = performance.now();
    judgeAbout(found(text), { name, domain: 'x.example' }, { ownText: text, namesakes: ['y.example'] });
    findNamesakes([found(text)], { name, domain: 'x.example' });
    assert.ok(performance.now() - started < 1000);
  }
});
