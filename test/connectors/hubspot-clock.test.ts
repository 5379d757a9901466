import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import test from 'node:test';
import { connect, oneAttempt, sync } from './hubspot-connect.ts';

// By a clock that is far from ours.
const ANSWERED_AT = 'Tue, 03 Nov 2026 10:00:30 GMT';
const SLOW_MS = 250;

test('a sync began when HubSpot was asked, by its own clock, however long the answer took', async (context) => {
  let heldMs = 0;
  const answer = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json', date: ANSWERED_AT }).end('{"results": []}');
  };
  const server = createServer((request, response) => {
    request.resume();
    if (heldMs > 0) return answer(response);
    const arrivedAt = performance.now();
    setTimeout(() => {
      heldMs = performance.now() - arrivedAt;
      answer(response);
    }, SLOW_MS);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const crm = connect(null, { baseUrl: `http://127.0.0.1:${address.port}`, ...oneAttempt() });
  const askedAt = performance.now();

  const { cursor } = await sync(crm, 'company', null);

  const tookMs = performance.now() - askedAt;
  const beforeMs = Date.parse(ANSWERED_AT) - Date.parse(String(cursor.startedAt));
  assert.ok(heldMs >= SLOW_MS - 1);
  assert.ok(beforeMs >= Math.floor(heldMs), `${beforeMs} ms before the answer, which took ${heldMs}`);
  assert.ok(beforeMs <= Math.ceil(tookMs));
});
