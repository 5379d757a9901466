import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openRows, until } from '../e2e/faults/observe.ts';
import { openSlack } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

const CLIENT = { clientId: 'sandbox-slack-client', clientSecret: 'sandbox-slack-client-secret' };
const SECRET_KEY = randomBytes(32).toString('base64');

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
let base: string;

before(async () => {
  slack = await openSlack({
    limit: 3,
    environment: { SECRET_KEY },
    more: {
      SLACK_BOT_TOKEN: '',
      SLACK_CLIENT_ID: CLIENT.clientId,
      SLACK_CLIENT_SECRET: CLIENT.clientSecret,
    },
    twin: { botTokens: [null, null], oauth: CLIENT },
  });
  database = await openRows(slack.system);
  base = new URL(slack.requestUrl).origin;
});
after(async () => {
  await database.close();
  await slack.close();
});

/** Goes the way of a person's browser: from an invitation to Slack, there into a team, and back. */
async function install(
  invitation: string,
  teamIndex: number,
  options: { cookie?: string } = {},
): Promise<Response> {
  const team = slack.twin.state.teams[teamIndex];
  const begun = await fetch(here(invitation), { redirect: 'manual' });
  if (begun.status !== 302) return begun;
  const cookie = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const consent = new URL(begun.headers.get('location') ?? '');
  const form = new URLSearchParams({
    redirect_uri: consent.searchParams.get('redirect_uri') ?? '',
    state: consent.searchParams.get('state') ?? '',
    scope: consent.searchParams.get('scope') ?? '',
    team: team?.id ?? '',
  });
  const agreed = await fetch(`${consent.origin}${consent.pathname}`, {
    method: 'POST',
    body: form,
    redirect: 'manual',
  });
  return fetch(here(agreed.headers.get('location') ?? ''), {
    headers: { cookie: options.cookie ?? cookie },
    redirect: 'manual',
  });
}

/** The same address at the test's own port. */
function here(url: string): string {
  const { pathname, search } = new URL(url);
  return `${base}${pathname}${search}`;
}

const inviteTo = async (name: string): Promise<string> => {
  const [found] = await database.rows<{ id: string }>(
    `insert into workspaces (name) values ($1) on conflict (name) do update set name = excluded.name returning id`,
    [name],
  );
  return slack.app.slack?.invite(found?.id ?? '') ?? assert.fail('Slack is not set up for installing');
};
const askAs = async (teamIndex: number): Promise<string> => {
  const team = slack.twin.state.teams[teamIndex];
  const [person] = [...(team?.people.values() ?? [])].filter(({ isBot }) => !isBot);
  const delivery = await slack.twin.act({
    operation: 'command',
    team: team?.id,
    as: person?.name ?? '',
    channel: 'sales',
    text: '/score only-ours.example',
  });
  return JSON.stringify(delivery);
};

test('nobody installs the app without an invitation', async () => {
  for (const query of ['', '?invitation=x', `?invitation=${randomBytes(60).toString('base64url')}`]) {
    const answer = await fetch(`${base}/slack/install${query}`, { redirect: 'manual' });
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /fieldnote connect slack/);
  }
});

test('a callback that did not begin here installs nothing', async () => {
  const answer = await install(await inviteTo('default'), 0, { cookie: 'slack-app-oauth-state=forged' });
  assert.notEqual(answer.status, 200);
  assert.deepEqual(await database.rows('select from slack_installations'), []);
});

test('each Slack workspace sees the workspace that invited it, and its token is sealed', async () => {
  assert.equal((await install(await inviteTo('default'), 0)).status, 200);
  assert.equal((await install(await inviteTo('others'), 1)).status, 200);
  const tokens = slack.twin.state.tokens().map(({ token }) => token);
  const rows = await database.rows<{ row: string }>(
    'select i::text as row, sealed from slack_installations i',
  );
  assert.equal(rows.length, 2);
  for (const token of tokens) assert.ok(!JSON.stringify(rows).includes(Buffer.from(token).toString('hex')));
  await database.rows(
    `insert into companies (workspace_id, domain, name, website, excluded_because)
     select id, 'only-ours.example', 'Only Ours', 'https://only-ours.example', 'a customer' from workspaces where name = 'default'`,
  );
  assert.match(await askAs(0), /left out: a customer/);
  assert.match(await askAs(1), /the answer comes here/);
});

test('a Slack workspace that belongs to one workspace is not taken by another', async () => {
  const answer = await install(await inviteTo('others'), 0);
  assert.notEqual(answer.status, 200);
  assert.match(await askAs(0), /left out: a customer/);
});

test('with the app uninstalled, its token is forgotten, its commands are refused, and nothing is left to be told there', async () => {
  await database.rows(
    `with of as (select c.workspace_id, c.id, t.team_id from slack_teams t join companies c on c.workspace_id = t.workspace_id
       where t.team_id = $1 limit 1),
     channel as (insert into slack_channel_alerts (workspace_id, team_id, channel_id, set_by, reached_a, moved, least_move,
         runs, budget, cadence, weekday, hour, time_zone)
       select workspace_id, team_id, 'C1', 'U1', true, true, 10, false, false, 'at-once', 1, 9, 'UTC' from of),
     alert as (insert into slack_alerts (workspace_id, team_id, user_id, company_id, as_of, score_before, band_before)
       select workspace_id, team_id, 'U1', id, current_date, 40, 'C' from of)
     insert into slack_files (workspace_id, team_id, user_id, company_id) select workspace_id, team_id, 'U1', id from of`,
    [slack.twin.state.teams[1]?.id],
  );
  const told = (): Promise<{ state: string; reason: string | null }[]> =>
    database.rows('select state, reason from slack_alerts union all select state, reason from slack_files');
  assert.deepEqual(
    (await told()).map(({ state }) => state),
    ['open', 'open'],
  );
  await slack.twin.act({ operation: 'uninstall', team: slack.twin.state.teams[1]?.id });
  await until('the installation is gone', async () => {
    const left = await database.rows('select from slack_installations');
    const teams = await database.rows('select from slack_teams');
    return left.length === 1 && teams.length === 1;
  });
  assert.match(await askAs(0), /left out: a customer/);
  const dropped = { state: 'dropped', reason: 'the app was removed from the Slack workspace' };
  assert.deepEqual(await told(), [dropped, dropped]);
  assert.deepEqual(await database.rows('select from slack_channel_alerts'), []);
});
