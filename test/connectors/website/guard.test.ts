import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { isPublicAddress } from '../../../src/connectors/website/guard.ts';
import type { GuardOptions, ResolveAll } from '../../../src/connectors/website/guard.ts';
import { createWebsite } from '../../../src/connectors/website/website.ts';
import { createPolicy, noBreaker, noLimits } from '../../../src/connectors/resilience.ts';

const policy = createPolicy({
  provider: 'website',
  limits: noLimits,
  breaker: noBreaker,
  buckets: [],
  attempts: 2,
  attemptTimeoutMs: 2000,
  totalTimeoutMs: 4000,
  backoffMs: { first: 1, max: 2 },
});
const never = { signal: new AbortController().signal };
const PAGE =
  '<html><head><title>Kiln</title></head><body><p>Kiln bakes bread with great care in Graz.</p></body></html>';

/** A server on loopback that counts what reaches it: for the guard it stands for everything that must not be reached. */
async function startCanary(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const reached: string[] = [];
  const server = createServer((request, response) => {
    reached.push(`${request.headers.host ?? ''}${request.url ?? ''}`);
    if (request.url === '/robots.txt') response.writeHead(404).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    port: address.port,
    reached,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** Sites named *.example stand on the test's own server: its address and port alone are let through. */
function letThrough(port: number, more: Partial<GuardOptions> = {}): GuardOptions {
  return {
    allowAddress: (address) => address === '127.0.0.1',
    allowPort: (asked) => asked === port,
    lookup: (_hostname, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    ...more,
  };
}

test('Only addresses of the public internet are public', () => {
  const refused =
    `127.0.0.1 127.9.9.9 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 198.18.0.1
    192.0.0.8 192.0.2.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 192.88.99.1 ::1 :: ::ffff:127.0.0.1
    ::ffff:7f00:1 ::7f00:1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 2002:7f00:1:: 2001::1 2001:db8::1 fe80::1 fec0::1 fc00::1 fd00::1
    ff02::1 100::1 5f00::1 3fff::1 fe80::1%eth0 localhost 1.2.3 nonsense`.split(/\s+/);
  for (const address of [...refused, '']) assert.equal(isPublicAddress(address), false, address);
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])
    assert.equal(isPublicAddress(address), true, address);
});

test('No form of a private address, local name, odd port, scheme or credential is called', async (t) => {
  const canary = await startCanary((_request, response) => response.end(PAGE));
  t.after(() => canary.close());
  const website = createWebsite({ policy });
  const { port } = canary;
  const urls = [
    'http://127.0.0.1/',
    `http://127.0.0.1:${port}/`,
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0x7f.1/',
    'http://0/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://192.168.0.1/',
    'http://100.64.0.1/',
    'http://198.18.0.1/',
    'http://①②⑦.⓪.⓪.①/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://a.localhost/',
    'http://metadata.google.internal/',
    'http://printer.local/',
    'http://intranet/',
    'http://kiln.example:8080/',
    `http://kiln.example:${port}/`,
    'https://kiln.example:22/',
    'http://user:secret@kiln.example/',
    'http://user@kiln.example/',
    'ftp://kiln.example/',
    'file:///etc/passwd',
    'gopher://kiln.example/',
    'data:text/html,hello',
    'javascript:alert(1)',
    'about:blank',
    'no address',
    '',
  ];
  for (const url of urls) {
    const page = await website.read(url, never);
    assert.ok(page.status === 'unreadable', url);
    assert.ok(['private-address', 'not-allowed'].includes(page.reason), `${url}: ${page.reason}`);
    assert.ok(page.detail.length > 5);
  }
  assert.deepEqual(canary.reached, []);
});

test('A name that resolves to a private address is refused at the moment of connecting', async (t) => {
  const canary = await startCanary((_request, response) => response.end(PAGE));
  t.after(() => canary.close());
  const answers: [string, number][][] = [
    [['127.0.0.1', 4]],
    [['::1', 6]],
    [['::ffff:127.0.0.1', 6]],
    [['64:ff9b::7f00:1', 6]],
    // Mixed answers: one good address does not make up for a bad one.
    [
      ['93.184.216.34', 4],
      ['127.0.0.1', 4],
    ],
    [['169.254.169.254', 4]],
  ];
  for (const answer of answers) {
    const lookup: ResolveAll = (_hostname, callback) =>
      callback(
        null,
        answer.map(([address, family]) => ({ address, family })),
      );
    const website = createWebsite({ policy, guard: { lookup, allowPort: () => true } });
    const page = await website.read(`http://kiln.example:${canary.port}/`, never);
    assert.ok(page.status === 'unreadable' && page.reason === 'private-address', JSON.stringify(page));
  }
  assert.deepEqual(canary.reached, []);
});

test('A name that changes its address between two looks is connected to only where it was checked', async (t) => {
  const canary = await startCanary((_request, response) => response.end(PAGE));
  t.after(() => canary.close());
  let looks = 0;
  // 127.0.0.1 plays the public address; what the name changes to must never be connected to.
  const lookup: ResolveAll = (_hostname, callback) => {
    looks += 1;
    callback(null, [{ address: looks === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
  };
  const website = createWebsite({ policy, guard: letThrough(canary.port, { lookup }) });
  const page = await website.read(`http://kiln.example:${canary.port}/`, never);
  assert.ok(page.status === 'read' || page.reason === 'private-address');
  assert.ok(looks <= 2);
});

test('Every redirect is checked again', async (t) => {
  let target = '';
  let status = 302;
  const front = await startCanary((_request, response) =>
    response.writeHead(status, { location: target }).end(),
  );
  const inner = await startCanary((_request, response) => response.end(PAGE));
  t.after(() => Promise.all([front.close(), inner.close()]));
  const website = createWebsite({ policy, guard: letThrough(front.port) });
  const targets = [
    'http://localhost/',
    `http://127.0.0.1:${inner.port}/`,
    'http://169.254.169.254/',
    '//[::1]/',
    'http://2130706433:81/',
    'file:///etc/passwd',
    'http://user:pass@kiln.example/',
    'http://10.0.0.1/',
    'ftp://kiln.example/',
    `http://kiln.example:${inner.port}/`,
  ];
  for (const code of [301, 302, 303, 307, 308])
    for (const next of targets) {
      target = next;
      status = code;
      const page = await website.read(`http://kiln.example:${front.port}/`, never);
      assert.ok(page.status === 'unreadable', next);
      assert.ok(['private-address', 'not-allowed'].includes(page.reason), `${next}: ${page.reason}`);
    }
  assert.deepEqual(inner.reached, []);
  target = `http://kiln.example:${front.port}/again`;
  const endless = await website.read(`http://kiln.example:${front.port}/`, never);
  assert.ok(endless.status === 'unreadable' && /redirects/.test(endless.detail));
});

test('A redirect to a page that may be read is followed', async (t) => {
  const server = await startCanary((request, response) => {
    if (request.url === '/') response.writeHead(301, { location: '/en/?a=1#top' }).end();
    else response.setHeader('content-type', 'text/html').end(PAGE);
  });
  t.after(() => server.close());
  const website = createWebsite({ policy, guard: letThrough(server.port) });
  const page = await website.read(`http://kiln.example:${server.port}/`, never);
  assert.ok(page.status === 'read');
  assert.equal(page.url, `http://kiln.example:${server.port}/en/?a=1`);
  assert.equal(server.reached.filter((each) => each.endsWith('/robots.txt')).length, 1);
});

test('A page that unpacks to more than two megabytes is given up early', async (t) => {
  const bombs: Record<string, () => [Buffer, string]> = {
    gzip: () => [gzipSync(Buffer.alloc(200_000_000, 'a')), 'gzip'],
    'gzip in gzip': () => [gzipSync(gzipSync(Buffer.alloc(200_000_000, 'a'))), 'gzip, gzip'],
    brotli: () => [brotliCompressSync(Buffer.alloc(50_000_000, 'a')), 'br'],
    plain: () => [Buffer.alloc(3_000_000, 'a'), 'identity'],
  };
  for (const [name, make] of Object.entries(bombs)) {
    const [body, encoding] = make();
    const server = await startCanary((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': encoding }).end(body);
    });
    const website = createWebsite({ policy, guard: letThrough(server.port) });
    const before = process.memoryUsage().rss;
    const page = await website.read(`http://kiln.example:${server.port}/`, never);
    await server.close();
    assert.ok(
      page.status === 'unreadable' && page.reason === 'too-large',
      `${name}: ${JSON.stringify(page).slice(0, 200)}`,
    );
    assert.ok(process.memoryUsage().rss - before < 150_000_000, name);
    t.diagnostic(`${name}: ${body.length} bytes on the wire`);
  }
});

test('A page that drips without end is given up in time, and a stop ends it at once', async (t) => {
  const timers = new Set<NodeJS.Timeout>();
  const server = await startCanary((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    timers.add(setInterval(() => response.write('<p>drip</p>'), 20));
  });
  t.after(() => {
    for (const timer of timers) clearInterval(timer);
    return server.close();
  });
  const quick = createPolicy({
    provider: 'website',
    limits: noLimits,
    breaker: noBreaker,
    buckets: [],
    attempts: 1,
    attemptTimeoutMs: 300,
    totalTimeoutMs: 400,
    backoffMs: { first: 1, max: 2 },
  });
  const guard = letThrough(server.port);
  const page = await createWebsite({ policy: quick, guard }).read(
    `http://kiln.example:${server.port}/`,
    never,
  );
  assert.ok(page.status === 'unreadable' && page.reason === 'unavailable', JSON.stringify(page));

  const stop = new AbortController();
  const reading = createWebsite({ policy, guard }).read(`http://kiln.example:${server.port}/`, {
    signal: stop.signal,
  });
  setTimeout(() => stop.abort(new Error('stopped')), 50);
  await assert.rejects(reading, /stopped/);
});
