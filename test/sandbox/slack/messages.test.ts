import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { IMANI, OTHER_TOKEN, RENATA, TOKEN, button, section, startSlack } from './start.ts';

test('a post is read back, in order, and its metadata only when asked for', async (context) => {
  const slack = await startSlack(context);
  const channel = slack.channel('sales');
  const metadata = { event_type: 'alert', event_payload: { key: 'k1' } };
  const first = await slack.call('chat.postMessage', { channel, text: 'one', metadata });
  const second = await slack.call('chat.postMessage', { channel, text: 'two', blocks: [section('two')] });
  assert.ok(first.ok === true && second.ok === true && String(first.ts) < String(second.ts));

  const plain = await slack.call('conversations.history', { channel });
  assert.match(JSON.stringify(plain.messages), /"text":"two".*"text":"one"/, 'the newest comes first');
  assert.doesNotMatch(JSON.stringify(plain), /"k1"/);
  assert.match(
    JSON.stringify(await slack.call('conversations.history', { channel, include_all_metadata: true })),
    /"event_payload":\{"key":"k1"\}/,
  );
  const page = await slack.call('conversations.history', { channel, limit: 1 });
  assert.equal(page.has_more, true);
  assert.deepEqual(page.response_metadata, { next_cursor: '1' });
});

test('form and JSON are understood alike', async (context) => {
  const slack = await startSlack(context);
  const body = new URLSearchParams({
    token: TOKEN,
    channel: slack.channel('sales'),
    text: 'from a form',
    blocks: JSON.stringify([section('from a form')]),
    unfurl_media: 'false',
  });
  const response = await fetch(`${slack.twin.url}/api/chat.postMessage`, { method: 'POST', body });
  assert.match(await response.text(), /^\{"ok":true/);
});

test('calls are refused by Slack’s own names', async (context) => {
  const slack = await startSlack(context);
  const channel = slack.channel('sales');
  const refusals: [string, Record<string, unknown>, string, string?][] = [
    ['chat.nothing', {}, 'unknown_method'],
    ['chat.postMessage', { channel, text: 'a' }, 'invalid_auth', 'xoxb-nobody'],
    ['chat.postMessage', { channel: 'C0NOWHERE', text: 'a' }, 'channel_not_found'],
    ['chat.postMessage', { channel: slack.channel('general'), text: 'a' }, 'not_in_channel'],
    ['chat.postMessage', { channel: slack.channel('leadership'), text: 'a' }, 'channel_not_found'],
    ['chat.postMessage', { channel, text: 'a' }, 'channel_not_found', OTHER_TOKEN],
    ['chat.postMessage', { channel }, 'no_text'],
    ['chat.postMessage', { channel, text: 'a'.repeat(40_001) }, 'msg_too_long'],
    ['chat.postMessage', { channel, text: 'a', thread_ts: '1.0' }, 'thread_not_found'],
    ['chat.postMessage', { channel, blocks: [{ type: 'banner' }] }, 'invalid_blocks'],
    ['chat.postMessage', { channel, blocks: '{not json' }, 'invalid_blocks_format'],
    ['chat.postMessage', { channel, text: 'a', metadata: { a: 1 } }, 'invalid_metadata_schema'],
    [
      'chat.postMessage',
      { channel, blocks: Array.from({ length: 5 }, () => section('a'.repeat(2900))) },
      'msg_blocks_too_long',
    ],
    ['chat.update', { channel, ts: '1.0', text: 'a' }, 'message_not_found'],
    ['chat.delete', { channel, ts: '1.0' }, 'message_not_found'],
    [
      'chat.postEphemeral',
      { channel, text: 'a', user: slack.user('Odile Marchetti', 1) },
      'user_not_in_channel',
    ],
    ['conversations.history', { channel: slack.channel('general') }, 'not_in_channel'],
    ['conversations.replies', { channel, ts: '1.0' }, 'thread_not_found'],
    ['conversations.open', { users: 'U0NOBODY' }, 'user_not_found'],
    ['users.info', { user: slack.user(RENATA) }, 'user_not_found', OTHER_TOKEN],
    ['users.lookupByEmail', { email: 'nobody@fieldnote-sandbox.example' }, 'users_not_found'],
    [
      'views.open',
      { trigger_id: 'none', view: { type: 'modal', title: { type: 'plain_text', text: 'a' }, blocks: [] } },
      'invalid_trigger_id',
    ],
    ['views.open', { trigger_id: 'none', view: { type: 'modal' } }, 'invalid_arguments'],
    ['views.publish', { user_id: 'U0NOBODY', view: { type: 'home', blocks: [] } }, 'user_not_found'],
    ['chat.unfurl', { channel, ts: '1.0', unfurls: {} }, 'cannot_find_message'],
    ['files.getUploadURLExternal', { filename: 'a.pdf', length: 0 }, 'invalid_arguments'],
    ['files.completeUploadExternal', { files: [{ id: 'F0NONE' }] }, 'file_not_found'],
  ];
  for (const [method, args, error, token] of refusals) {
    const answer = await slack.call(method, args, token ?? TOKEN);
    assert.deepEqual(
      [answer.ok, answer.error],
      [false, error],
      `${method} ${JSON.stringify(args).slice(0, 80)}`,
    );
  }
});

test('a token without the scope is told which one it lacks, and a dead one that it is dead', async (context) => {
  const slack = await startSlack(context, { scopes: ['chat:write', 'users:read'] });
  const missing = await slack.call('conversations.history', { channel: slack.channel('sales') });
  assert.equal(missing.error, 'missing_scope');
  assert.match(String(missing.needed), /channels:history/);
  assert.equal(missing.provided, 'chat:write,users:read');
  const info = await slack.call('users.info', { user: slack.user(RENATA) });
  assert.doesNotMatch(JSON.stringify(info), /@fieldnote-sandbox/, 'addresses need a scope of their own');

  await slack.twin.act({ operation: 'revoke', token: OTHER_TOKEN });
  assert.equal((await slack.call('auth.test', {}, OTHER_TOKEN)).error, 'token_revoked');
  await slack.twin.act({ operation: 'uninstall' });
  assert.equal((await slack.call('auth.test')).error, 'account_inactive');
});

test('people are found by the addresses of the CRM’s owners, and nobody of another workspace', async (context) => {
  const slack = await startSlack(context);
  const email = 'renata.holm@fieldnote-sandbox.example';
  const found = await slack.call('users.lookupByEmail', { email });
  assert.match(JSON.stringify(found), new RegExp(`"id":"${slack.user(RENATA)}".*"email":"${email}"`));
  assert.equal((await slack.call('users.lookupByEmail', { email }, OTHER_TOKEN)).error, 'users_not_found');
});

test('an update without blocks keeps those that were there; what is not the app’s own can’t be changed', async (context) => {
  const slack = await startSlack(context);
  const channel = slack.channel('sales');
  const { ts } = await slack.call('chat.postMessage', { channel, text: 'a', blocks: [section('kept')] });
  assert.equal((await slack.call('chat.update', { channel, ts, text: 'b' })).ok, true);
  const [message] = await slack.read(RENATA, 'sales');
  assert.match(JSON.stringify(message), /"text":"b".*"text":"kept".*"edited"/);

  const said = await slack.twin.act({ operation: 'say', as: RENATA, channel: 'sales', text: 'mine' });
  const own = JSON.parse(JSON.stringify(said));
  assert.equal(
    (await slack.call('chat.update', { channel, ts: own.ts, text: 'b' })).error,
    'cant_update_message',
  );
  const user = slack.user(RENATA);
  const whispered = await slack.call('chat.postEphemeral', { channel, user, text: 'a' });
  const change = { channel, ts: whispered.message_ts, text: 'b' };
  assert.equal((await slack.call('chat.update', change)).error, 'cant_update_message');
  assert.equal((await slack.read(IMANI, 'sales')).length, 2, 'nobody else sees an ephemeral message');
  assert.equal((await slack.read(RENATA, 'sales')).length, 3);
  assert.equal((await slack.call('chat.delete', { channel, ts })).ok, true);
  assert.equal((await slack.read(RENATA, 'sales')).length, 2);
});

test('the twin tells whom a message would have called and what Slack would have unfolded', async (context) => {
  const slack = await startSlack(context);
  const channel = slack.channel('sales');
  const mentions = async (args: Record<string, unknown>) => {
    const { ts } = await slack.call('chat.postMessage', { channel, ...args });
    const [team] = slack.twin.state.teams;
    const message = slack.twin.state.message(team?.id ?? '', channel, String(ts));
    return { mentions: message?.mentions, unfurled: message?.unfurled };
  };
  const renata = slack.user(RENATA);
  assert.deepEqual(
    await mentions({ text: `<!channel> <@${renata}> <!subteam^S1> https://a.example/x.png` }),
    {
      mentions: ['!channel', `@${renata}`, '!subteam^S1'],
      unfurled: ['https://a.example/x.png'],
    },
  );
  assert.deepEqual(await mentions({ text: `&lt;!channel&gt; &lt;@${renata}&gt; @channel` }), {
    mentions: [],
    unfurled: [],
  });
  const blocks = [
    section('<!here> <https://b.example/|b>'),
    { type: 'header', text: { type: 'plain_text', text: '<!everyone>' } },
    { type: 'actions', elements: [button('a', { text: { type: 'plain_text', text: '<!channel>' } })] },
  ];
  assert.deepEqual(await mentions({ text: 'a', blocks }), { mentions: ['!here'], unfurled: [] });
  assert.deepEqual((await mentions({ text: 'a', blocks, unfurl_links: true })).unfurled, [
    'https://b.example/',
  ]);
  const media = { text: 'https://a.example/x.png', unfurl_media: false };
  assert.deepEqual((await mentions(media)).unfurled, []);
});

test('a file takes announcing, uploading and completing, and lands in its thread', async (context) => {
  const slack = await startSlack(context);
  const channel = slack.channel('sales');
  const parent = await slack.call('chat.postMessage', { channel, text: 'above' });
  const bytes = Buffer.from('%PDF-1.7 not much of one');
  const announced = await slack.call('files.getUploadURLExternal', {
    filename: 'pitch.pdf',
    length: bytes.length,
  });
  const url = String(announced.upload_url);
  const files = [{ id: announced.file_id, title: 'The pitch' }];
  assert.equal(
    (await slack.call('files.completeUploadExternal', { files })).error,
    'file_not_found',
    'nothing is there yet',
  );

  const short = new FormData();
  short.append('body', new Blob(['%PDF']), 'Untitled');
  assert.equal(
    (await fetch(url, { method: 'POST', body: short })).status,
    400,
    'it is not as long as announced',
  );
  const whole = new FormData();
  whole.append('body', new Blob([bytes]), 'Untitled');
  assert.equal((await fetch(url, { method: 'POST', body: whole })).status, 200);
  const done = await slack.call('files.completeUploadExternal', {
    files,
    channel_id: channel,
    thread_ts: parent.ts,
    initial_comment: 'Here it is',
  });
  assert.match(JSON.stringify(done), /"title":"The pitch","mimetype":"application\/pdf"/);
  const { messages } = await slack.call('conversations.replies', { channel, ts: parent.ts });
  assert.match(JSON.stringify(messages), /"text":"Here it is".*"name":"pitch\.pdf"/);
  const raw = await slack.call('files.getUploadURLExternal', { filename: 'a.csv', length: 3 });
  assert.equal(
    (await fetch(String(raw.upload_url), { method: 'POST', body: 'a,b' })).status,
    200,
    'as the raw body too',
  );
});

test('a limit that is switched on answers 429 with the seconds to wait', async (context) => {
  const slack = await startSlack(context, { settings: { callsPerMinute: { 'conversations.history': 1 } } });
  const channel = slack.channel('sales');
  assert.equal((await slack.call('conversations.history', { channel })).ok, true);
  const response = await fetch(`${slack.twin.url}/api/conversations.history`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: new URLSearchParams({ channel }),
  });
  assert.equal(response.status, 429);
  assert.ok(Number(response.headers.get('retry-after')) >= 1);
  assert.match(await response.text(), /"error":"ratelimited"/);
});

test('an answer that gets lost on its way was carried out all the same', async (context) => {
  const slack = await startSlack(context);
  const channel = slack.channel('sales');
  slack.twin.kit.faults.set({ rateLost: 1, only: ['chat.postMessage'] });
  await assert.rejects(slack.call('chat.postMessage', { channel, text: 'once' }));
  assert.equal((await slack.read(RENATA, 'sales')).length, 1);
});

test('what was written is there after a restart', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'fieldnote-slack-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const journalFile = join(folder, 'slack.jsonl');
  const before = await startSlack(context, { journalFile });
  const channel = before.channel('sales');
  const { ts } = await before.call('chat.postMessage', { channel, text: 'a' });
  await before.call('chat.update', { channel, ts, text: 'b' });
  await before.call('views.publish', {
    user_id: before.user(RENATA),
    view: { type: 'home', blocks: [section('home')] },
  });
  await before.close();

  const after = await startSlack(context, { journalFile });
  assert.match(JSON.stringify(await after.read(RENATA, 'sales')), /"text":"b"/);
  assert.match(JSON.stringify(after.twin.dump()), /"text":"home"/);
  const next = await after.call('chat.postMessage', { channel, text: 'c' });
  assert.ok(String(next.ts) > String(ts));
});
