import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { test } from 'node:test';
import { Agent, fetch } from 'undici';
import { classifyNetworkError, parseRetryAfter } from '../../src/connectors/resilience.ts';

const now = new Date('2026-11-05T12:00:00Z');

async function listen(onConnection: (socket: Socket) => void): Promise<{ server: Server; url: string }> {
  const server = createServer(onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { server, url: `http://127.0.0.1:${address.port}/` };
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => assert.fail('should have failed'),
    (error: unknown) => error,
  );
}

test('A refused connection and an unknown host were never applied', async () => {
  const { server, url } = await listen(() => {});
  server.close();
  await once(server, 'close');
  const refused = classifyNetworkError(await errorOf(fetch(url)));
  assert.deepEqual(
    [refused?.kind, refused?.code, refused?.maybeApplied],
    ['unavailable', 'ECONNREFUSED', false],
  );
  const lookup = Object.assign(new Error('getaddrinfo ENOTFOUND x.invalid'), { code: 'ENOTFOUND' });
  const unknown = classifyNetworkError(new TypeError('fetch failed', { cause: lookup }));
  assert.deepEqual([unknown?.code, unknown?.maybeApplied], ['ENOTFOUND', false]);
});

test('A connection closed under the request may have been applied', async () => {
  const { server, url } = await listen((socket) => socket.once('data', () => socket.destroy()));
  const found = classifyNetworkError(await errorOf(fetch(url)));
  assert.deepEqual([found?.kind, found?.maybeApplied], ['unavailable', true]);
  server.close();
});

test('Silence until the timeout may have been applied', async () => {
  const sockets: Socket[] = [];
  const { server, url } = await listen((socket) => sockets.push(socket));
  const agent = new Agent({ headersTimeout: 50 });
  const headers = classifyNetworkError(await errorOf(fetch(url, { dispatcher: agent })));
  assert.deepEqual([headers?.code, headers?.maybeApplied], ['UND_ERR_HEADERS_TIMEOUT', true]);
  const timeout = classifyNetworkError(await errorOf(fetch(url, { signal: AbortSignal.timeout(50) })));
  assert.deepEqual([timeout?.kind, timeout?.maybeApplied], ['unavailable', true]);
  for (const socket of sockets) socket.destroy();
  server.close();
  await agent.destroy();
});

test('Something that does not speak HTTP is an outage', async () => {
  const { server, url } = await listen((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
  const found = classifyNetworkError(await errorOf(fetch(url)));
  assert.deepEqual([found?.kind, found?.maybeApplied], ['unavailable', true]);
  server.close();
});

test('A certificate that is not trusted says what to check', () => {
  const error = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  const found = classifyNetworkError(new TypeError('fetch failed', { cause: error }));
  assert.equal(found?.maybeApplied, false);
  assert.match(found?.fix ?? '', /certificate/);
});

test('Several addresses tried in vain are one failure; other errors are none of ours; loops end', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
  assert.equal(classifyNetworkError(new AggregateError([refused, refused]))?.code, 'ECONNREFUSED');
  assert.equal(classifyNetworkError(new Error('a bug')), null);
  assert.equal(classifyNetworkError('text'), null);
  const loop = new Error('loop');
  loop.cause = loop;
  assert.equal(classifyNetworkError(loop), null);
});

test('Retry-After is read strictly: seconds or an HTTP date, anything else is not believed', () => {
  const read = (header: string | null) => parseRetryAfter(header, now);
  assert.equal(read('3'), 3000);
  assert.equal(read(' 0 '), 0);
  assert.equal(read('0.25'), 250);
  assert.equal(read('Thu, 05 Nov 2026 12:00:30 GMT'), 30_000);
  assert.equal(read('Thu, 05 Nov 2026 11:00:00 GMT'), 0);
  assert.equal(read('99999999999999'), 366 * 86_400_000);
  for (const bad of [
    null,
    '',
    '-1',
    '1e9',
    'soon',
    'NaN',
    '5 s',
    '0x10',
    '2026-11-05T12:00:30Z',
    'Thu, 99 Nov 2026 12:00:30 GMT',
  ])
    assert.equal(read(bad), undefined, String(bad));
});
