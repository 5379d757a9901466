import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { choosePages } from '../../../src/pipeline/2-research/choose-pages.ts';

const link = (url: string, text = '') => ({ url, text });
const home = 'https://kiln.example/';

test('What tells most about a company is read first, one page of each topic before a second', () => {
  const links = [
    link('https://kiln.example/blog'),
    link('https://kiln.example/blog/what-we-learned-training'),
    link('https://docs.kiln.example/'),
    link('https://kiln.example/careers'),
    link('https://kiln.example/careers/ml-engineer'),
    link('https://kiln.example/x', 'About us'),
    link('https://kiln.example/platform'),
  ];
  assert.deepEqual(
    choosePages(links, 'kiln.example', [home], 6).map(({ url, topic }) => `${topic} ${url}`),
    [
      'about https://kiln.example/x',
      'careers https://kiln.example/careers',
      'technology https://kiln.example/platform',
      'docs https://docs.kiln.example/',
      'blog https://kiln.example/blog',
      'careers https://kiln.example/careers/ml-engineer',
    ],
  );
});

test('Other sites, sign-in, legal pages, files and what was read already are left alone', () => {
  const links = [
    'https://other.example/about',
    'https://kiln.example.evil.example/about',
    'https://kiln.example/login',
    'https://kiln.example/privacy-policy',
    'https://kiln.example/terms',
    'https://app.kiln.example/about',
    'https://kiln.example/brochure.pdf',
    'https://kiln.example/%E0%A4%A',
    'https://kiln.example/',
    'https://www.kiln.example/index.html',
    'http://kiln.example/about/',
    'mailto:hi@kiln.example',
    'no address',
  ].map((url) => link(url));
  assert.deepEqual(choosePages(links, 'kiln.example', [home, 'https://kiln.example/about'], 9), []);
});

test('One page in two languages is read once', () => {
  const links = [link('https://kiln.example/de/about'), link('https://kiln.example/en/about')];
  assert.equal(choosePages(links, 'kiln.example', [home], 9).length, 1);
});

test('The choice does not depend on the order of links and never exceeds its limit', () => {
  const links = [
    'about',
    'team',
    'jobs',
    'blog',
    'a/b/c',
    'products/x',
    'products/y',
    'zzz',
    'news/1',
    'research',
  ].map((path) => link(`https://kiln.example/${path}`));
  const usual = choosePages(links, 'kiln.example', [home], 5);
  assert.equal(usual.length, 5);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(links, { minLength: links.length }),
      fc.integer({ min: 0, max: 12 }),
      (shuffled, most) => {
        const chosen = choosePages(shuffled, 'kiln.example', [home], most);
        assert.ok(chosen.length <= most);
        assert.deepEqual(choosePages(shuffled, 'kiln.example', [home], 5), usual);
      },
    ),
  );
});
