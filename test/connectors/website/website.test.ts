import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { createPolicy, noBreaker, noLimits } from '../../../src/connectors/resilience.ts';
import { createRobotsGate } from '../../../src/connectors/website/robots.ts';
import type { RobotsAnswer } from '../../../src/connectors/website/robots.ts';
import { createWebsite } from '../../../src/connectors/website/website.ts';
import { loadWorld } from '../../../sandbox/kit/world.ts';
import type { FaultSettings } from '../../../sandbox/kit/faults.ts';
import { createWebState } from '../../../sandbox/web/state.ts';
import { startWebTwin } from '../../../sandbox/web/twin.ts';
import { page, smallWorld } from '../../sandbox/web/small-world.ts';

const policy = (attempts = 3) =>
  createPolicy({
    provider: 'website',
    limits: noLimits,
    breaker: noBreaker,
    buckets: [],
    attempts,
    attemptTimeoutMs: 1000,
    totalTimeoutMs: 5000,
    backoffMs: { first: 1, max: 5 },
  });
const never = { signal: new AbortController().signal };

const TEXT = 'Kiln bakes bread with great care.\n\nOur ovens stand in Graz & Linz, 40 of them.';
const world = smallWorld({
  pages: [
    page('https://kiln.example/', TEXT, { title: 'Kiln' }),
    page('https://kiln.example/about', 'We began in 1998 with one oven and two bakers.', {
      kind: 'about',
      title: 'About',
      published: '2026-03-01',
    }),
    page('https://kiln.example/private/plans', 'Nobody should read this page at all.'),
    page('https://kiln.example/old', 'https://kiln.example/about', { status: 301 }),
    page('https://kiln.example/away', 'http://127.0.0.1/admin', { status: 302 }),
    page('https://wall.example/', 'No entry for robots.', { status: 403 }),
    page('https://sick.example/', 'Broken.', { status: 503 }),
    page('https://gone.example/', 'Gone.', { status: 410 }),
    page('https://empty.example/', '', {
      html: '<html><head><title>App</title></head><body><div id="root"></div><script src="/a.js"></script></body></html>',
    }),
  ],
  robots: { 'kiln.example': 'User-agent: *\nDisallow: /private/' },
});

async function startTwin(faults: Partial<FaultSettings> = {}) {
  return startWebTwin({ web: createWebState({ world, journalFile: null }), faults });
}

test('A page is read through the reader gateway: its text, its title, its links, nothing of its frame', async (t) => {
  const twin = await startTwin();
  t.after(() => twin.close());
  const website = createWebsite({
    readerUrl: `${twin.url}/`,
    policy: policy(),
    now: () => new Date('2026-11-20T00:00:00Z'),
  });
  const home = await website.read('https://kiln.example/#top', never);
  assert.ok(home.status === 'read', JSON.stringify(home));
  assert.equal(home.title, 'Kiln');
  assert.ok(
    home.text.includes('Kiln bakes bread with great care.\nOur ovens stand in Graz & Linz, 40 of them.'),
    home.text,
  );
  for (const frame of ['cookies', 'All products', 'has been sent', 'Something went wrong', 'Do not fill'])
    assert.ok(!home.text.includes(frame), home.text);
  assert.ok(home.links.some(({ url, text }) => url === 'https://kiln.example/about' && text === 'About'));
  assert.equal(home.fetchedAt, '2026-11-20T00:00:00.000Z');
  const about = await website.read('https://kiln.example/about', never);
  assert.ok(about.status === 'read' && about.published === '2026-03-01');
});

test('Each page that can’t be read says why', async (t) => {
  const twin = await startTwin();
  t.after(() => twin.close());
  const website = createWebsite({ readerUrl: `${twin.url}/`, policy: policy() });
  const reason = async (url: string) => {
    const read = await website.read(url, never);
    return read.status === 'read' ? 'read' : read.reason;
  };
  assert.equal(await reason('https://kiln.example/private/plans'), 'robots');
  assert.equal(await reason('https://kiln.example/nothing'), 'not-found');
  assert.equal(await reason('https://wall.example/'), 'blocked');
  assert.equal(await reason('https://gone.example/'), 'not-found');
  assert.equal(await reason('https://empty.example/'), 'empty');
  assert.equal(await reason('https://no-such-site.example/'), 'no-such-host');
  assert.equal(await reason('https://kiln.example/away'), 'private-address');
  assert.equal(await reason('http://localhost/'), 'private-address');
  assert.equal(await reason('https://sick.example/'), 'unavailable');
});

test('A redirect through the gateway leads to the page’s own new address', async (t) => {
  const twin = await startTwin();
  t.after(() => twin.close());
  // The prefix works with and without its slash.
  const website = createWebsite({ readerUrl: twin.url, policy: policy() });
  const read = await website.read('https://kiln.example/old', never);
  assert.ok(read.status === 'read');
  assert.equal(read.url, 'https://kiln.example/about');
});

test('robots.txt is asked once a site', async (t) => {
  const twin = await startTwin();
  t.after(() => twin.close());
  const website = createWebsite({ readerUrl: `${twin.url}/`, policy: policy() });
  for (const path of ['', 'about', 'private/plans'])
    await website.read(`https://kiln.example/${path}`, never);
  const { byOperation } = twin.kit.calls.summary();
  assert.deepEqual([byOperation.robots?.calls, byOperation.page?.calls], [1, 2]);
});

test('A gateway that is down is the gateway’s fault, not the page’s', async (t) => {
  const twin = await startTwin({ down: true });
  const website = createWebsite({ readerUrl: `${twin.url}/`, policy: policy(2) });
  await assert.rejects(website.read('https://kiln.example/', never), {
    name: 'ProviderError',
    kind: 'unavailable',
    status: 503,
  });
  twin.kit.faults.set({ rateReset: 1 });
  await assert.rejects(website.read('https://kiln.example/', never), {
    name: 'ProviderError',
    kind: 'unavailable',
  });
  twin.kit.faults.set({ rate429: 1, retryAfterSeconds: 9 });
  await assert.rejects(website.read('https://kiln.example/', never), {
    kind: 'rate-limited',
    retryAfterMs: 9000,
  });
  twin.kit.faults.set({});
  await twin.close();
  // A fresh one: the first still keeps to the Retry-After.
  const again = createWebsite({ readerUrl: `${twin.url}/`, policy: policy(2) });
  await assert.rejects(again.read('https://kiln.example/', never), {
    name: 'ProviderError',
    kind: 'unavailable',
  });
  t.diagnostic('503, reset, 429, closed port');
});

test('A tenth of all calls failing costs no page', async (t) => {
  const twin = await startTwin({
    rate429: 0.04,
    rate500: 0.03,
    rateReset: 0.03,
    retryAfterSeconds: 0.02,
    seed: 5,
  });
  t.after(() => twin.close());
  for (let round = 0; round < 20; round += 1) {
    const website = createWebsite({ readerUrl: `${twin.url}/`, policy: policy(5) });
    const read = await website.read('https://kiln.example/about', never);
    assert.equal(read.status, 'read');
  }
  assert.ok(twin.kit.calls.list().every(({ early }) => !early));
});

test('Without a gateway, sites are fetched directly: a dead or missing one is an answer', async (t) => {
  let hits = 0;
  const server = createServer((request, response) => {
    if (request.url === '/robots.txt') return response.writeHead(404).end();
    hits += 1;
    if (request.url === '/wait') return response.writeHead(429, { 'retry-after': '60' }).end();
    if (request.url === '/broken') return response.writeHead(500).end();
    if (request.url === '/pdf')
      return response.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF');
    if (request.url === '/text')
      return response
        .writeHead(200, { 'content-type': 'text/plain' })
        .end('Kiln bakes bread with great care in Graz.');
    return response
      .writeHead(200, { 'content-type': 'text/html; charset=iso-8859-1' })
      .end(
        Buffer.from(
          '<title>Kiln</title><body><p>Die Bäckerei backt täglich frisches Brot.</p></body>',
          'latin1',
        ),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const { port } = address;
  const website = createWebsite({
    policy: policy(2),
    guard: {
      allowAddress: (each) => each === '127.0.0.1',
      allowPort: (each) => each === port,
      lookup: (hostname, callback) => {
        if (hostname === 'kiln.example') callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
      },
    },
  });
  const reason = async (path: string) => {
    const read = await website.read(`http://kiln.example:${port}${path}`, never);
    return read.status === 'read' ? read.text : read.reason;
  };
  assert.equal(await reason('/'), 'Die Bäckerei backt täglich frisches Brot.');
  assert.equal(await reason('/text'), 'Kiln bakes bread with great care in Graz.');
  assert.equal(await reason('/pdf'), 'not-html');
  const before = hits;
  assert.equal(await reason('/wait'), 'unavailable');
  assert.equal(hits - before, 1, 'a site that asks to wait is not asked again');
  assert.equal(await reason('/broken'), 'unavailable');
  const missing = await website.read('http://nobody.example/', never);
  assert.ok(missing.status === 'unreadable' && missing.reason === 'no-such-host', JSON.stringify(missing));
});

test('robots.txt that is missing allows all, one that can’t be had forbids for a while, and copies age', async () => {
  let clock = 0;
  let asked = 0;
  let answer: RobotsAnswer = 'none';
  const gate = createRobotsGate({
    userAgent: 'Fieldnote/1.0',
    now: () => clock,
    fetchRobots: async () => {
      asked += 1;
      return answer;
    },
  });
  const check = (path: string) => gate.check(new URL(`https://kiln.example${path}`), never);
  assert.deepEqual(await check('/a'), { allowed: true });
  answer = { text: 'User-agent: Fieldnote\nDisallow: /a\n\nUser-agent: *\nDisallow: /' };
  assert.deepEqual(await check('/a'), { allowed: true });
  clock += 25 * 3_600_000;
  const refused = await check('/a');
  assert.ok(!refused.allowed && refused.reason === 'robots');
  assert.deepEqual(await check('/b'), { allowed: true });
  assert.equal(asked, 2);
  clock += 25 * 3_600_000;
  answer = { unreachable: 'unavailable', detail: 'robots.txt: answered 503' };
  const closed = await check('/b');
  assert.ok(!closed.allowed && closed.reason === 'unavailable');
  clock += 6 * 60_000;
  answer = { text: '<html>not robots</html>' };
  assert.deepEqual(await check('/b'), { allowed: true });
});

test('Every site of the shipped world is read or says why not, and hidden instructions stay unread', async (t) => {
  const shipped = await loadWorld('sandbox/world');
  const twin = await startWebTwin({ web: createWebState({ world: shipped, journalFile: null }) });
  t.after(() => twin.close());
  const website = createWebsite({ readerUrl: `${twin.url}/`, policy: policy() });
  const reasons: Record<string, string> = {};
  for (const { domain, website: address } of shipped.companies) {
    const read = await website.read(address, never);
    if (read.status === 'unreadable') reasons[domain] = read.reason;
    else assert.ok(read.text.length > 80, `${domain}: ${read.text}`);
  }
  assert.deepEqual(reasons, {
    'basalt-audio.example': 'blocked',
    'cobalt-canvas.example': 'empty',
    'gristmill-analytics.example': 'robots',
    'veridianloop.example': 'parked',
  });
  const trap = await website.read('https://zenith-optima.example/', never);
  assert.ok(trap.status === 'read');
  assert.ok(!/ignore|instruction|system prompt|\bscore\b/i.test(trap.text), trap.text);
});
