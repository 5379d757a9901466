import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { Client } from '@hubspot/api-client';
import { z } from 'zod';
import type { Crm } from '../../src/connectors/crm.ts';
import { createHubspotPolicies, hubspotBuckets } from '../../src/connectors/hubspot/limits.ts';
import { noBreaker } from '../../src/connectors/resilience.ts';
import type { ProviderErrorKind } from '../../src/errors.ts';
import { ProviderError } from '../../src/errors.ts';
import { createOwnQuota } from '../harness/own-quota.ts';
import { asList, startPortal } from '../sandbox/hubspot-start.ts';
import { connect, ids, oneAttempt, quiet, sync } from './hubspot-connect.ts';

const FIRST = '100000000001';
const oneWrite = [
  { object: 'company' as const, externalId: FIRST, fields: { score: 5 }, unmodifiedSince: null },
];

async function failure(call: Promise<unknown>): Promise<ProviderError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof ProviderError, String(error));
    return error;
  }
  assert.fail('the call went well');
}

/** A HubSpot that answers the same to everything. */
async function answering(
  context: TestContext,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): Promise<Crm> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  // With a trailing slash, which must not reach the path.
  return connect(null, { baseUrl: `http://127.0.0.1:${address.port}/`, ...oneAttempt() });
}

test('every refusal is translated into what it means', async (context) => {
  const body = (rest: Record<string, unknown>) =>
    JSON.stringify({ status: 'error', message: 'No.', ...rest });
  const cases: [
    number,
    string,
    Record<string, string>,
    ProviderErrorKind,
    string | undefined,
    number | undefined,
  ][] = [
    [
      401,
      body({ category: 'INVALID_AUTHENTICATION' }),
      {},
      'unauthorized',
      'INVALID_AUTHENTICATION',
      undefined,
    ],
    [403, body({ category: 'MISSING_SCOPES' }), {}, 'unauthorized', 'MISSING_SCOPES', undefined],
    [404, body({ category: 'OBJECT_NOT_FOUND' }), {}, 'not-found', 'OBJECT_NOT_FOUND', undefined],
    [
      404,
      body({ category: 'OBJECT_NOT_FOUND', message: 'resource not found' }),
      {},
      'unavailable',
      'OBJECT_NOT_FOUND',
      undefined,
    ],
    [404, '<html>Not Found</html>', { 'content-type': 'text/html' }, 'unavailable', undefined, undefined],
    [404, '{"message":"no Route matched with those values"}', {}, 'unavailable', undefined, undefined],
    [404, '', {}, 'unavailable', undefined, undefined],
    [400, body({ category: 'VALIDATION_ERROR' }), {}, 'refused', 'VALIDATION_ERROR', undefined],
    [429, body({ policyName: 'TEN_SECONDLY_ROLLING' }), {}, 'rate-limited', 'TEN_SECONDLY_ROLLING', 10_000],
    [429, body({ message: 'You have reached your secondly limit.' }), {}, 'rate-limited', 'SECONDLY', 1_000],
    [
      429,
      body({ policyName: 'TEN_SECONDLY_ROLLING' }),
      { 'retry-after': '4' },
      'rate-limited',
      'TEN_SECONDLY_ROLLING',
      4_000,
    ],
    [429, body({ policyName: 'DAILY' }), {}, 'quota', 'DAILY', undefined],
    [429, '<html>slow down</html>', {}, 'rate-limited', undefined, 10_000],
    [423, body({}), {}, 'rate-limited', undefined, 2_000],
    [477, body({}), { 'retry-after': '60' }, 'rate-limited', undefined, 60_000],
    [502, '<html>bad gateway</html>', { 'content-type': 'text/html' }, 'unavailable', undefined, undefined],
    [500, body({}), {}, 'unavailable', undefined, undefined],
    [200, '{"results": [', {}, 'unavailable', undefined, undefined],
    [200, '{"results": "none"}', {}, 'malformed', undefined, undefined],
    [200, '[]', {}, 'malformed', undefined, undefined],
  ];
  for (const [status, text, headers, kind, code, retryAfterMs] of cases) {
    const crm = await answering(context, status, text, headers);
    const error = await failure(crm.readCurrent('company', [FIRST], quiet()));
    assert.deepEqual(
      [error.kind, error.code, error.retryAfterMs],
      [kind, code, retryAfterMs],
      `${status} ${text}`,
    );
    assert.equal(error.provider, 'hubspot');
    assert.equal(error.operation, 'batch read');
  }
});

test('a broken answer to a write may have been applied, and it is not sent again', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  await crm.installFields(quiet());
  await portal.call('POST', '/_twin/faults', { rateReset: 1 });
  const before = portal.calls();
  const error = await failure(crm.writeRecords(oneWrite, quiet()));
  assert.deepEqual([error.kind, error.maybeApplied], ['unavailable', true]);
  assert.equal(portal.calls() - before, 1);
});

test('a portal that refuses connections was not reached: nothing can have been applied', async (context) => {
  const portal = await startPortal(context);
  await portal.close();
  const error = await failure(connect(portal, oneAttempt()).writeRecords(oneWrite, quiet()));
  assert.deepEqual([error.kind, error.maybeApplied], ['unavailable', false]);
});

test('a portal that never answers is given up after the attempt’s time', async (context) => {
  const portal = await startPortal(context, { faults: { rateHang: 1 } });
  const began = performance.now();
  const error = await failure(connect(portal, oneAttempt(200)).readCurrent('company', [FIRST], quiet()));
  assert.equal(error.kind, 'unavailable');
  assert.ok(performance.now() - began < 2_000);
});

test('the caller’s stop ends a call at once, with the caller’s reason', async (context) => {
  const portal = await startPortal(context, { faults: { rateHang: 1 } });
  const stop = new AbortController();
  const call = connect(portal).readCurrent('company', [FIRST], { signal: stop.signal });
  setImmediate(() => stop.abort(new Error('shutting down')));
  await assert.rejects(call, /shutting down/);
});

test(
  'a tenth of all calls failing loses nothing and repeats no write that may be applied',
  { timeout: 60_000 },
  async (context) => {
    const portal = await startPortal(context, { limits: { searchesPerSecond: null } });
    const crm = connect(portal);
    await crm.installFields(quiet());
    const { cursor } = await sync(crm, 'company', null);
    await portal.call('POST', '/_twin/faults', {
      seed: 4,
      rate429: 0.05,
      rate500: 0.05,
      retryAfterSeconds: 0.02,
    });
    for (let round = 0; round < 30; round += 1) {
      const again = { ...cursor, startedAt: '2026-05-31T00:00:00.000Z' };
      assert.equal(new Set(ids((await sync(crm, 'company', again)).records)).size, 10);
    }
    const { calls } = (await portal.call('GET', '/_twin/calls?full')).json;
    assert.ok(asList(calls).some((call) => call.fault === '429'));
    assert.ok(
      asList(calls).every((call) => call.early !== true),
      'no call before Retry-After',
    );
  },
);

test('searches take from a bucket of their own', async (context) => {
  const portal = await startPortal(context);
  const taken: Record<string, number> = {};
  const limits = {
    reserve: async (bucket: string, units: number) => {
      taken[bucket] = (taken[bucket] ?? 0) + units;
      return 0;
    },
    pause: async () => {},
    pausedFor: async () => 0,
  };
  const crm = connect(portal, createHubspotPolicies({ limits, breaker: noBreaker, account: 'hubspot:c1' }));
  const { cursor } = await sync(crm, 'company', null);
  await sync(crm, 'company', cursor);
  assert.deepEqual(hubspotBuckets('hubspot:c1'), { burst: 'hubspot:c1', search: 'hubspot:c1:search' });
  assert.deepEqual(taken, { 'hubspot:c1': 3, 'hubspot:c1:search': 1 });
});

test('batch work stops at its share of the day; a person may still ask', async (context) => {
  const portal = await startPortal(context, { limits: { daily: 1000 } });
  await connect(portal).installFields(quiet());
  const dailyUsedElsewhere = 788 - portal.calls();
  await portal.edit({ operation: 'configure', limits: { dailyUsedElsewhere } });
  const quota = createOwnQuota();
  const crm = connect(portal, { dailyShare: 0.8, quota });
  // The first reading asks once what our properties take.
  await crm.readCurrent('company', [FIRST], quiet());
  for (let used = 790; used < 800; used += 1) await crm.readCurrent('company', [FIRST], quiet());
  const before = portal.calls();
  const error = await failure(crm.readCurrent('company', [FIRST], quiet()));
  assert.deepEqual([error.kind, error.code], ['quota', 'DAILY_SHARE']);
  assert.ok((error.retryAfterMs ?? 0) > 0);
  assert.equal(portal.calls(), before, 'nothing was sent');
  await crm.readCurrent('company', [FIRST], { ...quiet(), interactive: true });
  await portal.edit({ operation: 'configure', limits: { dailyUsedElsewhere: 0 } });
  await crm.readCurrent('company', [FIRST], { ...quiet(), interactive: true });
  await crm.readCurrent('company', [FIRST], quiet());
});

test('a search, whose answer says nothing of the day, neither ends a stop nor hides one', async (context) => {
  const portal = await startPortal(context, { limits: { daily: 1000, dailyUsedElsewhere: 850 } });
  const quota = createOwnQuota();
  const crm = connect(portal, { dailyShare: 0.8, quota });
  await crm.readCurrent('company', [FIRST], quiet());
  assert.equal((await failure(sync(crm, 'company', searching))).code, 'DAILY_SHARE');

  quota.age(16 * 60_000);
  assert.equal((await failure(sync(crm, 'company', searching))).code, 'DAILY_SHARE');
  assert.deepEqual([portal.calls('search'), portal.calls('account details')], [0, 1]);

  await portal.edit({ operation: 'configure', limits: { dailyUsedElsewhere: 0 } });
  quota.age(16 * 60_000);
  await sync(crm, 'company', searching);
  assert.deepEqual([portal.calls('search'), portal.calls('account details')], [1, 2]);
});

test('an account that tells no numbers stops all workers when it refuses, and lets them go on when it answers', async (context) => {
  const answers = [
    [429, JSON.stringify({ policyName: 'DAILY', message: 'You have reached your daily limit.' })],
    [429, JSON.stringify({ policyName: 'DAILY', message: 'You have reached your daily limit.' })],
    [200, '{"portalId": 1}'],
    [200, '{"results": []}'],
  ] as const;
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    const [status, body] = answers[asked] ?? [500, ''];
    asked += 1;
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const quota = createOwnQuota();
  const open = () => connect(null, { baseUrl: `http://127.0.0.1:${address.port}`, quota, ...oneAttempt() });
  const [one, other] = [open(), open()];
  const read = (crm: Crm) => crm.readCurrent('company', [FIRST], quiet());

  assert.equal((await failure(read(one))).code, 'DAILY');
  assert.match((await failure(read(other))).message, /daily calls are used up/);
  assert.equal(asked, 1);
  quota.age(16 * 60_000);
  assert.equal((await failure(read(other))).code, 'DAILY');
  quota.age(16 * 60_000);
  await read(other);
  assert.equal(asked, 4);
});

test('another client’s retry settings, which are global in HubSpot’s SDK, do not reach ours', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal, oneAttempt());
  const other = new Client({ accessToken: 'x', basePath: portal.twin.url, numberOfApiCallRetries: 3 });
  assert.ok(other instanceof Client);
  await portal.call('POST', '/_twin/faults', { rate500: 1 });
  const before = portal.calls();
  assert.equal((await failure(crm.readCurrent('company', [FIRST], quiet()))).kind, 'unavailable');
  assert.equal(portal.calls() - before, 1);
});

const searching = {
  phase: 'search',
  startedAt: '2026-11-01T00:00:00.000Z',
  since: '2026-10-01T00:00:00.000Z',
  after: null,
  archivedSince: null,
  archivedAfter: null,
  archivedStartedAt: null,
};

test('a HubSpot that gives the same page again and again, or empty ones without an end, ends the sync', async (context) => {
  const same = JSON.stringify({ results: [{ id: '5', properties: {} }], paging: { next: { after: '200' } } });
  const crm = await answering(context, 200, same);
  const listed = await failure(sync(crm, 'company', null));
  assert.deepEqual([listed.kind, /page 200 again/.test(listed.message)], ['malformed', true]);
  const searched = await failure(sync(crm, 'company', searching));
  assert.deepEqual([searched.kind, /5, which is not beyond 5/.test(searched.message)], ['malformed', true]);
  const empty = await answering(context, 200, '{"results": [], "paging": {"next": {"after": "9900"}}}');
  const emptied = await failure(sync(empty, 'company', searching));
  assert.deepEqual([emptied.kind, /empty pages/.test(emptied.message)], ['malformed', true]);
});

test('a search page that is not in the order that was asked for ends the sync before a row is left out', async (context) => {
  const row = (id: string) => ({ id, properties: {}, updatedAt: '2026-10-05T00:00:00Z' });
  // Going on behind 9 would never come to 7.
  const page = JSON.stringify({
    results: [row('5'), row('9'), row('7')],
    paging: { next: { after: '200' } },
  });
  const found = await failure(sync(await answering(context, 200, page), 'company', searching));
  assert.deepEqual([found.kind, /gives 7, which is not beyond 9/.test(found.message)], ['malformed', true]);
});

test('a search page that is empty although there are more is read past', async (context) => {
  const pages = [
    {
      results: [{ id: '5', properties: {}, updatedAt: '2026-10-05T00:00:00Z' }],
      paging: { next: { after: '200' } },
    },
    { results: [], paging: { next: { after: '200' } } },
    { results: [{ id: '9', properties: {}, updatedAt: '2026-10-05T00:00:00Z' }] },
  ];
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { after, filterGroups } = z
        .object({
          after: z.string().optional(),
          filterGroups: z.array(z.object({ filters: z.array(z.object({ value: z.string() })) })),
        })
        .parse(JSON.parse(body));
      asked.push([filterGroups[0]?.filters[1]?.value, after]);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(pages.shift()));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const crm = connect(null, { baseUrl: `http://127.0.0.1:${address.port}`, ...oneAttempt() });
  assert.deepEqual(ids((await sync(crm, 'company', searching)).records), ['5', '9']);
  assert.deepEqual(asked, [
    [undefined, undefined],
    ['5', undefined],
    ['5', '200'],
  ]);
});
