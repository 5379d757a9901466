import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { z } from 'zod';
import { signBody } from '../../sandbox/slack/deliveries.ts';
import { openRows, setFaults, until } from '../e2e/faults/observe.ts';
import { SIGNING_SECRET, openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
/** Two companies that are scored, and one that nobody asked for. */
let scored: string[];
let fresh: string;

before(async () => {
  slack = await openSlack({ limit: 8 });
  database = await openRows(slack.system);
  const worker = await slack.system.openApp({ worker: true, environment: slack.environment });
  await worker.startWorker({ schedule: false });
  const domains = slack.system.sandbox.world.companies.map(({ domain }) => domain);
  await slack.command(`/score ${domains.slice(0, 4).join(' ')}`, 'general');
  await settled();
  const rows = await database.rows<{ domain: string }>(
    `select c.domain from companies c join scores s on s.company_id = c.id where s.current and s.status = 'scored' order by 1`,
  );
  scored = rows.map(({ domain }) => domain);
  fresh = domains[5] ?? assert.fail('the world has too few companies');
});
beforeEach(() => setFaults(slack.twin.url, {}));
after(async () => {
  await database.close();
  await slack.close();
});

const settled = (): Promise<void> =>
  until('everything is answered', async () => {
    const open = await database.rows(
      `select from slack_replies where state = 'open' union all select from slack_files where state = 'open'`,
    );
    return open.length === 0;
  });
const replies = async (): Promise<number> => (await database.rows('select from slack_replies')).length;
const first = (): string => scored[0] ?? assert.fail('nothing was scored');

const Said = z.object({
  ts: z.string(),
  deliveries: z.array(z.looseObject({ error: z.string().nullable(), status: z.number().nullable() })),
});
/** A person writes; what the app said then and there, once every answer is there. */
async function write(
  channel: string,
  text: string,
  threadTs?: string,
): Promise<{ ts: string; answers: Awaited<ReturnType<TestSlack['read']>> }> {
  const before = (await slack.read(channel)).length;
  const said = Said.parse(
    await slack.act({
      operation: 'say',
      channel,
      text,
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    }),
  );
  for (const { error } of said.deliveries) assert.equal(error, null);
  await settled();
  return { ts: said.ts, answers: (await slack.read(channel)).slice(before) };
}

test('a mention is answered in its thread with the card, and one in a thread there', async () => {
  const { ts, answers } = await write('sales', `@Fieldnote ${first()}`);
  assert.equal(answers.length, 1);
  const [card] = answers;
  assert.ok(card !== undefined);
  assert.equal(card.thread_ts, ts);
  assert.match(textOf(card), /refresh/);
  const again = await write('sales', `@Fieldnote compare ${scored.slice(0, 2).join(' and ')}`, ts);
  assert.deepEqual(
    again.answers.map(({ thread_ts: thread }) => thread),
    [ts],
  );
  assert.match(textOf(again.answers[0] ?? { text: '', blocks: [] }), /show_card/);
});

test('a direct message is answered there, a new company with progress that becomes the answer', async () => {
  const { answers } = await write('app', fresh);
  assert.equal(answers.length, 1);
  assert.equal(answers[0]?.thread_ts, undefined);
  assert.match(textOf(answers[0] ?? { text: '', blocks: [] }), /refresh/);
});

test('a pitch that is asked for in a direct message comes with its PDF', async () => {
  const { answers } = await write('app', `pitch ${first()}`);
  const [pitch, file] = answers;
  assert.match(textOf(pitch ?? { text: '', blocks: [] }), /Pitch for/);
  assert.equal(file?.thread_ts, pitch?.ts);
  assert.match(JSON.stringify(file?.files), /\.pdf/);
});

test('who types that they want alerts gets a button to set them, and no company of that name', async () => {
  for (const text of ['score alerts', 'alerts', '/score alert settings']) {
    const { answers } = await write('app', text);
    assert.match(textOf(answers[0] ?? { text: '', blocks: [] }), /Alerts in a channel.*channel_alerts/, text);
  }
  const { ts, answers } = await write('sales', '@Fieldnote score alerts');
  assert.equal(answers[0]?.thread_ts, ts);
  assert.equal((await slack.click('channel_alerts', 'sales', answers[0]?.ts)).error, null);
  const closed = await slack.act({ operation: 'close' });
  assert.equal(closed, null);
});

test('what is typed behind /score but fits another command is answered as that one', async () => {
  const { answers } = await write('app', `score compare ${scored.slice(0, 2).join(' ')}`);
  assert.match(textOf(answers[0] ?? { text: '', blocks: [] }), /show_card/);
  const command = await slack.command(`/score pitch ${first()}`);
  assert.match(JSON.stringify(command.answer), /The pitch for/);
  await settled();
});

test('a direct message that names no company is answered with how to ask; a mention that names none is not', async () => {
  const { answers } = await write('app', 'good morning');
  assert.match(textOf(answers[0] ?? { text: '', blocks: [] }), /What you can ask/);
  const before = await replies();
  assert.deepEqual((await write('sales', 'we could ask @Fieldnote about them')).answers, []);
  assert.equal(await replies(), before);
  assert.equal((await write('sales', '@Fieldnote help')).answers.length, 1);
});

test('a name that fits several companies asks which, in the thread, and the click answers in its place', async () => {
  const [a, b] = scored;
  await database.rows(`update companies set name = 'Twin Peaks ' || domain where domain = any($1)`, [[a, b]]);
  const { ts, answers } = await write('sales', '@Fieldnote score twin peaks');
  assert.equal(answers.length, 1);
  assert.match(textOf(answers[0] ?? { text: '', blocks: [] }), /choose_score/);
  const clicked = await slack.click('choose_score:1', 'sales', answers[0]?.ts);
  assert.equal(clicked.error, null);
  await settled();
  const shown = (await slack.read('sales')).find((one) => one.ts === answers[0]?.ts);
  assert.ok(shown !== undefined);
  assert.equal(shown.thread_ts, ts);
  assert.match(textOf(shown), /refresh/);
  // Called by its whole name it needs no verb.
  const named = await write('app', `Twin Peaks ${a}`);
  assert.match(textOf(named.answers[0] ?? { text: '', blocks: [] }), /refresh/);
  const unknown = await write('app', 'score Nobody Knows Them');
  assert.match(textOf(unknown.answers[0] ?? { text: '', blocks: [] }), /No company here is called/);
});

test('an answer to a mention whose posting was not confirmed stands once in the thread', async () => {
  await setFaults(slack.twin.url, { rateLost: 1, only: ['chat.postMessage'], limit: 1 });
  const { ts, answers } = await write('sales', `@Fieldnote ${first()}`);
  assert.deepEqual(
    answers.map(({ thread_ts: thread }) => thread),
    [ts],
  );
});

/** An event as Slack sends it. */
async function send(event: Record<string, unknown>, retry?: number): Promise<number> {
  const [team] = slack.twin.state.teams;
  const channel = [...(team?.channels.values() ?? [])].find(({ kind }) => kind === 'im');
  const [user] = [...(team?.people.values() ?? [])].filter(({ name }) => name === slack.rep);
  const { id = `Ev${Math.random()}`, ...rest } = event;
  const body = JSON.stringify({
    type: 'event_callback',
    team_id: team?.id,
    api_app_id: 'A1',
    event_id: id,
    event: {
      type: 'message',
      channel: channel?.id,
      channel_type: 'im',
      user: user?.id,
      text: first(),
      ts: '1.1',
      ...rest,
    },
  });
  const { status } = await fetch(slack.requestUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(retry === undefined ? {} : { 'x-slack-retry-num': String(retry) }),
      ...signBody(SIGNING_SECRET, body, Math.floor(Date.now() / 1000)),
    },
    body,
  });
  return status;
}

test('an event that Slack repeats makes one answer', async () => {
  const before = await replies();
  for (const retry of [undefined, 1, 2]) assert.equal(await send({ id: 'EvRepeated' }, retry), 200);
  assert.equal(await replies(), before + 1);
  await settled();
});

test('nothing is answered that no person of the Slack workspace just wrote', async () => {
  const before = await replies();
  const others: Record<string, unknown>[] = [
    { subtype: 'message_changed', message: { text: 'acme.com' } },
    { subtype: 'message_deleted', user: undefined },
    { subtype: 'bot_message', bot_id: 'B1' },
    { bot_id: 'B1' },
    { edited: { user: 'U1', ts: '1.2' } },
    { user: slack.bot },
    { channel_type: 'channel' },
    { type: 'app_mention', channel_type: undefined, edited: { user: 'U1', ts: '1.2' } },
  ];
  for (const event of others) assert.equal(await send(event), 200, JSON.stringify(event));
  assert.equal(await replies(), before);
});
