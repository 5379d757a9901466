import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { listModels } from '../../src/pipeline/6-pitch/choose-model.ts';
import { createWebServer } from '../../src/web/server.ts';
import { openBrowser } from '../harness/browser.ts';
import type { Browser } from '../harness/browser.ts';
import type { BrowserPage } from '../harness/browser-page.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { openTwinTap } from '../harness/twin-tap.ts';

let system: System;
let app: App;
let browser: Browser;
let server: ReturnType<typeof createWebServer>;
let base: string;
before(async () => {
  system = await startSystem({ limit: 6 });
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  // The port is known only once it listens, and links name it.
  const deps = {
    ...app,
    textModels: listModels(app.connectors.textModel),
    monthlyBudgetUsd: 50,
    metrics: createMetrics(),
    log: createLog('silent'),
  };
  const probe = createWebServer({ ...deps, host: '127.0.0.1', publicUrl: 'http://127.0.0.1' });
  const { port } = await probe.listen(0, '127.0.0.1');
  await probe.close(0);
  base = `http://127.0.0.1:${port}`;
  server = createWebServer({ ...deps, host: '127.0.0.1', publicUrl: base });
  await server.listen(port, '127.0.0.1');
  system.sandbox.twins.hubspot.setCardAddress({ url: base, reachedAt: base });
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await server.close(1_000);
  await system.close();
});

const inside = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => (await tx.query<T & object>(sql, values)).rows);
const findRecord = async (object: 'company' | 'contact', index = 0): Promise<string> => {
  const connection = app.connections.find(({ kind }) => kind === 'hubspot');
  const [record] = await inside<{ id: string }>(
    `select external_id as id from records where connection_id = $1 and object = $2 and company_id is not null
       and excluded_because is null and not deleted and merged_into is null order by external_id limit 1 offset $3`,
    [connection?.id, object, index],
  );
  return record?.id ?? assert.fail(`no ${object}`);
};
const waitUntilUsed = async (): Promise<void> => {
  const deadline = Date.now() + 20_000;
  while ((await inside('select from one_time_links where used_at is not null')).length === 0) {
    assert.ok(Date.now() < deadline, 'nobody opened the link');
    await wait(50);
  }
};
const openCard = async (object: 'company' | 'contact', index = 0): Promise<BrowserPage> => {
  const page = await browser.openPage();
  const query = new URLSearchParams({ object, id: await findRecord(object, index) });
  await page.goto(`${system.sandbox.twins.hubspot.url}/_twin/card?${query.toString()}`);
  await page.waitFor(`document.querySelector('[data-test-id=pitch]:enabled') !== null`);
  return page;
};
const testId = (id: string): string => `[data-test-id=${id}]`;

test('from the card on a HubSpot record a person scores the company and opens its pitch', async () => {
  const page = await openCard('company');
  assert.match(await page.text(), /Not scored yet/);
  await page.click(testId('score-now'));
  await page.waitFor(`document.querySelector('.circle') !== null`);
  await page.waitFor(`document.querySelectorAll('.tab li').length > 0`);
  assert.match(await page.text(), /Band [A-D]/);

  await page.click(testId('pitch'));
  await page.waitFor(`document.querySelector('a[data-test-id=open-pitch]') !== null`);
  const link = String(await page.evaluate(`document.querySelector('a[data-test-id=open-pitch]').href`));
  assert.ok(link.startsWith(`${base}/l/`), link);
  // The tab that the button opens uses the link up; whoever has the browser's cookie comes to the same document.
  await page.click(testId('open-pitch'));
  await page.waitFor(`document.querySelector('button[data-test-id=pitch]') !== null`);
  await waitUntilUsed();
  assert.deepEqual(page.problems, []);
  await page.goto(link);
  const last = page.responses.findLast(({ url }) => url.startsWith(`${base}/opened/`));
  assert.deepEqual([last?.status, last?.mimeType], [200, 'application/pdf']);

  const stranger = await browser.openPage();
  await stranger.goto(link);
  assert.match(await stranger.text(), /does not open anything any more.*press the button again/s);
});

test('the card on a contact is that of its company, with the template of one’s choice', async () => {
  const page = await openCard('contact');
  await page.click(testId('score-now'));
  await page.waitFor(`document.querySelector('.circle') !== null`);
  await page.evaluate(`(() => {
    const select = document.querySelector('[data-test-id=template]');
    select.value = 'executive';
    select.dispatchEvent(new Event('change', { bubbles: true }));
  })()`);
  await page.click(testId('pitch'));
  await page.waitFor(`document.querySelector('a[data-test-id=pitch-link]') !== null`);
  const [asked] = await inside<{ template: string; object: string; askedBy: string }>(
    `select target->>'template' as template, record->>'object' as object, asked_by as "askedBy" from one_time_links
     order by issued_at desc limit 1`,
  );
  assert.deepEqual(asked, {
    template: 'executive',
    object: 'contact',
    askedBy: 'ada.reyes@fieldnote-sandbox.example',
  });
  assert.deepEqual(page.problems, []);
});

test('a link of the card that is forged or came too late opens nothing, and says what to do', async () => {
  const page = await openCard('company');
  await page.click(testId('pitch'));
  await page.waitFor(`document.querySelector('a[data-test-id=open-pitch]') !== null`);
  const link = String(await page.evaluate(`document.querySelector('a[data-test-id=open-pitch]').href`));
  const visitor = await browser.openPage();
  const assertRefused = async (address: string, what: string): Promise<void> => {
    await visitor.goto(address);
    assert.match(await visitor.text(), /does not open anything any more.*press the button again/s, what);
  };
  await assertRefused(link.slice(0, -1) + (link.endsWith('A') ? 'B' : 'A'), 'forged');
  await inside(`update one_time_links set expires_at = now() - interval '1 second' where used_at is null`);
  await assertRefused(link, 'too late');
});

test('a call of the card whose record was edited on its way, or that is not signed by the app, is refused in a sentence', async () => {
  const tap = await openTwinTap(base);
  const { hubspot } = system.sandbox.twins;
  const other = await findRecord('company', 1);
  const page = await openCard('company');
  hubspot.setCardAddress({ url: base, reachedAt: tap.url });
  const before = await inside('select from one_time_links');
  tap.tamper = (call) => ({ ...call, path: call.path.replace(/objectId=\d+/, `objectId=${other}`) });
  await page.click(testId('pitch'));
  await page.waitFor(`document.querySelector('[data-test-id=again]') !== null`);
  assert.match(await page.text(), /signature is not that of a HubSpot app/);
  assert.equal((await inside('select from one_time_links')).length, before.length);

  tap.tamper = null;
  await page.click(testId('again'));
  // What was said goes, and the buttons move up.
  await page.waitFor(`document.querySelector('[data-test-id=again]') === null`);
  await page.click(testId('pitch'));
  await page.waitFor(`document.querySelector('a[data-test-id=open-pitch]') !== null`);
  hubspot.setCardAddress({ url: base, reachedAt: base });
  await tap.close();
});

test('where an answer is lost HubSpot asks again: the card shows it, and nothing is done twice', async () => {
  const tap = await openTwinTap(base);
  const lost: string[] = [];
  tap.at = (moment, { method, path }) => {
    const what = `${method} ${path.replace(/\?.*/, '')}`;
    if (moment === 'before' || method !== 'POST' || lost.includes(what)) return;
    lost.push(what);
    throw new Error('the answer is lost');
  };
  system.sandbox.twins.hubspot.setCardAddress({ url: base, reachedAt: tap.url });
  const count = async () =>
    (
      await inside<{ runs: number; links: number }>(
        `select (select count(*)::int from runs where kind = 'interactive') as runs,
           (select count(*)::int from one_time_links) as links`,
      )
    )[0] ?? assert.fail();
  const before = await count();
  const page = await openCard('company', 1);
  await page.click(testId('score-now'));
  await page.waitFor(`document.querySelector('.circle') !== null`);
  await page.click(testId('pitch'));
  await page.waitFor(`document.querySelector('a[data-test-id=open-pitch]') !== null`);
  assert.deepEqual(lost, ['POST /hubspot/card/score', 'POST /hubspot/card/pitch']);
  assert.deepEqual(await count(), { runs: before.runs + 1, links: before.links + 1 });
  assert.deepEqual(page.problems, []);
  await tap.close();
});

test('while Fieldnote does not answer, the card says so and can be tried again', async () => {
  const { hubspot } = system.sandbox.twins;
  hubspot.setCardAddress({ url: base, reachedAt: 'http://127.0.0.1:9' });
  const page = await browser.openPage();
  const query = new URLSearchParams({ object: 'company', id: await findRecord('company') });
  await page.goto(`${hubspot.url}/_twin/card?${query.toString()}`);
  await page.waitFor(`document.querySelector('[data-test-id=again]') !== null`);
  assert.match(await page.text(), /Fieldnote did not answer/);
  hubspot.setCardAddress({ url: base, reachedAt: base });
  await page.click(testId('again'));
  await page.waitFor(`document.querySelector('[data-test-id=pitch]') !== null`);
});
