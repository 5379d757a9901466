import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { z } from 'zod';
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
const take = (): string => domains.shift() ?? assert.fail('the world has no scored company left');

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
