import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentHash } from '../../../src/pipeline/2-research/content-hash.ts';
import { foldDuplicates } from '../../../src/pipeline/2-research/fold-duplicates.ts';
import { gatherSources } from '../../../src/pipeline/2-research/gather-sources.ts';
import { mayUseOwnHits } from '../../../src/pipeline/2-research/own-hits.ts';
import { orderSources } from '../../../src/pipeline/2-research/order-sources.ts';
import { LEAST_QUALITY, qualityOf } from '../../../src/pipeline/2-research/quality.ts';
import { foldSpace, stripText } from '../../../src/pipeline/2-research/strip.ts';

const release =
  'LISBON, Oct. 6 – Kestrel today announced an 85 million dollar round to scale its video models. The company trains on two thousand GPUs in Porto and serves forty thousand editors. "We want to double our compute within a year," said the chief executive. The round was led by Saltmarsh with existing investors.';

const source = (url: string, text: string, credibility = 0.7) => ({
  url,
  text,
  credibility,
  contentHash: contentHash(text),
});

test('One press release on three sites is one source, the most credible', () => {
  const sources = [
    source('https://a.example/1', `${release} Read more on our site.`),
    source('https://b.example/2', `Funding news. ${release}`, 0.75),
    source('https://c.example/3', release.replace('today announced', 'has announced')),
    source(
      'https://d.example/4',
      'Kestrel opens an office in Porto, where it will hire eleven people for its support desk in the spring.',
    ),
  ];
  const { kept, dropped } = foldDuplicates(sources);
  assert.deepEqual(
    kept.map(({ url }) => url),
    ['https://b.example/2', 'https://d.example/4'],
  );
  assert.deepEqual(
    dropped.map(({ sameAs }) => sameAs),
    ['https://b.example/2', 'https://b.example/2'],
  );
});

test('An excerpt is folded into the full text, a long text is not folded into its excerpt', () => {
  const own = source('https://kestrel.example/', release, 0.95);
  const excerpt = source('https://search.example/', release.slice(0, 150), 0.45);
  assert.deepEqual(foldDuplicates([excerpt, own]).kept, [own]);
  const long = source(
    'https://press.example/',
    `${release} ${'Editors in nine countries have told us what they think of it. '.repeat(3)} More on page two, with a table of prices, and what rivals charge for the same.`,
    0.5,
  );
  const short = source('https://kestrel.example/', release.slice(0, 150), 0.95);
  assert.equal(foldDuplicates([long, short]).kept.length, 2);
});

test('Which source stays does not depend on the order they came in', () => {
  const sources = [
    source('https://a.example/1', release),
    source('https://b.example/2', release),
    source('https://c.example/3', `${release} One more closing line.`),
    source('https://d.example/4', 'Something else entirely was said here by others, about other things.'),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(sources, { minLength: 4 }), (shuffled) => {
      const urls = foldDuplicates(shuffled).kept.map(({ url }) => url);
      assert.deepEqual(urls.toSorted(), ['https://c.example/3', 'https://d.example/4']);
    }),
  );
});

test('An article that several searches find keeps its date and standing, whichever search says them', () => {
  const hit = {
    url: 'https://courier.example/k',
    title: 'Kestrel Sol',
    content: `Kestrel Sol (kestrel-sol.example) announced it. ${release}`,
    score: 0.9,
    fetchedAt: '2026-11-20T08:00:00Z',
  };
  const asNews = { ...hit, asked: 'news' as const, published: '2026-10-06' };
  const asAnything = { ...hit, asked: 'other' as const, published: null };
  const company = { name: 'Kestrel Sol', domain: 'kestrel-sol.example' };
  const alone = gatherSources({ company, pages: [], hits: [asNews] });
  assert.deepEqual(
    alone.map(({ kind, published }) => [kind, published]),
    [['news', '2026-10-06']],
  );
  for (const hits of [
    [asNews, asAnything],
    [asAnything, asNews],
  ])
    assert.deepEqual(gatherSources({ company, pages: [], hits }), alone);
});

test('The same sources come in the same order', () => {
  const sources = [
    { kind: 'site' as const, url: 'https://b.example/' },
    { kind: 'news' as const, url: 'https://z.example/' },
    { kind: 'site' as const, url: 'https://a.example/Z' },
    { kind: 'site' as const, url: 'https://a.example/a' },
  ];
  const usual = orderSources(sources).map(({ url }) => url);
  assert.deepEqual(usual, [
    'https://z.example/',
    'https://a.example/Z',
    'https://a.example/a',
    'https://b.example/',
  ]);
  assert.deepEqual(
    orderSources(sources.toReversed()).map(({ url }) => url),
    usual,
  );
});

test('Layout is no change, a word is', () => {
  assert.equal(contentHash('a  b\n\nc'), contentHash(' a b c '));
  assert.notEqual(contentHash('a b c'), contentHash('a b d'));
  assert.match(contentHash('x'), /^[0-9a-f]{64}$/);
});

test('Stored text has no characters that hide words or break them', () => {
  const hidden = `GP\u200BU\u202E cl\u00ADuster\u0000${String.fromCodePoint(0xe0049, 0xe0047)}\r\n\r\n  two\t\tlines \uD800`;
  assert.equal(stripText(hidden), 'GPU cluster\ntwo lines');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const once = stripText(text);
      assert.equal(stripText(once), once);
      assert.ok(once.isWellFormed() && !/[\0\u202A-\u202E\u200B]/.test(once));
      assert.equal(foldSpace(foldSpace(text)), foldSpace(text));
    }),
  );
});

test('Paragraphs are worth reading, menus and repeated words are not', () => {
  assert.ok(qualityOf(release) > 0.5);
  assert.ok(
    qualityOf(
      release.repeat(1) +
        '\n' +
        'Their second data hall opened in the spring and holds racks of the newest kind, cooled by river water.',
    ) > qualityOf(release),
  );
  assert.ok(qualityOf('Home\nProducts\nPricing\nAbout\nSign in') < LEAST_QUALITY);
  assert.ok(qualityOf('gpu gpu gpu gpu gpu gpu gpu gpu '.repeat(50)) < LEAST_QUALITY);
  assert.ok(qualityOf('{"a":1,"b":[2,3],"c":{"d":4}} '.repeat(30)) < LEAST_QUALITY);
  assert.ok(
    qualityOf(
      '当社は横浜沖の海中にデータセンターを設置し、大規模な計算を低い電力で提供しています。顧客は研究機関と企業です。深海の冷たい水で冷やします。',
    ) > LEAST_QUALITY,
  );
  for (const nothing of ['', '-'.repeat(60), '★ '.repeat(40), '• 🚀 • '.repeat(40)])
    assert.equal(qualityOf(nothing), 0, nothing);
});

test('Quality lies between 0 and 1 for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      const quality = qualityOf(text);
      assert.ok(quality >= 0 && quality <= 1, `${quality}`);
    }),
  );
});

test('A parked domain and a site that asks to be left alone are not read from a search engine’s copy either', () => {
  const unread = (reason: string) => [{ url: 'https://kiln.example/', reason, detail: 'why' }];
  assert.equal(mayUseOwnHits({ pages: [], unread: unread('parked') }), false);
  assert.equal(mayUseOwnHits({ pages: [], unread: unread('robots') }), false);
  assert.equal(mayUseOwnHits({ pages: [], unread: unread('blocked') }), true);
  assert.equal(mayUseOwnHits({ pages: [{}], unread: unread('robots') }), true);
});
