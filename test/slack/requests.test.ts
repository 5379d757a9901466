import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { signBody } from '../../sandbox/slack/deliveries.ts';
import { openRows } from '../e2e/faults/observe.ts';
import { SIGNING_SECRET, openSlack } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;

before(async () => {
  slack = await openSlack({ limit: 3 });
  database = await openRows(slack.system);
});
after(async () => {
  await database.close();
  await slack.close();
});

const now = (): number => Math.floor(Date.now() / 1000);
const count = async (table: 'runs' | 'slack_replies'): Promise<number> =>
  (await database.rows(`select from ${table}`)).length;

function commandBody(more: Record<string, string> = {}): string {
  const [team] = slack.twin.state.teams;
  const [channel] = [...(team?.channels.keys() ?? [])];
  const [user] = [...(team?.people.keys() ?? [])];
  return new URLSearchParams({
    command: '/score',
    text: slack.system.sandbox.world.companies[0]?.domain ?? '',
    team_id: team?.id ?? '',
    team_domain: 'sales',
    channel_id: channel ?? '',
    channel_name: 'sales',
    user_id: user ?? '',
    user_name: 'rep',
    api_app_id: 'A1',
    token: 'unused',
    trigger_id: '1.2.made',
    response_url: `${slack.twin.url}/commands/${team?.id}/made`,
    ...more,
  }).toString();
}

function send(body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(slack.requestUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  });
}

test('a request that is not signed, forged, stale or from the future is refused and has no effect', async () => {
  const body = commandBody();
  const good = signBody(SIGNING_SECRET, body, now());
  const refused: Record<string, Record<string, string>> = {
    unsigned: {},
    'signed by somebody else': signBody('another secret', body, now()),
    'signed for another body': signBody(SIGNING_SECRET, commandBody({ text: 'evil.com' }), now()),
    'half signed': { 'x-slack-request-timestamp': good['x-slack-request-timestamp'] ?? '' },
    stale: signBody(SIGNING_SECRET, body, now() - 6 * 60),
    'from the future': signBody(SIGNING_SECRET, body, now() + 6 * 60),
    'from a time that is none': { ...good, 'x-slack-request-timestamp': 'soon' },
  };
  for (const [what, headers] of Object.entries(refused)) {
    const { status } = await send(body, headers);
    assert.equal(status, 401, what);
  }
  assert.equal(await count('runs'), 0);
});

test('a request without a size, or larger than any of Slack’s, is refused before it is read', async () => {
  const body = commandBody({ text: 'x'.repeat(1_100_000) });
  const { status } = await send(body, signBody(SIGNING_SECRET, body, now()));
  assert.equal(status, 413);
});

test('a replayed request answers nothing and has no effect', async () => {
  const body = commandBody();
  const headers = signBody(SIGNING_SECRET, body, now());
  const first = await send(body, headers);
  assert.equal(first.status, 200);
  assert.match(await first.text(), /the answer comes here/);
  for (const again of [headers, signBody(SIGNING_SECRET, body, now() + 1)]) {
    const replayed = await send(body, again);
    assert.equal(replayed.status, 200);
    assert.equal(await replayed.text(), '');
  }
  assert.equal(await count('runs'), 1);
  assert.equal(await count('slack_replies'), 1);
});

test('another Slack workspace with the same app learns nothing', async () => {
  const body = commandBody({ team_id: 'T0STRANGERS', trigger_id: '1.2.strangers' });
  const answer = await send(body, signBody(SIGNING_SECRET, body, now()));
  assert.equal(answer.status, 401);
  assert.equal(await count('runs'), 1);
});

test('an address for the answer that is not Slack’s is refused', async () => {
  const body = commandBody({ response_url: 'http://127.0.0.1:9/steal', trigger_id: '1.2.steal' });
  const answer = await send(body, signBody(SIGNING_SECRET, body, now()));
  assert.match(await answer.text(), /not Slack/);
  assert.equal(await count('runs'), 1);
});
