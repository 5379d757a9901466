import assert from 'node:assert/strict';
import test from 'node:test';
import { signBody } from '../../../sandbox/slack/deliveries.ts';
import { asObject } from '../hubspot-start.ts';
import { IMANI, RENATA, button, section, startListener, startSlack } from './start.ts';

const command = { operation: 'command', as: RENATA, channel: 'sales', text: '/score acme.example now' };
const plain = (text: string) => ({ type: 'plain_text', text });

test('the signature is that of Slack’s own example (docs.slack.dev, “Verifying requests from Slack”)', () => {
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
    '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=' +
    '&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN' +
    '&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
  assert.deepEqual(signBody('8f742231b10e8888abcd99yyyzzz85a5', body, 1_531_420_618), {
    'x-slack-request-timestamp': '1531420618',
    'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  });
});

test('a command reaches the app signed, as a form without a charset, and its first answer is seen by the one who asked', async (context) => {
  const slack = await startSlack(context);
  const app = await startListener(context, slack, () => ({ body: { text: 'Working on it' } }));
  const delivery = asObject(await slack.twin.act(command));
  assert.deepEqual([delivery.status, delivery.error, delivery.transport], [200, null, 'http']);

  const [heard] = app.heard;
  assert.ok(heard !== undefined);
  assert.equal(heard.headers['content-type'], 'application/x-www-form-urlencoded');
  const time = heard.headers['x-slack-request-timestamp'];
  const { 'x-slack-signature': signature } = signBody(slack.twin.signingSecret, heard.body, Number(time));
  assert.equal(heard.headers['x-slack-signature'], signature);
  const { command: name, text, user_id: user, team_id: team } = heard.payload;
  assert.deepEqual([name, text, user], ['/score', 'acme.example now', slack.user(RENATA)]);
  assert.equal(team, slack.twin.state.teams[0]?.id);
  assert.match(JSON.stringify(await slack.read(RENATA, 'sales')), /Working on it/);
  assert.deepEqual(await slack.read(IMANI, 'sales'), []);
});

test('an app that is late, broken or not there is told to the person in Slack’s words', async (context) => {
  const slack = await startSlack(context);
  const last = async () => String((await slack.read(RENATA, 'sales')).at(-1)?.text);
  await slack.twin.act(command);
  assert.equal(await last(), '/score failed with the error "dispatch_failed"');

  let said: { status?: number; body?: unknown } | null = null;
  await startListener(context, slack, () => said);
  slack.twin.configure({ ackMs: 200 });
  await slack.twin.act(command);
  assert.equal(await last(), '/score failed with the error "operation_timeout"');
  slack.twin.configure({ ackMs: 30_000 });
  said = { status: 500 };
  await slack.twin.act(command);
  assert.equal(await last(), '/score failed with the error "dispatch_failed"');
  said = { body: { blocks: [{ type: 'banner' }] } };
  await slack.twin.act(command);
  assert.equal(await last(), '/score failed with the error "invalid_command_response"');
});

test('a command’s response_url takes five answers in thirty minutes, and each is a message of its own', async (context) => {
  const slack = await startSlack(context);
  const app = await startListener(context, slack);
  await slack.twin.act(command);
  const url = String(app.heard[0]?.payload.response_url);
  assert.equal(
    (await slack.post(url, { blocks: [{ type: 'banner' }] })).status,
    400,
    'a refused one doesn’t count',
  );
  assert.equal((await slack.post(url, {})).status, 400);
  for (const text of ['1', '2', '3', '4'])
    assert.equal((await slack.post(url, { text, replace_original: true })).body, 'ok');
  assert.equal((await slack.post(url, { text: '5', response_type: 'in_channel' })).status, 200);
  assert.equal((await slack.read(RENATA, 'sales')).length, 5, 'nothing was replaced');
  assert.equal((await slack.read(IMANI, 'sales')).length, 1, 'only one was meant for all');
  const sixth = await slack.post(url, { text: '6' });
  assert.deepEqual([sixth.status, sixth.body], [404, '{"ok":false,"error":"used_url"}']);

  await slack.twin.act(command);
  slack.twin.kit.clock.set(31 * 60_000);
  const late = await slack.post(String(app.heard[1]?.payload.response_url), { text: 'late' });
  assert.deepEqual([late.status, late.body], [404, '{"ok":false,"error":"expired_url"}']);
});

test('a button tells the app what was pressed where, and its response_url replaces or deletes that message', async (context) => {
  const slack = await startSlack(context);
  const app = await startListener(context, slack);
  const channel = slack.channel('sales');
  const blocks = [
    section('a'),
    { type: 'actions', block_id: 'row', elements: [button('go', { value: 'c-1' })] },
  ];
  const { ts } = await slack.call('chat.postMessage', { channel, text: 'a', blocks });
  await slack.twin.act({ operation: 'click', as: RENATA, channel: 'sales', action_id: 'go' });
  const payload = app.heard[0]?.payload ?? {};
  assert.equal(payload.type, 'block_actions');
  const { container, message } = payload;
  assert.deepEqual(container, { type: 'message', message_ts: ts, channel_id: channel, is_ephemeral: false });
  assert.match(JSON.stringify(message), /"block_id":"row"/);
  assert.match(
    JSON.stringify(payload.actions),
    /"action_id":"go","block_id":"row","type":"button".*"value":"c-1"/,
  );

  const url = String(payload.response_url);
  await slack.post(url, { text: 'new', replace_original: false });
  await slack.post(url, { text: 'replaced', replace_original: true });
  const seen = await slack.read(RENATA, 'sales');
  assert.deepEqual(
    seen.map(({ text }) => text),
    ['replaced', 'new'],
  );
  assert.equal(seen[0]?.blocks, undefined, 'the old blocks are gone');
  await slack.post(url, { delete_original: true });
  assert.deepEqual(
    (await slack.read(RENATA, 'sales')).map(({ text }) => text),
    ['new'],
  );
});

test('an ephemeral message’s buttons work, but Slack doesn’t tell what it held', async (context) => {
  const slack = await startSlack(context);
  const blocks = [{ type: 'actions', elements: [button('a'), button('b')] }];
  const app = await startListener(context, slack, ({ payload }) =>
    payload.command === undefined ? {} : { body: { text: 'which?', blocks } },
  );
  await slack.twin.act(command);
  await slack.twin.act({ operation: 'click', as: RENATA, channel: 'sales', action_id: 'b' });
  const pressed = app.heard[1]?.payload;
  assert.match(JSON.stringify(pressed?.container), /"is_ephemeral":true/);
  assert.equal(pressed?.message, undefined);
  await slack.post(String(pressed?.response_url), { text: 'chosen', replace_original: true });
  assert.deepEqual(
    (await slack.read(RENATA, 'sales')).map(({ text }) => text),
    ['chosen'],
  );
  await assert.rejects(
    slack.twin.act({ operation: 'click', as: IMANI, channel: 'sales', action_id: 'b' }),
    /sees no such message/,
  );
});

const modal = (rest = {}) => ({
  type: 'modal',
  callback_id: 'vote',
  title: plain('Wrong?'),
  submit: plain('Send'),
  private_metadata: 'c-1',
  blocks: [
    {
      type: 'input',
      block_id: 'why',
      label: plain('Why'),
      element: { type: 'plain_text_input', action_id: 'text' },
    },
    {
      type: 'input',
      block_id: 'kind',
      optional: true,
      label: plain('Kind'),
      element: {
        type: 'static_select',
        action_id: 'pick',
        options: [{ text: plain('Too high'), value: 'high' }],
      },
    },
  ],
  ...rest,
});

test('a modal opens by a fresh trigger once, and what is submitted arrives; the app may answer with errors or another view', async (context) => {
  const slack = await startSlack(context);
  let said: unknown;
  const app = await startListener(context, slack, () => ({ body: said }));
  await slack.twin.act(command);
  const trigger = app.heard[0]?.payload.trigger_id;
  const opened = await slack.call('views.open', { trigger_id: trigger, view: modal() });
  assert.equal(opened.ok, true, JSON.stringify(opened));
  assert.equal(
    (await slack.call('views.open', { trigger_id: trigger, view: modal() })).error,
    'exchanged_trigger_id',
  );

  const submit = async (values: Record<string, unknown>) =>
    asObject(await slack.twin.act({ operation: 'submit', as: RENATA, values }));
  const empty = await submit({});
  assert.deepEqual(empty.errors, { why: 'Please complete this required field.' });
  assert.equal(app.heard.length, 1, 'Slack asks for it by itself');

  said = { response_action: 'errors', errors: { why: 'Say more' } };
  assert.deepEqual((await submit({ 'why.text': 'no', pick: 'high' })).errors, { why: 'Say more' });
  const payload = app.heard[1]?.payload ?? {};
  assert.equal(payload.type, 'view_submission');
  assert.match(JSON.stringify(payload.view), /"private_metadata":"c-1"/);
  assert.match(
    JSON.stringify(payload.view),
    /"state":\{"values":\{"why":\{"text":\{"type":"plain_text_input","value":"no"\}\},"kind":\{"pick":.*"value":"high"/,
  );
  said = { response_action: 'errors', errors: { nothing: 'no such block' } };
  assert.match(String((await submit({ text: 'no' })).trouble), /trouble connecting/);
  said = { response_action: 'update', view: modal({ title: plain('Thanks'), blocks: [section('done')] }) };
  assert.equal((await submit({ text: 'no' })).trouble, null);
  assert.match(JSON.stringify(slack.twin.dump()), /"Thanks"/);
  said = undefined;
  await submit({});
  await assert.rejects(submit({}), /no modal open/);
});

test('a trigger is too old after three seconds, and another workspace can’t use it', async (context) => {
  const slack = await startSlack(context);
  const app = await startListener(context, slack);
  await slack.twin.act(command);
  const view = modal();
  const trigger_id = app.heard[0]?.payload.trigger_id;
  assert.equal(
    (await slack.call('views.open', { trigger_id, view }, 'xoxb-other')).error,
    'invalid_trigger_id',
  );
  slack.twin.kit.clock.set(3_600_000);
  assert.equal((await slack.call('views.open', { trigger_id, view })).error, 'expired_trigger_id');
});

test('shortcuts, Home and suggestions reach the app', async (context) => {
  const slack = await startSlack(context);
  const app = await startListener(context, slack, ({ payload }) =>
    payload.type === 'block_suggestion' ? { body: { options: [{ text: plain('Acme'), value: 'c-1' }] } } : {},
  );
  await slack.twin.act({ operation: 'say', as: IMANI, channel: 'sales', text: 'Look at acme.example' });
  const [message] = await slack.read(RENATA, 'sales');
  await slack.twin.act({
    operation: 'shortcut',
    as: RENATA,
    callback_id: 'score_message',
    channel: 'sales',
    ts: message?.ts,
  });
  assert.match(JSON.stringify(app.heard[0]?.payload), /"type":"message_action".*"Look at acme\.example"/);

  await slack.twin.act({ operation: 'open home', as: RENATA });
  assert.match(JSON.stringify(app.heard[1]?.payload.event), /"type":"app_home_opened"/);
  const home = {
    type: 'home',
    blocks: [
      {
        type: 'actions',
        block_id: 'find',
        elements: [{ type: 'external_select', action_id: 'company', min_query_length: 1 }],
      },
    ],
  };
  assert.equal((await slack.call('views.publish', { user_id: slack.user(RENATA), view: home })).ok, true);
  const offered = await slack.twin.act({
    operation: 'suggest',
    as: RENATA,
    action_id: 'company',
    text: 'ac',
  });
  assert.match(JSON.stringify(offered), /"value":"c-1"/);
  const choose = { operation: 'click in view', as: RENATA, action_id: 'company', choice: 'c-1' };
  await slack.twin.act(choose);
  assert.match(
    JSON.stringify(app.heard[3]?.payload),
    /"container":\{"type":"view".*"selected_option":\{.*"value":"c-1"/,
  );
});

test('what the switch doubles comes twice with the same trigger', async (context) => {
  const slack = await startSlack(context);
  const app = await startListener(context, slack);
  slack.twin.configure({ duplicates: true });
  await slack.twin.act(command);
  assert.equal(app.heard.length, 2);
  assert.equal(app.heard[0]?.payload.trigger_id, app.heard[1]?.payload.trigger_id);
});
