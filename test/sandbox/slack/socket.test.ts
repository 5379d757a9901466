import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { WebSocket } from 'ws';
import { asObject } from '../hubspot-start.ts';
import { RENATA, TOKEN, startSlack } from './start.ts';
import type { TestSlack } from './start.ts';

const APP_TOKEN = 'xapp-test';
const command = { operation: 'command', as: RENATA, channel: 'sales', text: '/score acme.example' };

async function connect(
  slack: TestSlack,
  hear: (envelope: Record<string, unknown>, socket: WebSocket) => void,
) {
  const { url } = await slack.call('apps.connections.open', {}, APP_TOKEN);
  const socket = new WebSocket(String(url));
  socket.on('message', (data: Buffer) => hear(asObject(JSON.parse(data.toString('utf8'))), socket));
  const hello = once(socket, 'message');
  await once(socket, 'open');
  await hello;
  return { socket, url: String(url) };
}

test('what a person does reaches a connected socket as an envelope, and its acknowledgement is the answer', async (context) => {
  const slack = await startSlack(context, { appToken: APP_TOKEN });
  const types: unknown[] = [];
  const { socket, url } = await connect(slack, (envelope, to) => {
    types.push(envelope.type);
    if (envelope.envelope_id !== undefined)
      to.send(JSON.stringify({ envelope_id: envelope.envelope_id, payload: { text: 'by socket' } }));
  });
  context.after(() => socket.terminate());
  const delivery = asObject(await slack.twin.act(command));
  assert.deepEqual([delivery.transport, delivery.error], ['socket', null]);
  assert.match(JSON.stringify(await slack.read(RENATA, 'sales')), /by socket/);
  assert.deepEqual(types, ['hello', 'slash_commands']);

  const again = new WebSocket(url);
  const [error] = await once(again, 'error');
  assert.match(String(error), /403/, 'an address is good for one connection');
});

test('a socket that does not acknowledge is too late; one that is told to go is gone', async (context) => {
  const slack = await startSlack(context, { appToken: APP_TOKEN, settings: { ackMs: 100 } });
  const { socket } = await connect(slack, () => undefined);
  const delivery = asObject(await slack.twin.act(command));
  assert.equal(delivery.error, 'operation_timeout');
  const closed = once(socket, 'close');
  const last = once(socket, 'message');
  await slack.twin.act({ operation: 'disconnect' });
  assert.match(String((await last)[0]), /"type":"disconnect","reason":"refresh_requested"/);
  await closed;
});

test('sockets are for the app’s own token alone', async (context) => {
  const slack = await startSlack(context, { appToken: APP_TOKEN });
  assert.equal((await slack.call('apps.connections.open', {}, TOKEN)).error, 'not_allowed_token_type');
  assert.equal((await slack.call('apps.connections.open', {}, 'xapp-other')).error, 'invalid_auth');
});
