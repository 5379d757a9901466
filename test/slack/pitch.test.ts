import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { z } from 'zod';
import { saveTemplate } from '../../src/pipeline/6-pitch/template-library.ts';
import { openRows, setFaults, until } from '../e2e/faults/observe.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
let domains: string[];

before(async () => {
  slack = await openSlack({ limit: 12 });
  database = await openRows(slack.system);
  const worker = await slack.system.openApp({ worker: true, environment: slack.environment });
  await worker.startWorker({ schedule: false });
  domains = slack.system.sandbox.world.companies.map(({ domain }) => domain);
  await slack.command(`/score ${domains.slice(0, 8).join(' ')}`, 'general');
  await settled();
  const scored = await database.rows<{ domain: string }>(
    `select c.domain from companies c join scores s on s.company_id = c.id where s.current and s.status = 'scored' order by 1`,
  );
  domains = scored.map(({ domain }) => domain);
});
beforeEach(async () => {
  await setFaults(slack.twin.url, {});
});
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
const told: string[] = [];
const take = (): string => {
  const domain = domains.shift() ?? assert.fail('the world has no scored company left');
  told.push(domain);
  return domain;
};

const WithFile = z.looseObject({
  ts: z.string(),
  thread_ts: z.string().optional(),
  files: z.array(z.object({ id: z.string(), name: z.string(), url_private: z.string() })).default([]),
});
const filesIn = async (channel: string): Promise<z.infer<typeof WithFile>[]> =>
  z
    .array(WithFile)
    .parse(await slack.read(channel))
    .filter(({ files }) => files.length > 0);
const about = (files: z.infer<typeof WithFile>[], domain: string): z.infer<typeof WithFile>[] =>
  files.filter(({ files: [file] }) => file?.name === `${domain}.pdf`);

test('/pitch puts the text into the channel and the PDF into its thread, the very bytes of our page', async () => {
  const domain = take();
  const delivery = await slack.command(`/pitch ${domain}`);
  assert.equal(delivery.error, null);
  assert.match(JSON.stringify(delivery.answer), /The pitch for/);
  await settled();
  const text = (await slack.read()).find((message) => /"Pitch for/.test(textOf(message)));
  const [message, ...more] = about(await filesIn('sales'), domain);
  assert.equal(more.length, 0);
  assert.equal(message?.thread_ts, text?.ts);
  const inSlack = Buffer.from(await (await fetch(message?.files[0]?.url_private ?? '')).arrayBuffer());
  const page = await fetch(`${new URL(slack.requestUrl).origin}/companies/${domain}/pitch.pdf`);
  assert.ok(inSlack.equals(Buffer.from(await page.arrayBuffer())));
});

test('a card’s button puts the PDF into the thread of the card, and the text before who clicked', async () => {
  const domain = take();
  await slack.act({ operation: 'say', channel: 'sales', text: 'Who knows them?' });
  await slack.command(`/score ${domain}`);
  const card = (await slack.read()).at(-1);
  assert.notEqual(card?.is_ephemeral, true);
  await slack.click('pitch');
  await settled();
  const [message] = about(await filesIn('sales'), domain);
  assert.equal(message?.thread_ts, card?.ts);
  const alone = (await slack.read()).filter((one) => one.is_ephemeral === true);
  assert.match(textOf(alone.at(-1) ?? { text: '', blocks: [] }), /Pitch for/);
});

test('where the app is no member the PDF comes as a direct message', async () => {
  const domain = take();
  await slack.command(`/pitch ${domain}`, 'general');
  await settled();
  assert.deepEqual(about(await filesIn('general'), domain), []);
  assert.equal(about(await filesIn('app'), domain).length, 1);
});

test('it comes once, also when Slack’s answer is lost', async () => {
  const domain = take();
  await setFaults(slack.twin.url, { rateLost: 1, only: ['files.completeUploadExternal'], limit: 1 });
  await slack.command(`/pitch ${domain}`);
  await settled();
  assert.equal(about(await filesIn('sales'), domain).length, 1);
});

test('it comes once, also when its worker dies before it could note that it is there', async () => {
  const domain = take();
  await slack.command(`/pitch ${domain}`);
  await settled();
  const [file] = await database.rows<{ id: string; workspaceId: string }>(
    `update slack_files set state = 'open' where id = (select id from slack_files order by asked_at desc limit 1)
     returning id, workspace_id as "workspaceId"`,
  );
  assert.ok(file !== undefined);
  await slack.app.db.inWorkspace(file.workspaceId, (tx) =>
    slack.app.queue.requestSlack(tx, { workspaceId: file.workspaceId, fileId: file.id }),
  );
  await settled();
  assert.equal(about(await filesIn('sales'), domain).length, 1);
});

test('a limit of Slack’s puts it off and does not lose it', async () => {
  const domain = take();
  await setFaults(slack.twin.url, { rate429: 1, only: ['files.getUploadURLExternal'], limit: 2 });
  await slack.command(`/pitch ${domain}`);
  await settled();
  assert.equal(about(await filesIn('sales'), domain).length, 1);
});

test('a PDF that Slack refuses is said, with where it is instead; the text stands', async () => {
  const domain = take();
  slack.twin.configure({ mostFileBytes: 1_000 });
  await slack.command(`/pitch ${domain}`);
  await settled();
  slack.twin.configure({ mostFileBytes: 20_000_000 });
  assert.deepEqual(about(await filesIn('sales'), domain), []);
  const said = textOf((await slack.read()).at(-1) ?? { text: '', blocks: [] });
  assert.match(said, /did not take the PDF.*file_upload_size_restricted/);
  assert.match(said, /how large files may be/);
  assert.match(said, new RegExp(`companies/${domain}/pitch\\.pdf`));
});

/** A company whose own pitch was told already. */
const again = (): string => told.shift() ?? assert.fail('no company has a pitch yet');
type Made = { id: string; template: string; version: number; current: boolean };
const pitchesOf = (domain: string): Promise<Made[]> =>
  database.rows<Made>(
    `select p.id, p.template, p.version, p.current from pitches p join companies c on c.id = p.company_id
     where c.domain = $1 order by p.written_at`,
    [domain],
  );
const lastSaid = async (channel = 'sales'): Promise<string> => {
  const said = (await slack.read(channel)).filter((one) =>
    /"(No )?[Pp]itch for|There is no|▸/.test(textOf(one)),
  );
  return textOf(said.at(-1) ?? { text: '', blocks: [] });
};

test('a template that is named makes a pitch beside the company’s own, and the PDF is of that one', async () => {
  const domain = again();
  const before = await pitchesOf(domain);
  await slack.command(`/pitch ${domain} technical`);
  await settled();
  assert.match(await lastSaid(), /template technical, version 1/);
  const made = (await pitchesOf(domain)).filter(({ template }) => template === 'technical');
  assert.equal(made.length, 1);
  assert.equal(made[0]?.current, false);
  const [file] = await database.rows<{ pitchId: string; state: string }>(
    'select pitch_id as "pitchId", state from slack_files order by asked_at desc limit 1',
  );
  assert.deepEqual(file, { pitchId: made[0]?.id, state: 'sent' });
  // Asked for again from the same evidence it is the same one.
  await slack.command(`/pitch ${domain} with the Technical template`);
  await settled();
  assert.equal((await pitchesOf(domain)).length, before.length + 1);
  const [request] = await database.rows<{ askedBy: string; pitchId: string }>(
    'select asked_by as "askedBy", pitch_id as "pitchId" from pitch_requests order by asked_at desc limit 1',
  );
  assert.equal(request?.pitchId, made[0]?.id);
  assert.match(request.askedBy, /@|^U/);
});

test('a template of the workspace’s own is taken by its name or title, also behind a company’s name', async () => {
  const domain = again();
  const { workspaceId } = slack.app;
  await slack.app.db.inWorkspace(workspaceId, (tx) =>
    saveTemplate(tx, workspaceId, {
      name: 'board-letter',
      source: '{{! Letter to the board: for large accounts }}Dear board of {{company.name}},',
    }),
  );
  await database.rows(`update companies set name = 'Whistling Kettle' where domain = $1`, [domain]);
  for (const text of [
    `/pitch ${domain} board-letter`,
    `/pitch ${domain} as a letter to the board`,
    '/pitch Whistling Kettle board letter',
  ]) {
    await slack.command(text);
    await settled();
    assert.match(await lastSaid(), /template board-letter, version 1.*/, text);
    assert.match(await lastSaid(), /Dear board of Whistling Kettle/, text);
  }
});

test('a template that is not there is answered with the nearest one that is, and makes nothing', async () => {
  const domain = again();
  const before = (await pitchesOf(domain)).length;
  const { answer } = await slack.command(`/pitch ${domain} tecnical`);
  assert.match(JSON.stringify(answer), /There is no template “tecnical”. Did you mean technical\?/);
  assert.match(JSON.stringify(answer), /battlecard/);
  assert.equal((await pitchesOf(domain)).length, before);
});

test('a company that was never scored is scored first, and what stands in the way of its pitch is said', async () => {
  const [fresh] = slack.system.sandbox.world.companies.slice(8).map(({ domain }) => domain);
  await slack.command(`/pitch ${fresh} concise`);
  await settled();
  assert.match(await lastSaid(), /template concise, version 1/);
  await database.rows(
    `update scores set status = 'not-enough-evidence', score = null, band = null, why = 'nothing could be read'
     where current and company_id = (select id from companies where domain = $1)`,
    [fresh],
  );
  await slack.command(`/pitch ${fresh} technical`);
  await settled();
  const said = textOf((await slack.read()).at(-1) ?? { text: '', blocks: [] });
  assert.match(said, /No pitch for .*nothing could be read/);
});
