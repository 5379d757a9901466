import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { callForCard } from '../../sandbox/hubspot/card-calls.ts';
import type { CardCall } from '../../sandbox/hubspot/card-calls.ts';

type Act = (request: IncomingMessage, response: ServerResponse) => void;

let acts: Act[] = [];
let seen: { method: string | undefined; url: string | undefined }[] = [];
let reachedAt: string;
const server = createServer((request, response) => {
  seen.push({ method: request.method, url: request.url });
  const act = acts.shift() ?? answer(200);
  act(request, response);
});
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  reachedAt = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  acts = [];
  seen = [];
});

const answer =
  (status: number, body = '{}'): Act =>
  (_request, response) =>
    void response.writeHead(status).end(body);
const breakOff: Act = (request) => request.socket.destroy();
const hang: Act = () => undefined;
const call = (over: Partial<CardCall> = {}) =>
  callForCard(
    { url: 'https://fieldnote.example/hubspot/card?objectId=1', method: 'POST', ...over },
    {
      address: { url: 'https://fieldnote.example', reachedAt },
      clientSecret: 'secret',
      portalId: 4242424,
      appId: 777001,
      user: { id: 7, email: 'ada@seller.example' },
    },
  );

test('a card’s call says account, user and app, and is repeated once after a 5xx or a broken connection', async () => {
  for (const [first, status] of [
    [answer(502), 200],
    [breakOff, 200],
    [answer(404), 404],
  ] as const) {
    acts = [first];
    seen = [];
    assert.equal((await call()).status, status);
    assert.equal(seen.length, status === 404 ? 1 : 2);
    for (const { method, url } of seen) {
      assert.equal(method, 'POST');
      assert.equal(
        url,
        '/hubspot/card?objectId=1&userId=7&userEmail=ada%40seller.example&portalId=4242424&appId=777001',
      );
    }
  }
  acts = [answer(500), answer(503)];
  assert.equal((await call()).status, 503);
});

test('a card’s call ends when its time is up, and goes nowhere but where the app may call', async () => {
  acts = [hang];
  await assert.rejects(call({ timeout: 100 }), /timeout/);
  assert.equal(seen.length, 1, 'time that is up is not repeated');
  seen = [];
  for (const url of ['https://elsewhere.example/hubspot/card', 'http://fieldnote.example/hubspot/card'])
    await assert.rejects(call({ url }), /not among the permittedUrls/);
  assert.deepEqual(seen, []);
  acts = [answer(200, 'x'.repeat(1_000_001)), answer(200, 'x'.repeat(1_000_001))];
  await assert.rejects(call(), /larger than 1 MB/);
});
