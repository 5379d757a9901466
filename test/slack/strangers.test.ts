import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { isMember } from '../../src/slack/strangers.ts';
import { openRows, until } from '../e2e/faults/observe.ts';
import { connectAndSync } from '../harness/system.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

// A person of another organisation, in a channel that it shares with ours (Slack Connect).
const STRANGER = 'Odile Marchetti';
const REFUSED = /answers only people of the Slack workspace/;

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
let scored: string;
let fresh: string;
/** A card that stood in the channel before it was shared. */
let card: string;

before(async () => {
  slack = await openSlack({ limit: 12 });
  slack.twin.configure({ unfurlDomains: ['127.0.0.1'] });
  database = await openRows(slack.system);
  await connectAndSync(slack.app);
  const worker = await slack.system.openApp({ worker: true, environment: slack.environment });
  await worker.startWorker({ schedule: false });
  const domains = slack.system.sandbox.world.companies.map(({ domain }) => domain);
  await slack.command(`/score ${domains.slice(0, 4).join(' ')}`, 'general');
  await settled();
  const rows = await database.rows<{ domain: string }>(
    `select c.domain from companies c join scores s on s.company_id = c.id where s.current and s.status = 'scored' order by 1`,
  );
  scored = rows[0]?.domain ?? assert.fail('nothing was scored');
  fresh = domains[6] ?? assert.fail('the world has too few companies');
  await slack.act({ operation: 'say', channel: 'sales', text: `@Fieldnote ${scored}` });
  await settled();
  const { ts } = (await slack.read('sales')).at(-1) ?? assert.fail('no card');
  card = ts;
});
after(async () => {
  await database.close();
  await slack.close();
});

const settled = (): Promise<void> =>
  until('everything is answered', async () => {
    const open = await database.rows(
      `select from slack_replies where state = 'open' union all select from slack_files where state = 'open'
       union all select from slack_posts where state = 'open'`,
    );
    return open.length === 0;
  });
const Seen = z.object({
  messages: z.array(
    z.looseObject({
      ts: z.string(),
      user: z.string(),
      text: z.string(),
      blocks: z.array(z.unknown()).default([]),
    }),
  ),
});
/** What somebody sees of the app in a channel. */
async function see(as: string, channel: string): Promise<string[]> {
  const { messages } = Seen.parse(await slack.twin.act({ operation: 'read', as, channel }));
  return messages.filter(({ user }) => user === slack.bot).map((message) => textOf(message));
}
const asStranger = (edit: Record<string, unknown>): Promise<unknown> =>
  slack.twin.act({ as: STRANGER, ...edit });
const count = async (table: string): Promise<number> => (await database.rows(`select from ${table}`)).length;

test('as long as a channel is ours alone, an answer is there for all to see', async () => {
  const delivery = await slack.command(`/score ${scored}`);
  assert.match(JSON.stringify(delivery.answer), /"in_channel"/);
});

test('in a channel that another organisation reads, an answer is for who asked alone', async () => {
  await slack.twin.act({ operation: 'share', channel: 'sales', with: 'Other Company' });
  const before = await see(STRANGER, 'sales');
  const stored = await slack.command(`/score ${scored}`);
  assert.match(JSON.stringify(stored.answer), /"ephemeral".*refresh/);
  await slack.command(`/score ${fresh}`);
  await settled();
  const last = (await slack.read('sales')).at(-1);
  assert.equal(last?.is_ephemeral, true);
  assert.match(textOf(last), /refresh/);
  // A mention has no place of its own: it is answered in a direct message.
  const direct = (await slack.read('app')).length;
  await slack.act({ operation: 'say', channel: 'sales', text: `@Fieldnote ${scored}` });
  await settled();
  assert.equal((await slack.read('app')).length, direct + 1);
  assert.deepEqual(await see(STRANGER, 'sales'), before);
});

test('a click on a card that they read changes nothing there, and its PDF comes as a direct message', async () => {
  const before = await see(STRANGER, 'sales');
  assert.equal((await slack.click('refresh', 'sales', card)).error, null);
  await settled();
  assert.equal((await slack.click('pitch', 'sales', card)).error, null);
  await settled();
  assert.deepEqual(await see(STRANGER, 'sales'), before);
  const [file] = await database.rows<{ state: string; channel: string | null }>(
    'select state, channel_id as channel from slack_files order by asked_at desc limit 1',
  );
  assert.deepEqual(file, { state: 'sent', channel: null });
});

test('a link to our pages shows nothing there', async () => {
  const text = `<${slack.app.config.publicUrl}/companies/${scored}>`;
  const previews = (name: string): number => {
    const [team] = slack.twin.state.teams;
    const channel = [...(team?.channels.values() ?? [])].find((one) => one.name === name);
    const messages = slack.twin.state.messages(team?.id ?? '', channel?.id ?? '');
    return messages.flatMap(({ unfurls }) => unfurls).length;
  };
  await slack.act({ operation: 'say', channel: 'sales', text });
  await slack.act({ operation: 'say', channel: 'alerts', text });
  await until('a channel of ours shows it', () => previews('alerts') === 1);
  assert.equal(previews('sales'), 0);
});

test('whatever a stranger clicks has no effect but a sentence that says so', async () => {
  const before = {
    votes: await count('votes'),
    watches: await count('slack_watches'),
    runs: await count('runs'),
  };
  for (const action of ['refresh', 'pitch', 'wrong', 'watch']) {
    const told = (await see(STRANGER, 'sales')).length;
    const clicked = await asStranger({ operation: 'click', channel: 'sales', action_id: action, ts: card });
    assert.match(JSON.stringify(clicked), /"error":null/, action);
    await settled();
    const said = await see(STRANGER, 'sales');
    assert.equal(said.length, told + 1, action);
    assert.match(said.at(-1) ?? '', REFUSED, action);
  }
  await assert.rejects(asStranger({ operation: 'submit', values: {} }), /no modal/);
  const after = {
    votes: await count('votes'),
    watches: await count('slack_watches'),
    runs: await count('runs'),
  };
  assert.deepEqual(after, before);
});

test('what a stranger writes to the app, or asks of a message, is answered with that sentence', async () => {
  const { ts } = z
    .object({ ts: z.string() })
    .parse(await slack.act({ operation: 'say', channel: 'sales', text: `What of ${scored}?` }));
  await asStranger({ operation: 'shortcut', callback_id: 'score_message', channel: 'sales', ts });
  await settled();
  assert.match((await see(STRANGER, 'sales')).at(-1) ?? '', REFUSED);
  for (const [channel, text] of [
    ['sales', `@Fieldnote ${scored}`],
    ['app', `score ${scored}`],
    ['app', 'good morning'],
  ] as const) {
    if (channel === 'app') await asStranger({ operation: 'open home' });
    await asStranger({ operation: 'say', channel, text });
    await settled();
    const said = await see(STRANGER, 'app');
    assert.match(said.at(-1) ?? '', REFUSED, text);
    assert.ok(!said.some((one) => one.includes(scored)), text);
  }
});

test('a stranger’s Home shows no accounts, also where the CRM knows their address', async () => {
  await database.rows(
    `update crm_users set email = 'odile.marchetti@other-company.example' where ctid = (select ctid from crm_users limit 1)`,
  );
  await asStranger({ operation: 'open home' });
  const [team] = slack.twin.state.teams;
  const person = [...(team?.people.values() ?? [])].find(({ realName }) => realName === STRANGER);
  const home = (): string =>
    JSON.stringify(slack.twin.state.home(team?.id ?? '', person?.id ?? '')?.view ?? '');
  await until('the Home is there', () => home().length > 2);
  assert.doesNotMatch(home(), /companies\//);
  const [known] = await database.rows<{ email: string | null }>(
    'select email from slack_people where user_id = $1',
    [person?.id],
  );
  assert.deepEqual(known, { email: null });
});

test('a channel’s alerts stop once others are invited, and whoever set them is told why', async () => {
  await slack.command('/score alerts', 'alerts');
  await slack.act({ operation: 'submit', values: { what: ['moved'], when: 'at-once', time_zone: 'UTC' } });
  await settled();
  await slack.twin.act({ operation: 'share', channel: 'alerts', with: 'Other Company', pending: true });
  await slack.command('/score alerts', 'alerts');
  await slack.act({ operation: 'submit', values: { what: ['moved'], when: 'at-once', time_zone: 'UTC' } });
  await until('the person is told', async () =>
    (await see(slack.rep, 'app')).some((said) => /people of another organisation read it/.test(said)),
  );
});

test('in an Enterprise Grid, members of the Slack workspace itself are no strangers', () => {
  assert.ok(isMember({ team_id: 'T1' }, 'T1'));
  assert.ok(isMember({ team_id: 'T2', enterprise_user: { teams: ['T2', 'T1'] } }, 'T1'));
  assert.ok(!isMember({ team_id: 'T2', enterprise_user: { teams: ['T2'] } }, 'T1'));
  assert.ok(!isMember({ team_id: 'T2' }, 'T1'));
  assert.ok(!isMember({ team_id: 'T1', is_stranger: true }, 'T1'));
  assert.ok(!isMember(undefined, 'T1'));
});
