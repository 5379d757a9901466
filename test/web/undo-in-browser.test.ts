import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { openWeb } from '../../src/cli/web.ts';
import { askForRehearsalWithin, startRun } from '../../src/pipeline/runs.ts';
import { findRun, listRuns } from '../../src/pipeline/store/runs.ts';
import { listRunWrites } from '../../src/pipeline/store/writes-list.ts';
import { setFaults, until } from '../e2e/faults/observe.ts';
import { openBrowser } from '../harness/browser.ts';
import type { Browser } from '../harness/browser.ts';
import type { BrowserPage } from '../harness/browser-page.ts';
import { connectAndSync, runToEnd, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

let system: System;
let app: App;
let base: string;
let page: BrowserPage;
let browser: Browser;
const closers: (() => Promise<void>)[] = [];
before(async () => {
  system = await startSystem({ limit: 4 });
  closers.push(() => system.close());
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  const web = await openWeb(app, { elseAnyPort: true });
  closers.push(() => web.close());
  base = `http://127.0.0.1:${web.port}`;
  browser = await openBrowser();
  closers.push(() => browser.close());
  page = await browser.openPage({ width: 1280, height: 1400 });
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

const within = <T>(act: Parameters<typeof app.db.inWorkspace<T>>[1]): Promise<T> =>
  app.db.inWorkspace(app.workspaceId, act);
const show = async (runId: string, query = ''): Promise<string> => {
  await page.goto(`${base}/runs/${runId}${query}`);
  return page.text();
};

/** Looks at a run's page until it says so. */
async function showUntil(runId: string, words: RegExp): Promise<string> {
  let text = '';
  await until(`the page of run ${runId} says ${words}`, async () => {
    await page.goto(`${base}/runs/${runId}`);
    // A page that waits for something loads itself again, at any moment.
    text = String(await page.evaluate(`document.body?.innerText ?? ''`).catch(() => ''));
    return words.test(text);
  });
  return text;
}

/** Presses a button on the page of a run and comes to the run that it begins. */
async function press(runId: string, button: string): Promise<string> {
  await show(runId);
  await page.click(`#take-back form:${button} button`);
  await page.waitFor(`!location.pathname.endsWith(${JSON.stringify(runId)})`);
  return (await page.url()).split('/').at(-1) ?? '';
}

/** What Salesforce and HubSpot hold in our fields, by record. */
async function holdings(): Promise<string> {
  const { salesforce, hubspot } = system.sandbox.twins;
  const dumps = await Promise.all(
    [salesforce, hubspot].map(async ({ url }) => (await fetch(`${url}/_twin/dump`)).text()),
  );
  return [...new Set(dumps.join().match(/"fieldnote_\w+":"[^"]+"/gi))].toSorted().join('\n');
}

let run: string;

test('a dry run’s page tells each field’s old and new value, the verdicts and the calls, and nothing is written', async () => {
  const dry = await startRun(app, {
    workspaceId: app.workspaceId,
    kind: 'manual',
    model: app.modelName,
    dryRun: true,
  });
  await within((tx) => askForRehearsalWithin(tx, app.queue, { workspaceId: app.workspaceId, runId: dry.id }));
  const text = await showUntil(dry.id, /at the fewest/);

  const planned = await within((tx) => listRunWrites(tx, dry.id));
  assert.match(text, new RegExp(`All\\s+${planned.length}\\s+would be written\\s+${planned.length}\\s+a person's value stands\\s+0`)); // prettier-ignore
  assert.match(text, /Nothing was written\. Calls, at the fewest: \d+ to read, \d+ to write/);
  assert.match(text, /Salesforce Account 001\w{15}\s+Score\s+empty\s+[\d.]+\s+would be written/);
  assert.doesNotMatch(text, /Take it back/);
  const seen = new Set<string>();
  for (let next: unknown = `/runs/${dry.id}`; typeof next === 'string';) {
    await page.goto(new URL(next, base).href);
    const rows = String(await page.evaluate(`[...document.querySelectorAll('#rehearsal tbody tr')].map((row) => row.cells[0].querySelector('span').innerText + ' ' + row.cells[1].innerText).join('\\n')`)); // prettier-ignore
    for (const row of rows.split('\n')) seen.add(row);
    next = await page.evaluate(`document.querySelector('#rehearsal a[rel=next]')?.getAttribute('href')`);
  }
  assert.equal(seen.size, planned.length, 'each field once, page by page');
  assert.match(await show(dry.id, '?verdict=would-conflict'), /No field of this rehearsal has that verdict/);
  assert.equal(await holdings(), '');
});

test('a run is taken back with one click, after a rehearsal that shows what would go back', async () => {
  run = (await runToEnd(app)).run.id;
  await until(
    'all is written',
    async () =>
    (await within((tx) => listRunWrites(tx, run, { limit: 5_000 }))).every(({ state }) => state === 'applied'), // prettier-ignore
  );
  const written = (await within((tx) => listRunWrites(tx, run, { limit: 5_000 }))).length;
  assert.match(await show(run), new RegExp(`Take it back\\s+${written} fields of this run stand in the CRMs`)); // prettier-ignore
  const held = await holdings();

  await press(run, 'first-of-type');
  // Nobody reloads it.
  await page.waitFor(`document.body.innerText.includes('at the fewest')`);
  const told = await page.text();
  assert.match(told, new RegExp(`would be written\\s+${written}\\s`));
  assert.equal(await holdings(), held);

  // Pressed by two at once it is one undo.
  const { salesforce } = system.sandbox.twins;
  await setFaults(salesforce.url, { latencyMs: 1_500 });
  await show(run);
  const pressed = await page.evaluate(
    `(async () => {
      const body = () => new URLSearchParams({ token: document.querySelector('#take-back [name=token]').value });
      const ask = async () => (await fetch('/runs/${run}/undo', { method: 'POST', body: body() })).url;
      return (await Promise.all([ask(), ask()])).join();
    })()`,
  );
  const [undo = '', ...others] = new Set(
    String(pressed)
      .split(',')
      .flatMap((url) => url.split('/').at(-1) ?? []),
  );
  assert.deepEqual(others, []);
  // Its page tells of the fields that go back, until the last of them has, and of no company.
  const underWay = await show(undo);
  assert.match(underWay, /\d+ fields? (is|are) on the way\./);
  assert.doesNotMatch(underWay, /no pace yet|100 %|Waiting/);
  assert.equal(await page.evaluate(`document.querySelector('.page-head a[href="/runs/${run}"]')?.textContent`), run.slice(0, 8)); // prettier-ignore
  await setFaults(salesforce.url, { latencyMs: 0 });
  await page.waitFor(`!/on the way|planned|sending/.test(document.body.innerText)`);
  assert.match(await page.text(), /Salesforce Account\s+applied/);
  // The CRMs hold it a moment before the ledger knows.
  const isApplied = ({ state }: { state: string }): boolean => state === 'applied';
  const list = () => within((tx) => listRunWrites(tx, undo, { limit: 5_000 }));
  await until('all is put back', async () => (await holdings()) === '' && (await list()).every(isApplied));
  assert.deepEqual(
    await within(async (tx) => {
      const found = await findRun(tx, undo);
      return [found?.kind, found?.undoes, found?.dryRun, found?.startedBy];
    }),
    ['undo', run, false, { via: 'web', name: null }],
  );
  const after = await showUntil(run, /put back by this machine/);
  assert.doesNotMatch(after, /Take it back/);
  assert.deepEqual(page.problems, []);
});

test('an undo that has nothing to put back says so, and begins no run; only our own page can ask for one', async () => {
  const before = (await within((tx) => listRuns(tx, 50))).length;
  await show(run);
  const forged = await fetch(`${base}/runs/${run}/undo`, { method: 'POST', redirect: 'manual' });
  assert.equal(forged.status, 403);
  const again = Number(
    await page.evaluate(
      `fetch('/settings/pitches').then((r) => r.text()).then((html) => fetch('/runs/${run}/undo', { method: 'POST', body: new URLSearchParams({ token: /name="token" value="([^"]+)"/.exec(html)?.[1] ?? '' }) })).then((r) => r.status)`,
    ),
  );
  assert.equal(again, 409);
  assert.equal((await within((tx) => listRuns(tx, 50))).length, before);
});
