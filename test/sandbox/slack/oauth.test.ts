import assert from 'node:assert/strict';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { OTHER_TOKEN, TOKEN, startSlack } from './start.ts';
import type { TestSlack } from './start.ts';

const client = { client_id: '1.2', client_secret: 'very secret' };
const redirect_uri = 'http://127.0.0.1:3999/slack/oauth_redirect';

const open = (
  context: TestContext,
  botTokens: readonly (string | null)[] = [TOKEN, null],
): Promise<TestSlack> =>
  startSlack(context, {
    botTokens,
    oauth: { clientId: client.client_id, clientSecret: client.client_secret },
  });

/** A person allows the app in a workspace; where Slack sends them then. */
async function allow(slack: TestSlack, team: number | null, scope = 'commands,chat:write'): Promise<URL> {
  const asked = new URLSearchParams({ client_id: client.client_id, scope, redirect_uri, state: 'st' });
  const page = await fetch(`${slack.twin.url}/oauth/v2/authorize?${asked.toString()}`);
  const text = await page.text();
  assert.match(text, /Allow/);
  const body = new URLSearchParams({
    scope,
    redirect_uri,
    state: 'st',
    team: team === null ? '' : (slack.twin.state.teams[team]?.id ?? ''),
  });
  const back = await fetch(`${slack.twin.url}/oauth/v2/authorize`, {
    method: 'POST',
    body,
    redirect: 'manual',
  });
  assert.equal(back.status, 302);
  return new URL(back.headers.get('location') ?? '');
}

test('a person installs the app into the other workspace, and its token works there alone', async (context) => {
  const slack = await open(context);
  const back = await allow(slack, 1);
  assert.equal(back.searchParams.get('state'), 'st');
  const code = back.searchParams.get('code');
  const granted = await slack.call('oauth.v2.access', { ...client, code, redirect_uri }, '');
  assert.equal(granted.ok, true, JSON.stringify(granted));
  const other = slack.twin.state.teams[1];
  assert.deepEqual(granted.team, { id: other?.id, name: other?.name });
  const token = String(granted.access_token);
  assert.equal((await slack.call('auth.test', {}, token)).team_id, other?.id);
  const channel = slack.channel('sales', 1);
  assert.equal((await slack.call('chat.postMessage', { channel, text: 'a' }, token)).ok, true);
  const away = { channel: slack.channel('sales'), text: 'a' };
  assert.equal((await slack.call('chat.postMessage', away, token)).error, 'channel_not_found');
  const again = await slack.call('oauth.v2.access', { ...client, code, redirect_uri });
  assert.equal(again.error, 'code_already_used');
});

test('what is not as it should be in an installation is refused', async (context) => {
  const slack = await open(context, [TOKEN, OTHER_TOKEN]);
  const code = (await allow(slack, 0)).searchParams.get('code');
  const grant = async (rest: Record<string, unknown>) =>
    (await slack.call('oauth.v2.access', { ...client, code, redirect_uri, ...rest })).error;
  assert.equal(await grant({ client_id: '9' }), 'invalid_client_id');
  assert.equal(await grant({ client_secret: '9' }), 'bad_client_secret');
  assert.equal(await grant({ code: '9' }), 'invalid_code');
  assert.equal(await grant({ redirect_uri: 'http://127.0.0.1/else' }), 'bad_redirect_uri');
  slack.twin.kit.clock.set(601_000);
  assert.equal(await grant({}), 'invalid_code', 'ten minutes are over');
  assert.equal((await allow(slack, null)).searchParams.get('error'), 'access_denied');
  const query = new URLSearchParams({ client_id: 'x', redirect_uri });
  assert.equal((await fetch(`${slack.twin.url}/oauth/v2/authorize?${query.toString()}`)).status, 400);
});
