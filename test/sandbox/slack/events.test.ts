import assert from 'node:assert/strict';
import test from 'node:test';
import { RENATA, section, startListener, startSlack } from './start.ts';
import { until } from './until.ts';

test('an event that is not acknowledged comes again up to three times, with the same id, its number and why', async (context) => {
  const slack = await startSlack(context, { settings: { retryAfterMs: [0, 1, 1] } });
  const app = await startListener(context, slack, () => ({ status: 500 }));
  await slack.twin.act({ operation: 'open home', as: RENATA });
  await until(() => app.heard.length === 4);
  const retries = app.heard.map(({ headers }) => [
    headers['x-slack-retry-num'],
    headers['x-slack-retry-reason'],
  ]);
  assert.deepEqual(retries, [
    [undefined, undefined],
    ['1', 'http_error'],
    ['2', 'http_error'],
    ['3', 'http_error'],
  ]);
  assert.equal(new Set(app.heard.map(({ payload }) => payload.event_id)).size, 1);
  assert.equal(app.heard[0]?.headers['content-type'], 'application/json');
});

test('an event that was too late is repeated as a timeout, and no more once it is acknowledged', async (context) => {
  const slack = await startSlack(context, { settings: { retryAfterMs: [0, 1, 1] } });
  let count = 0;
  const app = await startListener(context, slack, () => {
    count += 1;
    return count === 1 ? null : {};
  });
  slack.twin.configure({ ackMs: 500 });
  await slack.twin.act({ operation: 'open home', as: RENATA });
  await until(() => JSON.stringify(slack.twin.dump().deliveries).includes('"error":null'));
  assert.equal(app.heard[1]?.headers['x-slack-retry-reason'], 'http_timeout');
  const first = app.heard[0]?.payload.event_id;
  const times = () => app.heard.filter(({ payload }) => payload.event_id === first).length;
  const before = times();
  slack.twin.configure({ ackMs: 30_000 });
  await slack.twin.act({ operation: 'open home', as: RENATA });
  assert.equal(times(), before);
});

test('the app hears of what is said to it: by name in a channel, and in its direct messages', async (context) => {
  const slack = await startSlack(context);
  const app = await startListener(context, slack);
  const bot = slack.user('Fieldnote');
  const say = (channel: string, text: string) =>
    slack.twin.act({ operation: 'say', as: RENATA, channel, text });
  await say('sales', 'just between us');
  await say('general', `<@${bot}> are you there?`);
  assert.equal(app.heard.length, 0, 'it is not in #general');
  await say('sales', '@Fieldnote are you there?');
  await say('app', 'hello');
  const events = app.heard.map(({ payload }) => JSON.stringify(payload.event));
  assert.equal(events.length, 2);
  assert.match(events[0] ?? '', /"type":"app_mention"/);
  assert.ok(events[0]?.includes(`<@${bot}> are you there?`), 'a name that is typed calls the app');
  assert.match(events[1] ?? '', /"type":"message","user":"U\w+".*"channel_type":"im"/);
});

test('without their scopes the app hears neither', async (context) => {
  const slack = await startSlack(context, { scopes: ['chat:write'] });
  const app = await startListener(context, slack);
  for (const [channel, text] of [
    ['sales', '@Fieldnote hello'],
    ['app', 'hello'],
  ])
    await slack.twin.act({ operation: 'say', as: RENATA, channel, text });
  assert.equal(app.heard.length, 0);
});

test('a link of the app’s domain is told, and what the app makes of it stands under the message', async (context) => {
  const slack = await startSlack(context, { settings: { unfurlDomains: ['fieldnote.example'] } });
  const app = await startListener(context, slack);
  const url = 'https://app.fieldnote.example/companies/1';
  await slack.twin.act({
    operation: 'say',
    as: RENATA,
    channel: 'sales',
    text: `see ${url} and https://b.example/`,
  });
  const event = JSON.parse(JSON.stringify(app.heard[0]?.payload.event));
  assert.deepEqual(event.links, [{ url, domain: 'fieldnote.example' }]);
  const shown = { channel: event.channel, ts: event.message_ts };
  const foreign = { 'https://b.example/': { blocks: [section('x')] } };
  assert.equal((await slack.call('chat.unfurl', { ...shown, unfurls: foreign })).error, 'cannot_unfurl_url');
  const wrong = { [url]: { blocks: [{ type: 'banner' }] } };
  assert.equal((await slack.call('chat.unfurl', { ...shown, unfurls: wrong })).error, 'invalid_blocks');
  const right = { [url]: { blocks: [section('*Acme*: 87')] } };
  assert.equal(
    (await slack.call('chat.unfurl', { unfurl_id: event.unfurl_id, source: event.source, unfurls: right }))
      .ok,
    true,
  );
  assert.match(JSON.stringify(slack.twin.dump()), /"unfurls":\[\{"url":"https:\/\/app\.fieldnote.*87/);
});

test('an app that is removed is told so, and its token is dead', async (context) => {
  const slack = await startSlack(context);
  const app = await startListener(context, slack);
  await slack.twin.act({ operation: 'uninstall' });
  const events = app.heard.map(({ payload }) => JSON.stringify(payload.event));
  assert.match(events.join(), /tokens_revoked.*app_uninstalled/);
  assert.equal((await slack.call('auth.test')).error, 'account_inactive');
});
