import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openWeb } from '../../src/cli/web.ts';
import { createSlackClients } from '../../src/slack/clients.ts';
import { guardTokens } from '../../src/slack/guard-tokens.ts';
import { openRows, until } from '../e2e/faults/observe.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

const OLD_TOKEN = 'xoxb-sandbox-home';
const NEW_TOKEN = 'xoxb-sandbox-home-again';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;

before(async () => {
  slack = await openSlack({ limit: 3 });
  slack.twin.configure({ ackMs: 30_000 });
  database = await openRows(slack.system);
});
after(async () => {
  await database.close();
  await slack.close();
});

const status = async (origin: string): Promise<string> => (await fetch(`${origin}/status`)).text();
const origin = (): string => new URL(slack.requestUrl).origin;
const refusedCalls = (): number => slack.twin.kit.calls.list().length;
/** Tells the channel's settings, as the form does when it is saved. */
const postOf = async (): Promise<{ workspaceId: string; postId: string; state: string }> => {
  const [post] = await database.rows<{ workspaceId: string; postId: string; state: string }>(
    `select workspace_id as "workspaceId", id as "postId", state from slack_posts order by planned_at desc limit 1`,
  );
  return post ?? assert.fail('nothing is to be posted');
};

test('a token that Slack refuses puts off what is due there, is said once, and is not used again and again', async () => {
  await slack.command('/score alerts', 'alerts');
  await slack.act({ operation: 'submit', values: { what: ['runs'], when: 'at-once', time_zone: 'UTC' } });
  await slack.twin.act({ operation: 'revoke', token: OLD_TOKEN });
  const told = slack.app.slack ?? assert.fail('Slack is not set up');
  const { workspaceId, postId } = await postOf();
  const tell = (): Promise<unknown> => told.tell({ workspaceId, postId }, new AbortController().signal);
  assert.deepEqual(await tell(), { againInMs: 600_000 });
  const calls = refusedCalls();
  assert.deepEqual(await tell(), { againInMs: 600_000 });
  assert.equal(refusedCalls(), calls, 'Slack is not asked again');
  assert.equal((await postOf()).state, 'open');
  const page = await status(origin());
  assert.match(page, /refuses the app(’|&#x27;|')s token/);
  assert.match(page, /token_revoked|invalid_auth|account_inactive/);
  assert.equal(page.match(/class="bad">refuses/g)?.length, 1);
});

test('each process learns of it, and who runs Fieldnote is told once', async () => {
  await database.rows('delete from slack_refusals');
  const { workspaceId } = slack.app;
  const [home] = slack.twin.state.teams;
  const team = { teamId: home?.id ?? '', workspaceId, token: OLD_TOKEN, botUserId: slack.bot };
  const logged: string[] = [];
  const open = (): ReturnType<typeof guardTokens> =>
    guardTokens({
      db: slack.app.db,
      teams: { find: async () => team },
      clients: createSlackClients({ apiUrl: `${slack.twin.url}/api/` }),
      onRefused: (error, teamId) => logged.push(`${teamId}: ${error.message}`),
    });
  const processes = [open(), open()];
  for (const { teams, clients } of [...processes, ...processes]) {
    await teams.find(team.teamId);
    const asked = clients.of(OLD_TOKEN).call('auth.test', (api) => api.auth.test());
    await assert.rejects(asked, { kind: 'unauthorized' });
  }
  assert.equal(logged.length, 1);
  // After ten minutes one call asks whether the token is good again.
  await database.rows(`update slack_refusals set looked_at = now() - interval '11 minutes'`);
  const calls = refusedCalls();
  for (const { teams, clients } of processes) {
    await teams.find(team.teamId);
    const asked = clients.of(OLD_TOKEN).call('auth.test', (api) => api.auth.test());
    await assert.rejects(asked, { kind: 'unauthorized' });
  }
  assert.equal(refusedCalls(), calls + 1);
  assert.equal(logged.length, 1);
});

test('with a new token it goes on by itself, and the page says nothing of it any more', async () => {
  const [home] = slack.twin.state.teams;
  const scopes = slack.twin.state.tokens()[0]?.scopes ?? [];
  slack.twin.state.commit({
    kind: 'installed',
    installation: { team: home?.id ?? '', token: NEW_TOKEN, scopes },
  });
  const again = await slack.system.openApp({
    worker: false,
    environment: { ...slack.environment, SLACK_BOT_TOKEN: NEW_TOKEN },
  });
  const { workspaceId, postId } = await postOf();
  const { signal } = new AbortController();
  assert.equal(await again.slack?.tell({ workspaceId, postId }, signal), 'done');
  assert.match(
    textOf((await slack.read('alerts')).at(-1) ?? { text: '', blocks: [] }),
    /runs that end or stop/,
  );
  const web = await openWeb(again, { elseAnyPort: false });
  assert.doesNotMatch(await status(`http://127.0.0.1:${web.port}`), /refuses/);
  await web.close();
  await until(
    'nothing is left of it',
    async () => (await database.rows('select from slack_refusals')).length === 0,
  );
});
