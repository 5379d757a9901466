import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectAndSync } from '../harness/system.ts';
import { openRows, setFaults, until } from '../e2e/faults/observe.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
/** Companies of the person's book, and one that is in nobody's. */
let mine: string[];
let stranger: string;

before(async () => {
  slack = await openSlack({ limit: 40 });
  database = await openRows(slack.system);
  await connectAndSync(slack.app);
  const worker = await slack.system.openApp({ worker: true, environment: slack.environment });
  await worker.startWorker({ schedule: false });
  const owned = await database.rows<{ domain: string }>(
    `select distinct c.domain from companies c join records r on r.company_id = c.id
       join crm_users u on u.connection_id = r.connection_id and u.external_id = r.owner_id
     where u.email = $1 and c.excluded_because is null order by c.domain limit 3`,
    [`${slack.rep}@fieldnote-sandbox.example`],
  );
  mine = owned.map(({ domain }) => domain);
  assert.equal(mine.length, 3);
  const known = await database.rows<{ domain: string }>('select domain from companies');
  const domains = new Set(known.map(({ domain }) => domain));
  stranger =
    slack.system.sandbox.world.companies.find(({ domain }) => !domains.has(domain))?.domain ??
    'nobody.example';
  await slack.command(`/score ${mine.join(' ')}`);
  await answered();
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
const homeOf = (): unknown => {
  const [team] = slack.twin.state.teams;
  const [user] = [...(team?.people.values() ?? [])].filter(({ name }) => name === slack.rep);
  return slack.twin.state.home(team?.id ?? '', user?.id ?? '')?.view ?? null;
};
const lastOf = async (channel: string): Promise<string> =>
  textOf((await slack.read(channel)).at(-1) ?? { text: '', blocks: [] });

test('the owners of both CRMs are known by their address', async () => {
  const rows = await database.rows<{ kind: string; n: string }>(
    `select c.kind, count(*) as n from crm_users u join connections c on c.id = u.connection_id
     where u.email like '%@fieldnote-sandbox.example' group by c.kind order by c.kind`,
  );
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ['hubspot', 'salesforce'],
  );
});

test('a card says where the company stands in the book of who asks, and whether it is in a CRM', async () => {
  const own = JSON.stringify((await slack.command(`/score ${mine[0]}`)).answer);
  assert.match(own, /of your 3/);
  assert.match(own, /open_(salesforce|hubspot)/);
  await slack.command(`/score ${stranger}`);
  await answered();
  const card = await lastOf('sales');
  assert.doesNotMatch(card, /of your 3/);
  assert.match(card, /in no CRM|not in (the|any|your) CRM/i);
});

test('the Home tab shows the accounts of the person and takes what they want to hear', async () => {
  await slack.act({ operation: 'open home' });
  await until('the Home tab is there', () => homeOf() !== null);
  assert.match(JSON.stringify(homeOf()), new RegExp(mine[0] ?? '-'));
  await slack.act({ operation: 'click in view', action_id: 'mute', choice: '24' });
  await until('the Home tab says that alerts are muted', () => JSON.stringify(homeOf()).includes('unmute'));
  await slack.act({ operation: 'click in view', action_id: 'unmute' });
  await until('the Home tab offers to mute again', () => !JSON.stringify(homeOf()).includes('unmute'));
});

test('who watches a company hears once when its score moves, also when Slack’s answer is lost', async () => {
  await slack.command(`/score ${stranger}`, 'general');
  const clicked = await slack.click('watch', 'general');
  assert.equal(clicked.error, null);
  await answered();
  assert.match(await lastOf('general'), /You watch/);
  // It scored less yesterday.
  await database.rows(
    `insert into scores (workspace_id, company_id, extraction_id, model, model_version, as_of, status, score, band, confidence,
       reasons, missing, current)
     select workspace_id, company_id, extraction_id, model, model_version, as_of - 1, 'scored', coalesce(score, 40) - 30, 'D', confidence,
       reasons, missing, false
     from scores where current and company_id = (select id from companies where domain = $1)`,
    [stranger],
  );
  await setFaults(slack.twin.url, { rateLost: 1, only: ['chat.postMessage'], limit: 1 });
  await slack.command(`/score ${stranger}`, 'general');
  await slack.click('refresh', 'general');
  await answered();
  await until('the alert is out', async () => {
    const open = await database.rows(`select from slack_alerts where state = 'sent'`);
    return open.length === 1;
  });
  const direct = await slack.read('app');
  assert.equal(direct.length, 1);
  assert.match(textOf(direct[0] ?? { text: '', blocks: [] }), /\+30|30/);
  await setFaults(slack.twin.url, {});
});

test('a company that moved by a few points into another band is told, and the Home tab says what it moved by', async () => {
  const [domain] = mine.slice(1);
  const [current] = await database.rows<{ reasons: { kind: string; label: string; quote: string | null }[] }>(
    `select reasons from scores where current and company_id = (select id from companies where domain = $1)`,
    [domain],
  );
  const { reasons } = current ?? assert.fail('it has no score');
  const came = reasons.find(({ quote }) => quote !== null) ?? assert.fail('it has no signal');
  await database.rows(
    `insert into scores (workspace_id, company_id, extraction_id, model, model_version, as_of, status, score, band, confidence,
       reasons, missing, current)
     select workspace_id, company_id, extraction_id, model, model_version, as_of - 1, 'scored', score - 1,
       case band when 'A' then 'B' else 'A' end, confidence, $2, missing, false
     from scores where current and company_id = (select id from companies where domain = $1)`,
    [domain, JSON.stringify(reasons.filter(({ kind }) => kind !== came.kind))],
  );
  const sent = async (): Promise<number> =>
    (await database.rows(`select from slack_alerts where state = 'sent'`)).length;
  const before = await sent();
  await slack.command(`/score ${domain}`, 'general');
  await slack.click('refresh', 'general');
  await answered();
  await until('the alert is out', async () => (await sent()) === before + 1);
  assert.match(await lastOf('app'), /\+1\.0, was/);
  await slack.act({ operation: 'open home' });
  await until('the Home tab says why', () => JSON.stringify(homeOf()).includes(`new: ${came.label}`));
});

test('“Wrong?” takes a vote with its reason, which the company’s page shows', async () => {
  await slack.command(`/score ${mine[0]}`, 'general');
  const clicked = await slack.click('wrong', 'general');
  assert.equal(clicked.error, null);
  const sent = await slack.act({
    operation: 'submit',
    values: { vote_reason_choice: 'wrong-claim', vote_note_text: 'They <b>sold</b> that unit in May.' },
  });
  assert.doesNotMatch(JSON.stringify(sent), /trouble":"/);
  const votes = await database.rows<{ reason: string; note: string; voter: string }>(
    'select reason, note, voter from votes',
  );
  assert.deepEqual(votes, [
    {
      reason: 'wrong-claim',
      note: 'They <b>sold</b> that unit in May.',
      voter: `${slack.rep}@fieldnote-sandbox.example`,
    },
  ]);
  const base = new URL(slack.requestUrl).origin;
  const page = await (await fetch(`${base}/companies/${mine[0]}`)).text();
  assert.match(page, /What people say is wrong/);
  assert.match(page, /They &lt;b&gt;sold&lt;\/b&gt; that unit in May\./);
});

test('the text of a card’s pitch comes beside it, for who asked alone', async () => {
  await slack.command(`/score ${mine[0]}`, 'general');
  const clicked = await slack.click('pitch', 'general');
  assert.equal(clicked.error, null);
  await answered();
  const answer = (await slack.read('general')).at(-1);
  assert.ok(answer !== undefined);
  assert.equal(answer.is_ephemeral, true);
  assert.match(textOf(answer), /Pitch for/);
});

test('the shortcut scores the company that a message names, for who asked alone', async () => {
  await slack.act({ operation: 'say', channel: 'general', text: `Has anybody talked to jo@${mine[1]} yet?` });
  const [team] = slack.twin.state.teams;
  const channel = [...(team?.channels.values() ?? [])].find(({ name }) => name === 'general');
  const said = slack.twin.state
    .messages(team?.id ?? '', channel?.id ?? '')
    .findLast(({ text }) => text.includes('jo@'));
  await slack.act({ operation: 'shortcut', callback_id: 'score_message', channel: 'general', ts: said?.ts });
  await answered();
  const answer = (await slack.read('general')).at(-1);
  assert.ok(answer !== undefined);
  assert.equal(answer.is_ephemeral, true);
  assert.match(textOf(answer), new RegExp(mine[1] ?? '-'));
});

test('a link to our own page shows what it is about; others show nothing', async () => {
  slack.twin.configure({ unfurlDomains: ['127.0.0.1'] });
  const ours = `${slack.app.config.publicUrl}/companies/${mine[2]}`;
  await slack.act({
    operation: 'say',
    channel: 'sales',
    text: `<${ours}> and <${slack.app.config.publicUrl}/settings>`,
  });
  const unfurls = (): unknown[] => {
    const [team] = slack.twin.state.teams;
    const channel = [...(team?.channels.values() ?? [])].find(({ name }) => name === 'sales');
    return slack.twin.state.messages(team?.id ?? '', channel?.id ?? '').flatMap((message) => message.unfurls);
  };
  await until('the preview is there', () => unfurls().length > 0);
  assert.equal(unfurls().length, 1);
  assert.match(JSON.stringify(unfurls()), new RegExp(mine[2] ?? '-'));
});

test('a card that is asked for in the Home tab comes as a direct message', async () => {
  await slack.act({ operation: 'open home' });
  const before = (await slack.read('app')).length;
  const listed =
    /"(show_card(?::\d+)?)"/.exec(JSON.stringify(homeOf()))?.[1] ?? assert.fail('no card to ask for');
  await slack.act({ operation: 'click in view', action_id: listed });
  await answered();
  const direct = await slack.read('app');
  assert.equal(direct.length, before + 1);
  assert.match(textOf(direct.at(-1) ?? { text: '', blocks: [] }), /refresh/);
});
