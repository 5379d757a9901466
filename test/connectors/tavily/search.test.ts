import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { ProviderCall } from '../../../src/connectors/call.ts';
import { createPolicy, noBreaker, noLimits } from '../../../src/connectors/resilience.ts';
import { createTavily } from '../../../src/connectors/tavily/search.ts';
import { ProviderError, UserError } from '../../../src/errors.ts';
import { startTavilyTwin } from '../../../sandbox/tavily/twin.ts';
import { createWebState } from '../../../sandbox/web/state.ts';
import { page, smallWorld } from '../../sandbox/web/small-world.ts';

const policy = (attempts = 1) =>
  createPolicy({
    provider: 'tavily',
    limits: noLimits,
    breaker: noBreaker,
    buckets: [],
    attempts,
    attemptTimeoutMs: 2000,
    totalTimeoutMs: 10_000,
    backoffMs: { first: 1, max: 5 },
  });

const world = smallWorld({
  pages: [
    page('https://kiln.example/', 'Kiln trains its own language models on 400 GPUs.', { title: 'Kiln' }),
    page('https://loaf.example/', 'Loaf bakes sourdough bread in Bern.', { title: 'Loaf' }),
  ],
  news: [
    {
      url: 'https://press.example/kiln-raises',
      title: 'Kiln raises money',
      text: 'Kiln raised 40 million to train models.',
      published: '2026-10-02',
      domains: ['kiln.example'],
    },
  ],
});

async function startTwin(more: Partial<Parameters<typeof startTavilyTwin>[0]> = {}) {
  const web = createWebState({ world, journalFile: null });
  return startTavilyTwin({ web, apiKey: 'tvly-test', journalFile: null, ...more });
}

const never = { signal: new AbortController().signal };
const general = { query: 'Kiln own models GPUs', topic: 'general' as const, maxResults: 5 };

test('A search through the vendor’s own library finds the best text and counts one credit', async (t) => {
  const twin = await startTwin();
  t.after(() => twin.close());
  const calls: ProviderCall[] = [];
  const tavily = createTavily({ baseUrl: `${twin.url}/`, apiKey: 'tvly-test', policy: policy() });
  const { hits, credits } = await tavily.search(general, { ...never, onCall: (call) => calls.push(call) });
  assert.equal(hits[0]?.url, 'https://kiln.example/');
  assert.equal(hits[0].content, 'Kiln trains its own language models on 400 GPUs.');
  assert.ok(hits.every(({ score }) => score > 0 && score <= 1));
  assert.equal(credits, 1);
  assert.deepEqual(
    calls.map(({ provider, operation, ok, requests, searchCredits }) => ({
      provider,
      operation,
      ok,
      requests,
      searchCredits,
    })),
    [{ provider: 'tavily', operation: 'search', ok: true, requests: 1, searchCredits: 1 }],
  );
  assert.equal(twin.kit.calls.summary().byOperation.search?.units, 1);
});

test('News come with their date, only those of the days asked for', async (t) => {
  const twin = await startTwin();
  t.after(() => twin.close());
  const tavily = createTavily({ baseUrl: twin.url, apiKey: 'tvly-test', policy: policy() });
  const { hits } = await tavily.search({ ...general, topic: 'news' }, never);
  assert.deepEqual(
    hits.map(({ url, published }) => ({ url, published })),
    [{ url: 'https://press.example/kiln-raises', published: '2026-10-02T00:00:00.000Z' }],
  );
  const none = await tavily.search({ ...general, topic: 'news', days: 1 }, never);
  const age = Date.now() - Date.parse('2026-10-02');
  assert.equal(none.hits.length, age > 2 * 86_400_000 ? 0 : 1);
});

test('Domains asked for and domains left out are honoured', async (t) => {
  const twin = await startTwin();
  t.after(() => twin.close());
  const tavily = createTavily({ baseUrl: twin.url, apiKey: 'tvly-test', policy: policy() });
  const own = await tavily.search({ ...general, includeDomains: ['kiln.example'] }, never);
  assert.deepEqual(
    own.hits.map(({ url }) => url),
    ['https://kiln.example/'],
  );
  const others = await tavily.search({ ...general, excludeDomains: ['kiln.example'] }, never);
  assert.deepEqual(
    others.hits.map(({ url }) => url),
    ['https://press.example/kiln-raises'],
  );
});

test('A wrong key, a spent plan and a spent budget each say what a person can do', async (t) => {
  const twin = await startTwin({ monthlyCredits: 1 });
  const paying = await startTwin({ monthlyCredits: 0, payAsYouGoCredits: 1 });
  t.after(() => Promise.all([twin.close(), paying.close()]));
  const ask = (baseUrl: string, apiKey: string) =>
    createTavily({ baseUrl, apiKey, policy: policy(3) }).search(general, never);
  await assert.rejects(ask(twin.url, 'tvly-wrong'), (error) => {
    assert.ok(error instanceof ProviderError);
    assert.deepEqual([error.kind, error.status, error.retryable], ['unauthorized', 401, false]);
    assert.match(error.fix ?? '', /TAVILY_API_KEY/);
    return true;
  });
  await ask(twin.url, 'tvly-test');
  await assert.rejects(ask(twin.url, 'tvly-test'), (error) => {
    assert.ok(error instanceof ProviderError);
    assert.deepEqual([error.kind, error.status], ['quota', 432]);
    assert.match(error.message, /usage limit/);
    assert.match(error.fix ?? '', /plan/);
    return true;
  });
  await ask(paying.url, 'tvly-test');
  await assert.rejects(ask(paying.url, 'tvly-test'), { kind: 'quota', status: 433 });
});

test('Without a key nothing is called', () => {
  assert.throws(
    () => createTavily({ baseUrl: 'http://127.0.0.1:9', apiKey: ' ', policy: policy() }),
    UserError,
  );
});

test('Too many requests keep their Retry-After, and nothing is sent before it', async (t) => {
  const twin = await startTwin({ faults: { rate429: 1, retryAfterSeconds: 0.2, limit: 1 } });
  t.after(() => twin.close());
  const tavily = createTavily({ baseUrl: twin.url, apiKey: 'tvly-test', policy: policy(3) });
  const { hits } = await tavily.search(general, never);
  assert.ok(hits.length > 0);
  const calls = twin.kit.calls.list();
  assert.deepEqual(
    calls.map(({ status }) => status),
    [429, 200],
  );
  assert.ok(calls.every(({ early }) => !early));

  twin.kit.faults.set({ rate429: 1, retryAfterSeconds: 7 });
  const once = createTavily({ baseUrl: twin.url, apiKey: 'tvly-test', policy: policy(1) });
  await assert.rejects(once.search(general, never), {
    kind: 'rate-limited',
    status: 429,
    retryAfterMs: 7000,
  });
});

test('Outages are told apart from refusals and from answers that are no answers', async (t) => {
  const twin = await startTwin({ faults: { rate500: 1 } });
  const tavily = createTavily({ baseUrl: twin.url, apiKey: 'tvly-test', policy: policy() });
  await assert.rejects(tavily.search(general, never), { kind: 'unavailable', status: 500 });
  twin.kit.faults.set({ rateReset: 1 });
  await assert.rejects(tavily.search(general, never), { kind: 'unavailable', maybeApplied: true });
  twin.kit.faults.set({ rateGarbage: 1 });
  await assert.rejects(tavily.search(general, never), { kind: 'malformed', status: 200 });
  twin.kit.faults.set({});
  await assert.rejects(tavily.search({ ...general, maxResults: 21 }, never), { kind: 'refused' });
  t.after(() => twin.close());
  const gone = await startTwin();
  await gone.close();
  const nobody = createTavily({ baseUrl: gone.url, apiKey: 'tvly-test', policy: policy() });
  await assert.rejects(nobody.search(general, never), { kind: 'unavailable', maybeApplied: false });
});

test('A search that hangs ends when its caller stops it', async (t) => {
  const twin = await startTwin({ faults: { rateHang: 1 } });
  t.after(() => twin.close());
  const tavily = createTavily({ baseUrl: twin.url, apiKey: 'tvly-test', policy: policy() });
  const stop = new AbortController();
  const search = tavily.search(general, { signal: stop.signal });
  const stopped = new Error('stopped by a person');
  setTimeout(() => stop.abort(stopped), 50);
  await assert.rejects(search, stopped);
});

async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

test('The key does not follow a redirect to another host', async (t) => {
  let reached = 0;
  const other = await startServer((_request, response) => {
    reached += 1;
    response.end('{}');
  });
  const first = await startServer((_request, response) => {
    response.writeHead(307, { location: `${other.url}/search` }).end();
  });
  t.after(() => Promise.all([other.close(), first.close()]));
  const tavily = createTavily({ baseUrl: first.url, apiKey: 'tvly-test', policy: policy() });
  await assert.rejects(tavily.search(general, never), ProviderError);
  assert.equal(reached, 0);
});

test('Results with an address that is no web address are left out', async (t) => {
  const results = [
    { url: 'javascript:alert(1)', title: 'x', content: 'x', score: 0.9 },
    {
      url: 'https://kiln.example/a',
      title: 'A',
      content: 'one [...] two',
      score: 1.7,
      published_date: 'no date',
    },
  ];
  const server = await startServer((_request, response) => {
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ query: 'q', images: [], results, response_time: 1 }));
  });
  t.after(() => server.close());
  const tavily = createTavily({ baseUrl: server.url, apiKey: 'tvly-test', policy: policy() });
  const { hits, credits } = await tavily.search(general, never);
  assert.deepEqual(hits, [
    { url: 'https://kiln.example/a', title: 'A', content: 'one\ntwo', score: 1, published: null },
  ]);
  assert.equal(credits, 1);
});
