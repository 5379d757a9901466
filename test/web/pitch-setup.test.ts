import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readPitchSettings, savePitchSettings } from '../../src/pipeline/store/pitch-settings.ts';
import { readSeller } from '../../src/pipeline/store/sellers.ts';
import { openBrowser } from '../harness/browser.ts';
import type { Browser } from '../harness/browser.ts';
import type { BrowserPage } from '../harness/browser-page.ts';
import { seedCompany } from './seed.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let web: TestWeb;
let browser: Browser;
before(async () => {
  web = await openWeb({ textModels: ['usual-model', 'other-model'] });
  browser = await openBrowser();
  await web.database.db.inWorkspace(web.workspaceId, (tx) =>
    seedCompany(tx, web.workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 }),
  );
});
after(async () => {
  await browser.close();
  await web.close();
});

const open = async (path: string): Promise<BrowserPage> => {
  const page = await browser.openPage();
  await page.goto(web.base + path);
  return page;
};
const put = (page: BrowserPage, selector: string, text: string): Promise<unknown> =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)}).value = ${JSON.stringify(text)}`);
const shows = (page: BrowserPage, text: string): Promise<void> =>
  page.waitFor(`document.body.innerText.includes(${JSON.stringify(text)})`);
const read = <T>(act: (tx: Parameters<typeof readSeller>[0]) => Promise<T>): Promise<T> =>
  web.database.db.inWorkspace(web.workspaceId, act);

test('the seller’s profile is written down on a page, refused where it contradicts itself, and never overwritten unseen', async () => {
  const [page, other] = [await open('/settings/pitches'), await open('/settings/pitches')];
  assert.match(await page.text(), /Nobody wrote it down yet/);
  await put(page, '#seller-name', 'Fjord Compute');
  await put(page, '#seller-offer', 'The cheapest nodes');
  await put(page, '#seller-never', 'cheapest');
  await page.click('#seller button');
  await shows(page, 'says what the profile never claims');
  await put(page, '#seller-offer', 'H200 nodes by the hour');
  await put(page, '#seller-proof', 'Borealis trains on our nodes\n\nWe run in Oslo\n');
  await page.click('#seller button');
  await shows(page, 'Stored.');
  const stored = { name: 'Fjord Compute', offer: 'H200 nodes by the hour', audience: '', proofPoints: ['Borealis trains on our nodes', 'We run in Oslo'], neverClaim: ['cheapest'] }; // prettier-ignore
  assert.deepEqual(await read(readSeller), stored);

  await put(other, '#seller-name', 'Somebody else');
  await other.click('#seller button');
  await shows(other, 'Somebody else changed the profile meanwhile');
  assert.deepEqual(await read(readSeller), stored);
  const value = (selector: string): Promise<unknown> =>
    other.evaluate(`document.querySelector('${selector}').value`);
  assert.equal(await value('#seller-name'), 'Somebody else');
  assert.equal(
    await value('#seller-offer'),
    'H200 nodes by the hour',
    'what only the other one changed is theirs',
  );
  const sides = String(await other.evaluate(`document.querySelector('#seller').innerText`));
  assert.match(sides, /Name\s+When you opened the page\s+Northwind Compute\s+Now\s+Fjord Compute\s+Yours\s+Somebody else/); // prettier-ignore
  await other.click('#seller button');
  await shows(other, 'Stored.');
  assert.deepEqual(await read(readSeller), { ...stored, name: 'Somebody else' });
});

test('what a program or a command changed while a page was open is not overwritten from it unseen', async () => {
  const page = await open('/settings/pitches');
  await read((tx) =>
    savePitchSettings(tx, web.workspaceId, { tone: 'friendly', instructions: 'By a program.' }),
  );
  await put(page, '#set-tone', 'direct');
  await put(page, '#set-temperature', '9');
  await page.click('#manner button.primary');
  await shows(page, 'That is no temperature');
  // What is wrong first is said first; the look at what stands is still to come.
  await put(page, '#set-temperature', '0.5');
  await page.click('#manner button.primary');
  await shows(page, 'Somebody else changed these settings meanwhile');
  assert.match(await page.text(), /Now\s+friendly\s+Yours\s+direct[\s\S]*By a program\./);
  assert.partialDeepStrictEqual(await read(readPitchSettings), { tone: 'friendly', temperature: null });
  await page.click('#manner button.primary');
  await shows(page, 'Stored.');
  const expected = { tone: 'direct', temperature: 0.5, instructions: 'By a program.' };
  assert.partialDeepStrictEqual(await read(readPitchSettings), expected);
});

test('how pitches are written is changed on a page, and reset to what is shipped', async () => {
  const page = await open('/settings');
  await page.click('a[href="/settings/pitches"]');
  await shows(page, 'How they are written');
  await put(page, '#set-tone', 'direct');
  await put(page, '#set-temperature', '7');
  await page.click('#manner button.primary');
  await shows(page, 'That is no temperature');
  assert.equal(await page.evaluate(`document.querySelector('#set-tone').value`), 'direct');
  await put(page, '#set-temperature', '0.4');
  await page.click('#manner button.primary');
  await shows(page, 'Stored.');
  assert.partialDeepStrictEqual(await read(readPitchSettings), { tone: 'direct', temperature: 0.4 });
  await page.click('#manner button[value=reset]');
  await page.waitFor(`document.querySelector('#set-tone')?.value === 'professional'`);
  assert.partialDeepStrictEqual(await read(readPitchSettings), { tone: 'professional', temperature: null });
});

test('the LLM that writes is chosen on the page; where what was chosen is not offered any more, it says which one writes', async () => {
  const page = await open('/settings/pitches');
  await put(page, '#set-model', 'other-model');
  await page.click('#manner button.primary');
  await shows(page, 'Stored.');
  assert.equal((await read(readPitchSettings)).model, 'other-model');
  assert.equal(await page.evaluate(`document.querySelector('#set-model').value`), 'other-model');

  await read((tx) => savePitchSettings(tx, web.workspaceId, { model: 'gone-model' }));
  await page.goto(`${web.base}/settings/pitches`);
  await shows(page, 'gone-model was chosen and is not allowed any more. usual-model writes in its place.');
  await page.click('#manner button.primary');
  await shows(page, 'Stored.');
  assert.equal((await read(readPitchSettings)).model, null);
  assert.doesNotMatch(await page.text(), /gone-model/);
  assert.deepEqual(page.problems, []);
});

test('a template is made, says where it is wrong, is tried with a company, becomes one’s own, and is reset', async () => {
  const page = await open('/settings/templates');
  await put(page, '#name', 'ours');
  await put(page, '#source', 'Hello\n{{company.nmae}}');
  await page.click('button[value=save]');
  await shows(page, 'Line 2, column 3');
  assert.match(await page.text(), /company\.name/);
  await put(
    page,
    '#source',
    '{{! Ours: short }}\nHello {{company.name}}.\n{{#callToAction}}Talk?{{/callToAction}}\n',
  );
  await page.click('button[value=check]');
  await shows(page, 'It can be used.');
  assert.match(await page.text(), /For acme\.example[\s\S]*Hello Acme\./);
  await put(page, '#domain', 'nobody.example');
  await page.click('button[value=check]');
  await shows(page, 'nobody.example is not among your companies');
  await page.click('button[value=save]');
  await shows(page, 'Stored.');
  assert.match(await page.text(), /Ours your own\s+ours · short/);

  await page.goto(`${web.base}/settings/templates/concise`);
  const shipped = String(await page.evaluate(`document.querySelector('#source').value`));
  await put(page, '#source', `${shipped}\nAnd more.`);
  await page.click('button[value=save]');
  await shows(page, 'Stored.');
  await page.goto(`${web.base}/settings/templates/concise`);
  assert.match(String(await page.evaluate(`document.querySelector('#source').value`)), /And more\.$/);
  await page.click('button[value=reset]');
  await shows(page, 'Stored.');
  await page.goto(`${web.base}/settings/templates/concise`);
  assert.equal(await page.evaluate(`document.querySelector('#source').value`), shipped);
  assert.deepEqual(
    page.problems.filter((problem) => !problem.includes('422')),
    [],
  );
});

test('of two who change a template the second sees the text of the first before it is replaced', async () => {
  const [one, two] = [
    await open('/settings/templates/executive'),
    await open('/settings/templates/executive'),
  ];
  await put(one, '#source', 'First of {{company.name}}.');
  await one.click('button[value=save]');
  await shows(one, 'Stored.');
  await put(two, '#source', 'Second of {{company.name}}.');
  // A look at what it would give is no look at what the other one stored.
  await two.click('button[value=check]');
  await shows(two, 'It can be used.');
  await two.click('button[value=save]');
  await shows(two, 'Somebody else changed this template meanwhile');
  assert.match(await two.text(), /First of \{\{company\.name\}\}\./);
  assert.equal(await two.evaluate(`document.querySelector('#source').value`), 'Second of {{company.name}}.');
  await two.click('button[value=save]');
  await shows(two, 'Stored.');
});

test('of many who send a form in the same moment one is stored, and all others hear of it', async () => {
  const first = await fetch(`${web.base}/settings/pitches`);
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
  const html = await first.text();
  const hidden = (name: string, from = html): string =>
    (new RegExp(`name="${name}" value="([^"]*)"`).exec(from)?.[1] ?? assert.fail(name))
      .replaceAll('&quot;', '"')
      .replaceAll('&#x27;', "'");
  const token = hidden('token');
  const post = async (path: string, body: Record<string, string>): Promise<number> => {
    const answer = await fetch(`${web.base}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ token, ...body }),
    });
    return answer.status;
  };
  const people = Array.from({ length: 6 }, (_, index) => `Writer ${index}`);
  const templates = await Promise.all(
    people.map((source) =>
      post('/settings/templates', { action: 'save', name: 'raced', source, version: 'none' }),
    ),
  );
  assert.deepEqual(
    templates.toSorted((a, b) => a - b),
    [303, 409, 409, 409, 409, 409],
  );
  const seen = { version: hidden('version'), base: hidden('base') };
  const sellers = await Promise.all(
    people.map((name) => post('/settings/pitches/seller', { ...seen, name })),
  );
  assert.deepEqual(
    sellers.toSorted((a, b) => a - b),
    [303, 409, 409, 409, 409, 409],
  );
});
