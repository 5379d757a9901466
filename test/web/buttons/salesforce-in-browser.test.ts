import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import type { App } from '../../../src/app.ts';
import { SHIPPED_TEMPLATES } from '../../../src/pipeline/6-pitch/template-library.ts';
import { runHere } from '../../cli/run-here.ts';
import { openBrowser } from '../../harness/browser.ts';
import type { Browser } from '../../harness/browser.ts';
import { findThrough, until } from '../../harness/browser-page.ts';
import type { BrowserPage } from '../../harness/browser-page.ts';
import { openFrontDoor } from '../../harness/front-door.ts';
import type { FrontDoor } from '../../harness/front-door.ts';
import { openTwinTap } from '../../harness/twin-tap.ts';
import type { TwinTap } from '../../harness/twin-tap.ts';
import { connectAndSync, startSystem, waitForRun } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { hasProgram, readText } from '../../pipeline/6-pitch/pdf/read-pdf.ts';
import { openWebhookServer } from '../../harness/webhook-server.ts';
import type { WebhookServer } from '../../harness/webhook-server.ts';

let system: System;
let app: App;
let door: FrontDoor;
/** Between the door and our server. */
let tap: TwinTap;
let web: WebhookServer;
let browser: Browser;
let records: { id: string; object: string }[];

before(async () => {
  const environment = { SECRET_KEY: randomBytes(32).toString('base64') };
  system = await startSystem({ limit: 6, environment });
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  door = await openFrontDoor();
  web = await openWebhookServer(app, { publicUrl: door.url });
  tap = await openTwinTap(web.base);
  door.leadTo(Number(new URL(tap.url).port));
  browser = await openBrowser();
  await enterKey();
  records = await query(
    `select external_id as id, object from records where object in ('Account', 'Lead') and company_id is not null
       and excluded_because is null and not deleted and merged_into is null and converted_to is null order by object, domain`,
  );
});
after(async () => {
  await browser.close();
  await tap.close();
  await web.close();
  await door.close();
  await system.close();
});
afterEach(() => system.sandbox.twins.salesforce.kit.clock.set(0));

const query = <T>(sql: string): Promise<T[]> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => (await tx.query<T & object>(sql)).rows);
/** What an administrator does: make a key, enter it with our address in Setup. */
const enterKey = async (): Promise<void> => {
  const key = (await runHere(['connect', 'salesforce', '--button-key'], system.environment)).out.trim();
  const page = await browser.openPage();
  await page.goto(`${system.sandbox.twins.salesforce.url}/_twin/setup`);
  await page.evaluate(`document.querySelector('[name=address]').value = ''`);
  await page.type('[name=address]', door.url);
  await page.evaluate(`document.querySelector('[name=key]').value = ''`);
  await page.type('[name=key]', key);
  await page.click('.setup button');
  await page.waitFor(`document.body.innerText.includes('Saved.')`);
};

const CARD = 'c-fieldnote-card';
const part = (name: string): string => `${CARD} >>> [data-part="${name}"]`;
const look = async (page: BrowserPage, name: string): Promise<string> => {
  await page.waitFor(`${findThrough(part(name))} != null`);
  return String(await page.evaluate(`${findThrough(part(name))}.textContent`));
};
const openRecord = async (index: number): Promise<BrowserPage> => {
  const { id = '', object = '' } = records[index] ?? {};
  const page = await browser.openPage();
  await page.goto(`${system.sandbox.twins.salesforce.url}/_twin/record?object=${object}&id=${id}`);
  await look(page, 'usage');
  return page;
};
/** Presses "Pitch PDF" where the browser holds back the tab: the link that is there instead. */
const askForLink = async (page: BrowserPage): Promise<string> => {
  await page.evaluate('window.open = () => null');
  await page.click(part('pitch'));
  await look(page, 'link');
  return String(await page.evaluate(`${findThrough(part('link'))}.href`));
};
const assertRefused = async (link: string, what: string): Promise<void> => {
  const page = await browser.openPage();
  await page.goto(link);
  assert.match(await page.text(), /does not open anything any more[^]*press the button again/i, what);
};
/** Waits until nothing is being scored: on a busy machine for longer than a page is waited for. */
const waitForScores = async (): Promise<void> => {
  for (const { id } of await query<{ id: string }>(`select id from runs where state = 'running'`))
    await waitForRun(app, id);
};
const isDocument = `document.contentType === 'application/pdf' || document.querySelector('embed') !== null`;

const CHOICE = `document.querySelector('select[name=template]')`;
/** The PDFs of a ZIP, in which they stand as they are. */
function findDocuments(zip: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let from = zip.indexOf('%PDF-'); from >= 0; from = zip.indexOf('%PDF-', from + 1)) {
    const next = zip.indexOf('%PDF-', from + 1);
    const end = zip.lastIndexOf('%%EOF', next < 0 ? zip.length : next);
    found.push(zip.subarray(from, end + 6));
  }
  return found;
}

test('on a record in Salesforce a person presses "Score now", sees the score come, and opens its pitch as a PDF', async () => {
  const page = await openRecord(0);
  assert.match(await look(page, 'says'), /Not scored yet/);
  await page.click(part('score-now'));
  await until(async () => (await query('select from run_items')).length > 0, 'the score is begun');
  await waitForScores();
  assert.match(await look(page, 'score'), /of 100/);
  await page.click(part('pitch'));
  const tab = await browser.findTab(`${door.url}/opened/`);
  await tab.waitFor(isDocument);
  assert.match((await (await fetch(await tab.url())).text()).slice(0, 5), /^%PDF-/);
  await tab.close();
  assert.deepEqual(page.problems, []);
});

test('the action "Pitch PDF" opens the pitch of a lead that has no score yet as soon as it has one', async () => {
  const page = await openRecord(records.findIndex(({ object }) => object === 'Lead'));
  await page.click('#action');
  const tab = await browser.findTab(`${door.url}/opened/`);
  await waitForScores();
  await tab.waitFor(isDocument);
  assert.match((await (await fetch(await tab.url())).text()).slice(0, 5), /^%PDF-/);
  await tab.close();
  assert.deepEqual(page.problems, []);
});

test('where the browser holds back the tab a link stands in the card; it opens once, within five minutes, as it is', async () => {
  const page = await openRecord(0);
  const link = await askForLink(page);
  assert.ok(link.startsWith(`${door.url}/l/`), link);
  await page.click(part('link'));
  const tab = await browser.findTab(`${door.url}/opened/`);
  await tab.waitFor(isDocument);
  await tab.close();
  await page.waitFor(`${findThrough(part('link'))} == null`);
  await assertRefused(link, 'a second time, by another person');
  const late = await askForLink(page);
  await query(`update one_time_links set expires_at = now() - interval '1 second' where used_at is null`);
  await assertRefused(late, 'too late');
  const last = late.at(-1) === 'A' ? 'B' : 'A';
  await assertRefused(late.slice(0, -1) + last, 'forged');
});

test('a call of the card whose record was edited on its way is refused in a sentence, and opens nothing', async () => {
  const page = await openRecord(0);
  const [own = '', other = ''] = [records[0]?.id, records[1]?.id];
  const before = await query('select from one_time_links');
  tap.tamper = (call) => ({ ...call, body: call.body.replaceAll(own, other) });
  try {
    await page.click(part('pitch'));
    assert.match(await look(page, 'problem'), /signature is not that of its key/);
  } finally {
    tap.tamper = null;
  }
  assert.equal((await query('select from one_time_links')).length, before.length);
  await askForLink(page);
});

test('ticked rows of a list become one ZIP, and the page says which have no pitch', async () => {
  const page = await browser.openPage();
  const { url, edit } = system.sandbox.twins.salesforce;
  edit({
    operation: 'create',
    as: 'administrator',
    object: 'Account',
    records: [{ Name: 'No Website Ltd' }],
  });
  const openList = (): Promise<void> => page.goto(`${url}/_twin/list?object=Account`);
  const ask = async (): Promise<string> => {
    await openList();
    await page.evaluate(`document.querySelectorAll('[name=ids]').forEach((box) => { box.checked = true; })`);
    const ticked = Number(await page.evaluate(`document.querySelectorAll('[name=ids]').length`));
    await page.click('header.record button');
    await page.waitFor(`document.body.innerText.includes('${ticked} records are ticked')`);
    await page.click('button[value=ask]');
    await page.waitFor(`document.querySelector('a[target=_blank]') !== null`);
    return String(await page.evaluate(`document.querySelector('a[target=_blank]').href`));
  };
  await openList();
  await page.click('header.record button');
  await page.waitFor(`document.body.innerText.includes('Tick accounts in the list first')`);
  const link = await ask();
  const text = await page.text();
  assert.match(text, /works once, within five minutes[^]*Fieldnote has not read this record yet/);
  await page.click('a[target=_blank]');
  await (await browser.findTab(`${door.url}/opened/`)).close();
  await assertRefused(link, 'a second time');

  const said = Number(/with (\d+) pitches/.exec(text)?.[1]);
  assert.ok(said > 1, `${said} pitches`);
  // Where it is at work on scores first, its page is asked until it is the document.
  const opened = await fetch(await ask(), { method: 'POST', signal: AbortSignal.timeout(20_000) });
  await waitForScores();
  await until(async () => {
    const response = await fetch(opened.url, { signal: AbortSignal.timeout(20_000) });
    const content = Buffer.from(await response.arrayBuffer()).toString('latin1');
    // Stored as they are.
    return content.startsWith('PK') && content.match(/%PDF-1/g)?.length === said;
  }, 'the ZIP holds the pitches');
  assert.deepEqual(page.problems, []);
});

test('for ticked rows a person chooses a template, and the ZIP holds the pitches of that one', async () => {
  const page = await browser.openPage();
  await page.goto(`${system.sandbox.twins.salesforce.url}/_twin/list?object=Account`);
  const ticked = records.filter(({ object }) => object === 'Account').slice(0, 2);
  for (const { id } of ticked) await page.click(`[name=ids][value="${id}"]`);
  await page.click('header.record button');
  await page.waitFor(`${CHOICE} !== null`);
  const shown = `[${CHOICE}.selectedOptions[0].text, ${CHOICE}.options.length]`;
  assert.deepEqual(await page.evaluate(shown), ['Standard', SHIPPED_TEMPLATES.length]);
  await page.evaluate(`${CHOICE}.value = 'executive'`);
  await page.click('button[value=ask]');
  await page.waitFor(`document.querySelector('a[target=_blank]') !== null`);
  assert.match(await page.text(), /Open the ZIP with 2 pitches/);
  const link = String(await page.evaluate(`document.querySelector('a[target=_blank]').href`));
  const opened = await fetch(link, { method: 'POST', signal: AbortSignal.timeout(20_000) });
  let documents: Buffer[] = [];
  await until(async () => {
    const response = await fetch(opened.url, { signal: AbortSignal.timeout(20_000) });
    const content = Buffer.from(await response.arrayBuffer());
    if (content.subarray(0, 2).toString('latin1') !== 'PK') return false;
    documents = findDocuments(content);
    return true;
  }, 'the ZIP is there');
  assert.equal(documents.length, ticked.length);
  const made = `select from pitch_requests where template = 'executive' and state = 'done'`;
  assert.equal((await query(made)).length, ticked.length);
  if (await hasProgram('pdftotext'))
    for (const pdf of documents) assert.match(await readText(pdf), /The pitch .*Template executive/);
  assert.deepEqual(page.problems, []);
});

test('the card says in a sentence why Fieldnote refuses: a wrong clock, a key that was revoked, a record that is gone', async () => {
  const page = await openRecord(0);
  system.sandbox.twins.salesforce.kit.clock.set(-600_000);
  await page.click(part('pitch'));
  assert.match(
    await look(page, 'problem'),
    /timestamp is not within five minutes of now\. Press the button again/,
  );
  system.sandbox.twins.salesforce.kit.clock.set(0);
  await query('update button_keys set revoked_at = now()');
  await page.click(part('pitch'));
  await page.waitFor(`${findThrough(part('problem'))}?.textContent.includes('revoked')`);
  await enterKey();
  await page.click(part('pitch'));
  await browser.findTab(`${door.url}/opened/`);
  system.sandbox.twins.salesforce.edit({ operation: 'delete', as: 'administrator', id: records[0]?.id });
  await page.click(part('score-now'));
  await page.waitFor(`${findThrough(part('problem'))}?.textContent.includes('no access to this record')`);
});
