import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openWeb } from '../../src/cli/web.ts';
import { openRows, setFaults, until } from '../e2e/faults/observe.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

// FIELDNOTE_SLACK_LLM_SECONDS is how long the LLM takes for each of its two answers, silent until then: 45 is the full size (90 s a company), and 90
// each is waited for as well.
const LLM_SECONDS = Number(process.env.FIELDNOTE_SLACK_LLM_SECONDS ?? 4);

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
let domains: string[];

before(async () => {
  slack = await openSlack({ llm: true });
  database = await openRows(slack.system);
  domains = slack.system.sandbox.world.companies.map(({ domain }) => domain);
});
after(async () => {
  await database.close();
  await slack.close();
});

const take = (): string => domains.shift() ?? assert.fail('the world has no company left');
const runs = async (): Promise<number> => {
  const [found] = await database.rows<{ n: string }>(
    `select count(*) as n from runs where kind = 'interactive'`,
  );
  return Number(found?.n);
};
const answered = async (): Promise<boolean> => {
  const open = await database.rows(`select id from slack_replies where state = 'open'`);
  return open.length === 0;
};

test('with a slow model, its worker killed half-way and Slack asking twice, a command is acknowledged at once and one message becomes the answer', async (context) => {
  const domain = take();
  await setFaults(slack.system.sandbox.twins.llm.url, { latencyMs: LLM_SECONDS * 1_000 });
  const first = slack.system.spawnWorker(slack.environment);
  await first.ready;
  slack.twin.configure({ duplicates: true });
  const began = Date.now();
  const delivery = await slack.command(`/score ${domain}`);
  slack.twin.configure({ duplicates: false });
  assert.equal(delivery.error, null);
  const deliveries = (): unknown[] => z.array(z.unknown()).parse(slack.twin.dump().deliveries);
  await until('Slack has heard the same twice', () => deliveries().length === 2);
  const said = JSON.stringify(deliveries()).match(/the answer comes here/g);
  assert.equal(said?.length, 1, 'said once');

  const stages = new Set<string>();
  const look = async (): Promise<boolean> => {
    const said = (await slack.read()).map(textOf).filter((text) => text.includes('▸'));
    for (const text of said) stages.add(/▸ ([^"…]+)/.exec(text)?.[1]?.trim() ?? '');
    return stages.has('Finding what matters in it');
  };
  await until('progress shows that the sources are being read', look);
  first.process.kill('SIGKILL');
  const second = slack.system.spawnWorker(slack.environment);
  await second.ready;
  // Each of two answers may be asked for three times.
  await until('the answer is there', answered, 120_000 + 8 * LLM_SECONDS * 1_000);
  const [read] = await database.rows<{ method: string }>('select method from extractions');
  context.diagnostic(
    `acknowledged after ${delivery.ackMs} ms, answered after ${((Date.now() - began) / 1000).toFixed(0)} s by ${read?.method}; seen: ${[...stages].join(', ')}`,
  );

  const messages = (await slack.read()).filter(({ is_ephemeral: alone }) => alone !== true);
  assert.equal(messages.length, 1, 'one message, for all to see');
  const [card] = messages;
  assert.ok(card !== undefined);
  assert.match(textOf(card), /refresh/);
  assert.doesNotMatch(textOf(card), /▸/);
  assert.equal(await runs(), 1);
  assert.equal((await database.rows('select from slack_replies')).length, 1);
  await setFaults(slack.system.sandbox.twins.llm.url, {});
});

test('a stored score comes in the reply to the command', async () => {
  const [scored] = await database.rows<{ domain: string }>('select domain from companies limit 1');
  const before = await runs();
  const delivery = await slack.command(`/score https://www.${scored?.domain}/about`);
  assert.equal(delivery.error, null);
  assert.match(JSON.stringify(delivery.answer), /refresh/);
  assert.equal(await runs(), before);
});

test('a command that Slack sends twice makes one run and one answer', async () => {
  const domain = take();
  const before = await runs();
  slack.twin.configure({ duplicates: true });
  await slack.command(`/score ${domain}`);
  slack.twin.configure({ duplicates: false });
  await until('the answer is there', answered);
  assert.equal(await runs(), before + 1);
  const [run] = await database.rows<{ by: string }>(
    `select started_via || ' ' || started_by as by from runs order by created_at desc limit 1`,
  );
  assert.match(run?.by ?? '', /^slack \S+@\S+$/, 'known by their address once the answer is there');
  const replies = await database.rows('select id from slack_replies');
  assert.equal(replies.length, before + 1);
});

test('where the app is no member of the channel, the person who asked sees progress and one answer', async () => {
  const domain = take();
  await slack.command(`/score ${domain}`, 'general');
  await until('the answer is there', answered);
  const messages = await slack.read('general');
  assert.ok(messages.every(({ is_ephemeral: alone }) => alone === true));
  assert.equal(messages.filter((message) => textOf(message).includes('refresh')).length, 1);
  assert.ok(messages.length <= 4, `${messages.length} messages`);
});

test('several companies come side by side', async () => {
  const [one, two] = [take(), take()];
  await slack.command(`/compare ${one} vs ${two}`);
  await until('the answer is there', answered);
  const last = (await slack.read()).at(-1);
  assert.ok(last !== undefined);
  assert.match(textOf(last), /show_card/);
});

test('a name that fits several companies asks which, and the click answers in its place', async () => {
  const [a, b] = await database.rows<{ id: string; domain: string }>(
    `select c.id, c.domain from companies c join scores s on s.company_id = c.id where s.current order by c.domain limit 2`,
  );
  assert.ok(a !== undefined && b !== undefined);
  await database.rows(`update companies set name = 'Twin Peaks ' || domain where id = any($1)`, [
    [a.id, b.id],
  ]);
  const asked = await slack.command('/score twin peaks', 'general');
  assert.match(JSON.stringify(asked.answer), /choose_score/);
  const clicked = await slack
    .click('choose_score:1', 'general')
    .catch(() => slack.click('choose_score', 'general'));
  assert.equal(clicked.error, null);
  await until('the answer is there', answered);
  const shown = (await slack.read('general')).at(-1);
  assert.ok(shown !== undefined);
  assert.match(textOf(shown), /refresh/);
  assert.doesNotMatch(textOf(shown), /choose_score/);
});

test('what can not be answered says why, and what to do', async () => {
  const unknown = await slack.command('/score Nobody Knows Them');
  assert.match(JSON.stringify(unknown.answer), /No company here is called “Nobody Knows Them”/);
  const mailbox = await slack.command('/score jo@gmail.com');
  assert.match(JSON.stringify(mailbox.answer), /mailbox provider/);
  const help = await slack.command('/score');
  assert.match(JSON.stringify(help.answer), /What you can ask/);
  const domain = take();
  await database.rows(
    `insert into companies (workspace_id, domain, name, website, excluded_because)
     values ($1, $2, $2, 'https://' || $2, 'a customer: Type is Customer - Direct')
     on conflict (workspace_id, domain) do update set excluded_because = excluded.excluded_because`,
    [slack.app.homeWorkspaceId, domain],
  );
  const excluded = await slack.command(`/score ${domain}`);
  assert.match(JSON.stringify(excluded.answer), /left out: a customer/);
});

test('once the month’s money is spent, only what is stored is answered', async () => {
  const [scored] = await database.rows<{ domain: string }>(
    `select c.domain from companies c join scores s on s.company_id = c.id where s.current and c.excluded_because is null limit 1`,
  );
  await database.rows(
    `insert into usage (workspace_id, provider, operation, ok, requests, milliseconds, usd) values ($1, 'tavily', 'search', true, 1, 1, 100)`,
    [slack.app.homeWorkspaceId],
  );
  const before = await runs();
  const poor = await slack.system.openApp({
    worker: false,
    environment: { ...slack.environment, MONTHLY_BUDGET_USD: '50' },
  });
  const web = await openWeb(poor, { elseAnyPort: false });
  slack.twin.configure({ requestUrl: `http://127.0.0.1:${web.port}/slack/events` });
  const refused = await slack.command(`/score ${take()}`);
  assert.match(JSON.stringify(refused.answer), /budget of \$50 is spent/);
  const stored = await slack.command(`/score ${scored?.domain}`);
  assert.match(JSON.stringify(stored.answer), /refresh/);
  assert.equal(await runs(), before);
  await web.close();
});
