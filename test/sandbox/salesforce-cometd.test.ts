import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { z } from 'zod';
import { until } from '../e2e/faults/observe.ts';
import { startSmall, accountId, contactId, leadId } from './salesforce-fixture.ts';
import type { SalesforceTwin, SalesforceTwinOptions } from '../../sandbox/salesforce/twin.ts';

const Message = z.looseObject({
  channel: z.string(),
  successful: z.boolean().optional(),
  error: z.string().optional(),
  clientId: z.string().optional(),
  advice: z.record(z.string(), z.unknown()).optional(),
  ext: z.record(z.string(), z.unknown()).optional(),
  data: z
    .looseObject({
      payload: z.looseObject({
        ChangeEventHeader: z.looseObject({
          entityName: z.string(),
          recordIds: z.array(z.string()),
          changeType: z.string(),
          changedFields: z.array(z.string()),
          changeOrigin: z.string(),
          commitUser: z.string(),
          transactionKey: z.string(),
          sequenceNumber: z.number(),
        }),
      }),
      event: z.object({ replayId: z.number() }),
    })
    .optional(),
});
type Message = z.infer<typeof Message>;

const captured = ['Account', 'Lead', 'Contact'] as const;
const twins: SalesforceTwin[] = [];
after(() => Promise.all(twins.map((twin) => twin.close())));

async function start(options: Partial<SalesforceTwinOptions> = {}): Promise<SalesforceTwin> {
  const twin = await startSmall({ changeDataCapture: captured, ...options });
  twin.stream.connectMs = 200;
  twins.push(twin);
  return twin;
}

async function tokenOf(twin: SalesforceTwin): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: twin.clientId,
    client_secret: twin.clientSecret,
  });
  const response = await fetch(`${twin.url}/services/oauth2/token`, { method: 'POST', body });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
}

/** Bayeux as it goes over the wire. */
async function post(
  twin: SalesforceTwin,
  messages: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; cookie: string; messages: Message[] }> {
  const response = await fetch(`${twin.url}/cometd/68.0`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(messages),
  });
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  const body: unknown = await response.json();
  return { status: response.status, cookie, messages: z.array(Message).catch([]).parse(body) };
}

type Listener = {
  clientId: string;
  headers: Record<string, string>;
  subscribe(channel: string, replayId?: number): Promise<Message>;
  /** Connects once: what came before the connect's own answer, and that. */
  connect(): Promise<{ events: Message[]; answer: Message }>;
};

async function listen(twin: SalesforceTwin): Promise<Listener> {
  const authorization = `OAuth ${await tokenOf(twin)}`;
  const shaken = await post(twin, [{ channel: '/meta/handshake', version: '1.0', id: '1' }], {
    authorization,
  });
  const [reply] = shaken.messages;
  assert.equal(reply?.successful, true);
  const headers = { authorization, cookie: shaken.cookie };
  const clientId = reply.clientId ?? '';
  const connect = async (): Promise<{ events: Message[]; answer: Message }> => {
    const { messages } = await post(
      twin,
      [{ channel: '/meta/connect', clientId, connectionType: 'long-polling', id: '2' }],
      headers,
    );
    const answer = messages.find(({ channel }) => channel === '/meta/connect');
    assert.ok(answer !== undefined);
    return { events: messages.filter(({ data }) => data !== undefined), answer };
  };
  await connect();
  return {
    clientId,
    headers,
    connect,
    subscribe: async (subscription, replayId) => {
      const ext = replayId === undefined ? {} : { ext: { replay: { [subscription]: replayId } } };
      const message = { channel: '/meta/subscribe', clientId, subscription, id: '3', ...ext };
      const [answer] = (await post(twin, [message], headers)).messages;
      assert.ok(answer !== undefined);
      return answer;
    },
  };
}

const headerOf = (message: Message | undefined) => {
  const header = message?.data?.payload.ChangeEventHeader;
  assert.ok(header !== undefined);
  return header;
};

test('a change made by a person is told to whoever listens, with its header and nothing that they may not see', async () => {
  const twin = await start();
  const listener = await listen(twin);
  assert.equal((await listener.subscribe('/data/AccountChangeEvent', -1)).successful, true);
  twin.edit({
    as: 'rep:Ada',
    id: accountId('alder'),
    fields: { Website: 'https://elder.example', BillingCountry: 'DE' },
  });
  const { events } = await listener.connect();
  assert.equal(events.length, 1);
  const header = headerOf(events[0]);
  assert.equal(header.entityName, 'Account');
  assert.deepEqual(header.recordIds, [accountId('alder')]);
  assert.equal(header.changeType, 'UPDATE');
  assert.deepEqual(header.changedFields, ['Website', 'BillingAddress.Country', 'LastModifiedDate']);
  assert.equal(header.changeOrigin, 'com/salesforce/api/soap/68.0;client=SfdcInternalAPI/');
  assert.equal(header.sequenceNumber, 1);
  assert.match(header.commitUser, /^005\w{15}$/);
  assert.deepEqual(events[0]?.data?.payload.BillingAddress, { Country: 'DE' });
});

test('creating, deleting, restoring, merging and converting each have their events, in one transaction with one key', async () => {
  const twin = await start();
  const listener = await listen(twin);
  for (const object of captured) await listener.subscribe(`/data/${object}ChangeEvent`, -1);
  const kinds = async (): Promise<string[]> =>
    (await listener.connect()).events.map((event) => {
      const { entityName, changeType } = headerOf(event);
      return `${entityName} ${changeType}`;
    });
  twin.edit({ operation: 'create', as: 'rep:Ada', object: 'Account', records: [{ Name: 'New' }] });
  assert.deepEqual(await kinds(), ['Account CREATE']);
  twin.edit({ operation: 'delete', as: 'rep:Ada', id: accountId('birch') });
  twin.edit({ operation: 'undelete', as: 'rep:Ada', id: accountId('birch') });
  assert.deepEqual(await kinds(), ['Account DELETE', 'Account UNDELETE']);
  twin.edit({ operation: 'merge', as: 'rep:Ada', winner: accountId('birch'), loser: accountId('alder') });
  assert.deepEqual(await kinds(), ['Account DELETE', 'Account UPDATE', 'Contact UPDATE']);
  twin.edit({ operation: 'convert', as: 'rep:Ada', id: leadId('open') });
  const { events } = await listener.connect();
  assert.deepEqual(
    events.map((event) => headerOf(event).sequenceNumber),
    [1, 2, 3],
  );
  assert.equal(new Set(events.map((event) => headerOf(event).transactionKey)).size, 1);
  assert.ok(headerOf(events[2]).changedFields.includes('ConvertedAccountId'));
});

test('the same change of several records in one transaction is one event with all their ids', async () => {
  const twin = await start();
  const listener = await listen(twin);
  await listener.subscribe('/data/AccountChangeEvent', -1);
  const token = listener.headers.authorization?.replace('OAuth', 'Bearer') ?? '';
  const records = ['alder', 'birch'].map((key) => ({
    attributes: { type: 'Account' },
    id: accountId(key),
    Industry: 'Manufacturing',
  }));
  await fetch(`${twin.url}/services/data/v68.0/composite/sobjects`, {
    method: 'PATCH',
    headers: {
      authorization: token,
      'content-type': 'application/json',
      'sforce-call-options': 'client=somebody',
    },
    body: JSON.stringify({ allOrNone: false, records }),
  });
  const { events } = await listener.connect();
  assert.equal(events.length, 1);
  assert.deepEqual(headerOf(events[0]).recordIds, [accountId('alder'), accountId('birch')]);
  assert.equal(headerOf(events[0]).changeOrigin, 'com/salesforce/api/rest/68.0;client=somebody');
});

test('a transaction beyond the threshold ends in one overflow event per object', async () => {
  const twin = await start();
  twin.stream.mostChanges = 1;
  const listener = await listen(twin);
  await listener.subscribe('/data/AccountChangeEvent', -1);
  await listener.subscribe('/data/ContactChangeEvent', -1);
  twin.edit({ operation: 'merge', as: 'rep:Ada', winner: accountId('birch'), loser: accountId('alder') });
  const { events } = await listener.connect();
  assert.deepEqual(
    events.map((event) => [headerOf(event).entityName, headerOf(event).changeType]),
    [
      ['Account', 'DELETE'],
      ['Account', 'GAP_OVERFLOW'],
      ['Contact', 'GAP_OVERFLOW'],
    ],
  );
});

test('events are kept for 72 hours: whoever comes back with an id gets what came after it, or is refused', async () => {
  const twin = await start();
  const rename = (name: string): void => {
    twin.edit({ as: 'rep:Ada', id: accountId('alder'), fields: { Name: name } });
  };
  const first = await listen(twin);
  await first.subscribe('/data/AccountChangeEvent', -1);
  rename('One');
  const seen = (await first.connect()).events[0]?.data?.event.replayId ?? 0;
  rename('Two');
  rename('Three');
  const again = await listen(twin);
  await again.subscribe('/data/AccountChangeEvent', seen);
  assert.equal((await again.connect()).events.length, 2);
  const all = await listen(twin);
  await all.subscribe('/data/AccountChangeEvent', -2);
  assert.equal((await all.connect()).events.length, 3);

  twin.kit.clock.set(73 * 3_600_000);
  const late = await listen(twin);
  const refused = await late.subscribe('/data/AccountChangeEvent', seen);
  assert.equal(
    refused.error,
    `400::The replayId {${seen}} you provided was invalid. Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.`,
  );
  assert.equal((await late.subscribe('/data/AccountChangeEvent', -1)).successful, true);
});

test('who is not logged in, not selected, not allowed or not known is refused in the vendor’s words', async () => {
  const twin = await start({ changeDataCapture: ['Account', 'Lead'] });
  const shake = [{ channel: '/meta/handshake', version: '1.0', id: '1' }];
  for (const [headers, reason] of [
    [{}, '401::Request requires authentication'],
    [{ authorization: 'OAuth nobody' }, '401::Authentication invalid'],
  ] as const) {
    const [reply] = (await post(twin, shake, headers)).messages;
    assert.equal(reply?.error, '403::Handshake denied');
    assert.deepEqual(reply.ext?.sfdc, { failureReason: reason });
    assert.deepEqual(reply.advice, { reconnect: 'none' });
  }
  const listener = await listen(twin);
  assert.equal(
    (await listener.subscribe('/data/ContactChangeEvent', -1)).error,
    "400::The channel you requested to subscribe to doesn't exist {/data/ContactChangeEvent}",
  );
  twin.edit({ operation: 'revoke', as: 'administrator', rights: ['view all Lead'] });
  assert.equal(
    (await listener.subscribe('/data/LeadChangeEvent', -1)).error,
    '403::User not allowed to subscribe CDC without View All Data permissions',
  );
  const { clientId } = listener;
  const connect = { channel: '/meta/connect', clientId, connectionType: 'long-polling', id: '9' };
  const { authorization = '' } = listener.headers;
  const [noCookie] = (await post(twin, [connect], { authorization })).messages;
  assert.match(
    noCookie?.error ?? '',
    /^400::Client \w+ has established a session, but no BAYEUX_BROWSER cookie/,
  );
  const [socket] = (await post(twin, [{ ...connect, connectionType: 'websocket' }], listener.headers))
    .messages;
  assert.equal(socket?.error, '400::Invalid connection type websocket');
  twin.kit.clock.set(41_000);
  const { answer } = await listener.connect();
  assert.equal(answer.error, '403::Unknown client');
  assert.deepEqual(answer.advice, { interval: 0, reconnect: 'handshake' });
});

test('the day’s deliveries, clients at once and the size of a request have limits', async () => {
  const twin = await start();
  const listener = await listen(twin);
  await listener.subscribe('/data/AccountChangeEvent', -1);
  twin.stream.deliveriesPerDay = 1;
  for (const name of ['One', 'Two'])
    twin.edit({ as: 'rep:Ada', id: accountId('alder'), fields: { Name: name } });
  const { events, answer } = await listener.connect();
  assert.equal(events.length, 1);
  assert.equal(answer.error, '403::Organization total events daily limit exceeded');
  twin.stream.mostClients = 1;
  const [denied] = (
    await post(twin, [{ channel: '/meta/handshake', version: '1.0', id: '1' }], listener.headers)
  ).messages;
  assert.equal(denied?.successful, false);
  const padding = 'x'.repeat(33_000);
  assert.equal((await post(twin, [{ channel: '/meta/handshake', padding }], listener.headers)).status, 413);
});

test('a revoked session ends a subscription in its wait, and a gap names the records or none', async () => {
  const twin = await start();
  twin.stream.connectMs = 60_000;
  const listener = await listen(twin);
  await listener.subscribe('/data/ContactChangeEvent', -1);
  twin.publishGap('Contact', 'GAP_UPDATE', [contactId('erin')]);
  const gap = headerOf((await listener.connect()).events[0]);
  assert.deepEqual(
    [gap.changeType, gap.recordIds, gap.changedFields],
    ['GAP_UPDATE', [contactId('erin')], []],
  );
  const waiting = listener.connect();
  // Not before the twin holds it: a connect that comes later is refused as well, but not in its wait.
  await until('the twin holds it', () => twin.listeners().some(({ waiting: held }) => held));
  twin.expireTokens();
  const { answer } = await waiting;
  assert.equal(answer.error, '401::Authentication invalid');
  assert.deepEqual(answer.advice, { interval: 0, reconnect: 'none' });
});
