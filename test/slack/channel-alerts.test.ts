import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startRun } from '../../src/pipeline/runs.ts';
import { tellOfTheRest } from '../../src/pipeline/tell-channels.ts';
import { spentThisMonth } from '../../src/pipeline/store/usage.ts';
import { openRows, setFaults, until } from '../e2e/faults/observe.ts';
import { connectAndSync } from '../harness/system.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
/** Scored accounts that no test has moved yet. */
let accounts: string[];

before(async () => {
  slack = await openSlack({ limit: 24 });
  database = await openRows(slack.system);
  await connectAndSync(slack.app);
  const worker = await slack.system.openApp({ worker: true, environment: slack.environment });
  await worker.startWorker({ schedule: false });
  const known = await database.rows<{ domain: string }>(
    `select distinct c.domain from companies c join records r on r.company_id = c.id
     where c.excluded_because is null and not r.deleted and r.excluded_because is null order by 1 limit 10`,
  );
  await slack.command(`/score ${known.map(({ domain }) => domain).join(' ')}`, 'general');
  await answered();
  const scored = await database.rows<{ domain: string }>(
    `select c.domain from companies c join scores s on s.company_id = c.id where s.current and s.status = 'scored' order by 1`,
  );
  accounts = scored.map(({ domain }) => domain);
  // What a person hears of their own accounts is another matter.
  await database.rows('update slack_people set alerts = false');
  assert.ok(accounts.length >= 8, `${accounts.length} scored accounts`);
});
beforeEach(async () => {
  await setFaults(slack.twin.url, {});
});
after(async () => {
  await database.close();
  await slack.close();
});

const answered = (): Promise<void> =>
  until('every answer is there', async () => {
    const open = await database.rows(`select from slack_replies where state = 'open'`);
    return open.length === 0;
  });

/** Fills the form that a command in a channel opens. */
async function set(channel: string, values: Record<string, string | string[]>): Promise<string> {
  const asked = await slack.command('/score alerts', channel);
  assert.equal(asked.error, null);
  return JSON.stringify(await slack.act({ operation: 'submit', values }));
}

/** Has accounts score anew that scored less yesterday. */
async function move(points: number, ...domains: string[]): Promise<void> {
  await database.rows(
    `insert into scores (workspace_id, company_id, extraction_id, model, model_version, as_of, status, score, band, confidence,
       reasons, missing, current)
     select workspace_id, company_id, extraction_id, model, model_version, as_of - 1, 'scored', score - $2, 'D', confidence,
       '[]', missing, false
     from scores where current and company_id in (select id from companies where domain = any($1))`,
    [domains, points],
  );
  for (const domain of domains) {
    await slack.command(`/score ${domain}`, 'general');
    await slack.click('refresh', 'general');
    await answered();
  }
}

type Post = {
  channel: string;
  kind: string;
  state: string;
  reason: string | null;
  dueHour: number;
  dueDay: number;
  waits: boolean;
};
const posts = (channel: string, state: string): Promise<Post[]> =>
  database.rows<Post>(
    `select p.kind, p.state, p.reason, extract(hour from p.due_at at time zone a.time_zone)::integer as "dueHour",
       extract(isodow from p.due_at at time zone a.time_zone)::integer as "dueDay", p.due_at > now() as waits
     from slack_posts p join slack_channel_alerts a using (workspace_id, team_id, channel_id)
     where p.channel_id = $1 and p.state = $2 order by p.planned_at`,
    [idOf(channel), state],
  );
const idOf = (name: string): string => {
  const channels = [...(slack.twin.state.teams[0]?.channels.values() ?? [])];
  return channels.find((channel) => channel.name === name)?.id ?? assert.fail(`no channel ${name}`);
};
const isSettled = (channel: string) =>
  until(`all is told in ${channel}`, async () => (await posts(channel, 'open')).length === 0);
/** As if the last message of a channel had gone out in an hour: however slow this machine is, the next one gathers until `hurry`. */
async function hold(channel: string): Promise<void> {
  await database.rows(
    `update slack_posts set due_at = now() + interval '1 hour' where channel_id = $1 and kind = 'news' and state = 'sent'`,
    [idOf(channel)],
  );
}
/** Lets the time pass until all for a channel is due. */
async function hurry(channel: string): Promise<void> {
  await database.rows(`update slack_posts set due_at = now() where state = 'open' and channel_id = $1`, [
    idOf(channel),
  ]);
  await database.rows(
    `update pgboss.job set start_after = now() where name = 'slack' and state < 'active'
       and data->>'postId' in (select id::text from slack_posts where channel_id = $1)`,
    [idOf(channel)],
  );
}
const lastOf = async (channel: string): Promise<string> =>
  textOf((await slack.read(channel)).at(-1) ?? { text: '', blocks: [] });
const homeOf = (): string => {
  const [team] = slack.twin.state.teams;
  const [user] = [...(team?.people.values() ?? [])].filter(({ name }) => name === slack.rep);
  return JSON.stringify(slack.twin.state.home(team?.id ?? '', user?.id ?? '')?.view ?? null);
};
const next = (): string => accounts.shift() ?? assert.fail('every account was moved');

const AT_ONCE = { what: ['reached', 'moved'], when: 'at-once', time_zone: 'europe/berlin' };

test('/score alerts sets what a channel hears, and the channel is told', async () => {
  const wrong = await set('alerts', { ...AT_ONCE, time_zone: 'Mars/Olympus' });
  assert.match(wrong, /No time zone is called so/);
  await slack.act({ operation: 'submit', values: AT_ONCE });
  await isSettled('alerts');
  const said = await lastOf('alerts');
  assert.match(said, /accounts that reach band A/);
  assert.match(said, /move by 10 points or more/);
  assert.match(said, /a message a minute at the most/);
  await until('the Home tab lists it', () => homeOf().includes(idOf('alerts')));
});

test('an account that moved is told once, also when Slack’s answer is lost, and with all that a card offers', async () => {
  const before = (await slack.read('alerts')).length;
  const domain = next();
  await setFaults(slack.twin.url, { rateLost: 1, only: ['chat.postMessage'], limit: 1 });
  await move(30, domain);
  await until('it is told', async () => (await posts('alerts', 'sent')).length === 2);
  const messages = await slack.read('alerts');
  assert.equal(messages.length, before + 1);
  const said = await lastOf('alerts');
  assert.match(said, /\+30\.0, was/);
  for (const action of ['show_card', 'pitch', 'wrong', 'channel_alerts'])
    assert.match(said, new RegExp(`"${action}"`));
  await slack.command(`/score ${domain}`, 'general');
  await slack.click('refresh', 'general');
  await answered();
  assert.deepEqual(await posts('alerts', 'open'), []);
});

test('what happens within the next minute is told in one message', async () => {
  const [first, second] = [next(), next()];
  await hold('alerts');
  await move(20, first, second);
  const gathering = await posts('alerts', 'open');
  assert.equal(gathering.length, 1);
  assert.equal(gathering[0]?.waits, true);
  const before = (await slack.read('alerts')).length;
  await hurry('alerts');
  await isSettled('alerts');
  assert.equal((await slack.read('alerts')).length, before + 1);
  const said = await lastOf('alerts');
  assert.match(said, /2 accounts moved/);
  assert.ok(said.includes(first) && said.includes(second));
});

test('a limit of Slack’s puts off one channel’s message, loses none, and holds up no other channel', async () => {
  await set('sales', AT_ONCE);
  await isSettled('sales');
  const before = { alerts: (await slack.read('alerts')).length, sales: (await slack.read('sales')).length };
  const domain = next();
  await setFaults(slack.twin.url, {
    rate429: 1,
    retryAfterSeconds: 300,
    only: ['chat.postMessage'],
    limit: 1,
  });
  await hold('alerts');
  // The one in sales goes first, since nothing was told there before.
  await move(25, domain);
  await until('it is limited', async () => {
    const waiting = await database.rows(
      `select from pgboss.job where name = 'slack' and state = 'created' and start_after > now() + interval '200 seconds'
         and data->>'postId' in (select id::text from slack_posts where channel_id = $1)`,
      [idOf('sales')],
    );
    return waiting.length === 1;
  });
  await hurry('alerts');
  await isSettled('alerts');
  assert.equal((await posts('sales', 'open')).length, 1);
  await hurry('sales');
  await isSettled('sales');
  assert.equal((await slack.read('alerts')).length, before.alerts + 1);
  assert.equal((await slack.read('sales')).length, before.sales + 1);
});

test('a channel that the app is not in is told to who set it, and not tried again until they set it again', async () => {
  const opened = await slack.act({ operation: 'click in view', action_id: 'channel_alerts' });
  assert.match(JSON.stringify(opened), /"error":null/);
  await slack.act({ operation: 'submit', values: { ...AT_ONCE, channel: idOf('leadership') } });
  await until('the person is told', async () => /can’t be posted/.test(await lastOf('app')));
  assert.match(await lastOf('app'), /the app can’t see it|the app is not in it/);
  await until('the Home tab says so', () => /Nothing can be posted there/.test(homeOf()));
  await move(15, next());
  assert.deepEqual(await posts('leadership', 'open'), []);
  await slack.twin.act({ operation: 'invite', channel: 'leadership' });
  await set('leadership', AT_ONCE);
  await until('the channel hears', async () => (await posts('leadership', 'sent')).length === 1);
  await until('the Home tab says nothing of it', () => !/Nothing can be posted there/.test(homeOf()));
  await slack.twin.act({ operation: 'archive', channel: 'leadership' });
  await move(15, next());
  await until('the person is told', async () => /it is archived/.test(await lastOf('app')));
  assert.deepEqual(await posts('leadership', 'open'), []);
});

test('a digest gathers until its hour, in its time zone', async () => {
  await set('alerts', { what: ['moved'], when: 'daily', hour: '9', time_zone: 'Asia/Kolkata' });
  await until('the channel is told', async () =>
    /each day at 9:00 \(Asia\/Kolkata\)/.test(await lastOf('alerts')),
  );
  await move(12, next());
  const [digest] = await posts('alerts', 'open');
  assert.equal(digest?.dueHour, 9);
  assert.equal(digest.waits, true);
  await set('alerts', { when: '3', hour: '17' });
  const [weekly] = await posts('alerts', 'open');
  assert.deepEqual([weekly?.dueHour, weekly?.dueDay, weekly?.waits], [17, 3, true]);
  await until('the channel is told', async () => /each Wednesday at 17:00/.test(await lastOf('alerts')));
  const before = (await slack.read('alerts')).length;
  await hurry('alerts');
  await isSettled('alerts');
  assert.equal((await slack.read('alerts')).length, before + 1);
});

test('runs and the budget are told where they are asked for, each once', async () => {
  await set('alerts', { what: ['runs', 'budget'], when: 'at-once' });
  await until('the channel is told', async () => /runs that end or stop/.test(await lastOf('alerts')));
  await hold('alerts');
  const { app } = slack;
  const { workspaceId } = app;
  const [company] = await database.rows<{ id: string }>('select id from companies order by domain limit 1');
  await startRun(app, { workspaceId, kind: 'manual', model: app.modelName, companyIds: [company?.id ?? ''] });
  await until('the run’s end is to be told', async () => (await posts('alerts', 'open')).length === 1);
  await app.db.inWorkspace(workspaceId, async (tx) => {
    const limitUsd = (await spentThisMonth(tx)) / 0.85;
    for (let looks = 0; looks < 2; looks += 1) await tellOfTheRest(tx, app, { workspaceId, limitUsd });
  });
  await hurry('alerts');
  await isSettled('alerts');
  const said = await lastOf('alerts');
  assert.match(said, /A run ended: 1 of 1 company/);
  assert.match(said, /of this month’s \$[\d.]+ are spent/);
});

test('a muted channel hears nothing, and one whose alerts are turned off hears nothing of what waited either', async () => {
  await set('alerts', { what: ['moved'], when: 'at-once', mute_channel: '24' });
  await until('the Home tab says so', () => /muted until/.test(homeOf()));
  await isSettled('alerts');
  await move(14, next());
  assert.deepEqual(await posts('alerts', 'open'), []);
  await set('alerts', { what: [] });
  assert.deepEqual(await posts('alerts', 'sent'), []);
});
