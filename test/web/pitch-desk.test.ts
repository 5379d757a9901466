import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { listOpenRequests } from '../../src/pipeline/store/pitch-requests.ts';
import { openBrowser } from '../harness/browser.ts';
import type { Browser } from '../harness/browser.ts';
import type { BrowserPage } from '../harness/browser-page.ts';
import { readText } from '../pipeline/6-pitch/pdf/read-pdf.ts';
import { openPitchBench, OTHER_MODEL, TEXT_MODEL } from '../pipeline/pitch-fixture.ts';
import type { PitchBench } from '../pipeline/pitch-fixture.ts';
import { seedCompany } from './seed.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let web: TestWeb;
let bench: PitchBench;
let browser: Browser;
before(async () => {
  web = await openWeb({ textModels: [TEXT_MODEL, OTHER_MODEL] });
  bench = await openPitchBench(web);
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await bench.close();
  await web.close();
});

const QUESTION = 'Would a short call this week help?';
const say = (...texts: string[]) => ({
  passages: [{ passage: 1, sentences: texts.map((text) => ({ text, cites: [] })) }],
});
const pageOf = (domain: string): string => `${web.base}/companies/${domain}/pitch`;
/** A company with its own pitch. */
const seed = async (domain: string, ...texts: string[]): Promise<string> => {
  const company = await bench.within((tx) =>
    seedCompany(tx, web.workspaceId, { domain, name: `Of ${domain}`, score: 70 }),
  );
  bench.answer(say(...(texts.length === 0 ? [QUESTION] : texts)));
  const { requests } = await bench.ask({ domains: [domain] });
  await bench.work(requests[0]?.id ?? '');
  return company.id;
};
const workAll = async (companyId: string): Promise<void> => {
  for (const { id } of await bench.within((tx) => listOpenRequests(tx, companyId))) await bench.work(id);
};
const open = async (domain: string, options: { script?: boolean } = {}): Promise<BrowserPage> => {
  const page = await browser.openPage(options);
  await page.goto(pageOf(domain));
  return page;
};
/** Puts a text into a field in place of what stands there. */
const put = (page: BrowserPage, selector: string, text: string): Promise<unknown> =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)}).value = ${JSON.stringify(text)}`);
/** What a PDF says; on one line, since it wraps as it likes. */
const printed = async (url: string): Promise<string> =>
  (await readText(Buffer.from(await (await fetch(url)).arrayBuffer()))).replaceAll(/\s+/g, ' ');
const shows = (page: BrowserPage, text: string): Promise<void> =>
  page.waitFor(`document.body.innerText.includes(${JSON.stringify(text)})`);

test('a rep puts words of their own in place of a field; the page says whose they are, with ours beside them, and gives ours back', async () => {
  await seed('edited.example');
  const page = await open('edited.example');
  await page.click('#edit summary');
  const before = String(await page.evaluate(`document.querySelector('#edit-callToAction').value`));
  await put(page, '#edit-callToAction', 'Shall we talk on Tuesday?');
  await page.click('#edit button.primary');
  await shows(page, 'call to action edited by a person on');
  assert.match(await page.text(), /Shall we talk on Tuesday\?/);
  assert.match(await page.text(), /Stored\. It stays through every new version/);
  await page.click('.edited summary');
  await shows(page, before);
  assert.equal(await page.evaluate(`document.querySelector('.edited .ours').innerText`), before);

  assert.equal(await page.evaluate(`document.querySelectorAll('#versions a[href$=".pdf"]').length`), 1);
  const href = String(await page.evaluate(`document.querySelector('#versions a[href$=".pdf"]').href`));
  const [shown, version] = [await printed(`${pageOf('edited.example')}.pdf`), await printed(href)];
  assert.match(shown, /call to action edited by a person on.*Shall we talk on Tuesday\?/);
  assert.doesNotMatch(version, /Tuesday|edited by/);

  await page.click('.edited button');
  // A page that is on its way shows nothing yet.
  await page.waitFor(`document.readyState === 'complete' && document.querySelector('.edited') === null`);
  assert.equal(await page.evaluate(`document.querySelector('.cta').innerText`), before);
  // What was done stays to be seen.
  assert.match(
    await page.text(),
    /call to action by a person[\s\S]*Shall we talk on Tuesday[\s\S]*Taken back by a person/,
  );
  assert.deepEqual(page.problems, []);
});

test('of two who edit at once nobody overwrites the other unseen: both texts stand there, and what only one changed is kept', async () => {
  await seed('two.example');
  const [ada, bob] = [await open('two.example'), await open('two.example')];
  for (const page of [ada, bob]) await page.click('#edit summary');
  await put(ada, '#edit-callToAction', 'Ada asks?');
  await ada.click('#edit button.primary');
  await shows(ada, 'edited by a person on');

  await put(bob, '#edit-callToAction', 'Bob asks?');
  await put(bob, '#edit-keyPoints', 'A point of Bob’s');
  await bob.click('#edit button.primary');
  await shows(bob, 'This pitch changed while you wrote');
  assert.match(await bob.text(), /Your edit was not stored/);
  const again = await fetch(await bob.url(), { redirect: 'manual' });
  assert.equal(again.headers.get('location'), '/companies/two.example/pitch');
  const sides = String(await bob.evaluate(`document.querySelector('.sides').innerText`));
  assert.match(sides, /Ada asks\?[\s\S]*Bob asks\?/);
  assert.equal(await bob.evaluate(`document.querySelector('#edit-callToAction').value`), 'Bob asks?');
  assert.equal(await bob.evaluate(`document.querySelector('#edit-keyPoints').value`), 'A point of Bob’s');
  const other = await open('two.example');
  assert.match(await other.text(), /Ada asks\?/);

  await bob.click('#edit button.primary');
  await shows(bob, 'key points and call to action edited by a person');
  assert.match(await bob.text(), /Bob asks\?/);
});

test('another template is chosen and written while the page follows; again makes a version that says so, each with a PDF', async () => {
  const companyId = await seed('written.example');
  const page = await open('written.example');
  await page.evaluate(`document.querySelector('#ask-template').value = 'executive'`);
  await page.evaluate(`document.querySelector('#ask-tone').value = 'direct'`);
  await page.click('#write button[value=write]');
  await page.waitFor(`document.querySelector('[data-waiting]') !== null`);
  assert.match(await page.text(), /is being written/);
  await workAll(companyId);
  await shows(page, 'Version 1 is written.');
  assert.match(await page.text(), /Template executive[\s\S]*Manner: direct/);
  // The CRM's own stays what the settings ask for.
  await page.click('.chip');
  await shows(page, 'Template standard');

  await page.goto(`${pageOf('written.example')}?template=executive`);
  assert.equal(await page.evaluate(`document.querySelector('#ask-template').value`), 'executive');
  assert.equal(await page.evaluate(`document.querySelector('#ask-tone').value`), 'direct');
  await page.click('#write button[value=write]');
  await shows(page, 'this is the stored one, at no cost');
  await page.click('#write button[value=again]');
  await page.waitFor(`document.querySelector('[data-waiting]') !== null`);
  await workAll(companyId);
  await shows(page, 'Version 2 is written.');
  const versions = String(await page.evaluate(`document.querySelector('#versions').innerText`));
  assert.match(
    versions,
    /Version 2 shown[\s\S]*direct, medium[\s\S]*Written again because somebody asked for it[\s\S]*Version 1/,
  );
  const printed = String(
    await page.evaluate(`document.querySelector('#versions li:last-child a[href$=".pdf"]').href`),
  );
  const pdf = await fetch(printed);
  assert.equal(pdf.headers.get('content-type'), 'application/pdf');
  await page.click('#versions li:last-child a');
  await shows(page, 'Version 1, as it was written');
  assert.deepEqual(page.problems, []);
});

test('another LLM is chosen under Advanced; the page, its versions and the PDF name the one that wrote', async () => {
  const companyId = await seed('chosen.example');
  const page = await open('chosen.example');
  assert.match(await page.text(), /written by test-model/);
  await page.click('#write summary');
  assert.deepEqual(
    await page.evaluate(
      `[...document.querySelectorAll('#ask-model option')].map((option) => option.innerText)`,
    ),
    ['as usual (test-model)', TEXT_MODEL, OTHER_MODEL],
  );
  await put(page, '#ask-model', OTHER_MODEL);
  await page.click('#write button[value=write]');
  await page.waitFor(`document.querySelector('[data-waiting]') !== null`);
  await workAll(companyId);
  await shows(page, 'Version 2 is written.');
  assert.equal(bench.askedOf.at(-1), OTHER_MODEL);
  assert.match(await page.text(), /written by other-model/);
  const versions = String(await page.evaluate(`document.querySelector('#versions').innerText`));
  assert.match(versions, /Version 2 [\s\S]*written by other-model[\s\S]*LLM: test-model → other-model[\s\S]*Version 1[\s\S]*written by test-model/); // prettier-ignore
  const pdf = String(await page.evaluate(`document.querySelector('#versions li a[href$=".pdf"]').href`));
  assert.match(await printed(pdf), /written by other-model/);
  // The form is as the pitch was made, unfolded where what it shows was chosen.
  assert.equal(await page.evaluate(`document.querySelector('#ask-model').value`), OTHER_MODEL);
  assert.equal(await page.evaluate(`document.querySelector('#write details').open`), true);
  // Naming the usual one is no wish: it is the company's own pitch.
  await put(page, '#ask-model', TEXT_MODEL);
  await page.click('#write button[value=write]');
  await shows(page, 'this is the stored one, at no cost');
  assert.match(await page.text(), /written by test-model/);
  assert.deepEqual(page.problems, []);
});

test('what is being written is cancelled, and what fails says why and what to do, with what was chosen still there', async () => {
  const companyId = await seed('failing.example');
  const page = await open('failing.example');
  await page.evaluate(`document.querySelector('#ask-template').value = 'battlecard'`);
  await page.click('#write button[value=write]');
  await page.waitFor(`document.querySelector('[data-waiting]') !== null`);
  await page.click('[data-waiting] button');
  await shows(page, 'Cancelled: nothing was written.');
  assert.deepEqual(await bench.within((tx) => listOpenRequests(tx, companyId)), []);

  await page.evaluate(`document.querySelector('#ask-template').value = 'battlecard'`);
  await page.click('#write button[value=again]');
  await page.waitFor(`document.querySelector('[data-waiting]') !== null`);
  bench.answer(new Error('the model is on fire'));
  for (let tries = 0; tries < 3; tries += 1) await workAll(companyId);
  await shows(page, 'No new pitch:');
  assert.match(await page.text(), /Ask again once that is over/);
  assert.equal(await page.evaluate(`document.querySelector('#ask-template').value`), 'battlecard');
});

test('what somebody typed is not lost when a pitch arrives meanwhile', async () => {
  const companyId = await seed('typing.example');
  const page = await open('typing.example');
  await page.click('#write button[value=again]');
  await page.waitFor(`document.querySelector('[data-waiting]') !== null`);
  await page.click('#edit summary');
  await page.type('#edit-callToAction', 'Half a sentence');
  await workAll(companyId);
  await shows(page, 'What you typed on this page is not stored yet');
  assert.match(
    String(await page.evaluate(`document.querySelector('#edit-callToAction').value`)),
    /Half a sentence/,
  );
});

test('what was cut stands on the page, with the check that it failed', async () => {
  await seed('cut.example', QUESTION, 'You save 40 % with us.');
  const page = await open('cut.example');
  assert.match(await page.text(), /1 sentence that no source proves was cut/);
  await page.click('.cuts summary');
  await shows(page, 'You save 40 % with us.');
  assert.match(await page.text(), /Its number does not stand in the quote\./);
  await page.goto(`${web.base}/companies/cut.example`);
  await page.click('.cuts summary');
  await shows(page, 'You save 40 % with us.');
});

test('without scripts every form works by posting', async () => {
  const companyId = await seed('plain.example');
  const page = await open('plain.example', { script: false });
  await page.click('#write button[value=again]');
  await page.waitFor(`document.querySelector('.look-again') !== null`);
  await workAll(companyId);
  await page.click('.look-again');
  await shows(page, 'Version 2 is written.');
});

test('forms from elsewhere, with wrong values, or beyond a person’s pace or the month’s budget are refused with a reason', async () => {
  await seed('refused.example');
  const html = await (await fetch(pageOf('refused.example'))).text();
  const first = await fetch(pageOf('refused.example'));
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
  const token = /name="token" value="([^"]+)"/.exec(await first.text())?.[1] ?? assert.fail(html);
  const post = async (path: string, body: Record<string, string>, site = 'same-origin') => {
    const answer = await fetch(`${web.base}/companies/refused.example${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, 'sec-fetch-site': site },
      body: new URLSearchParams({ token, ...body }),
    });
    return { status: answer.status, html: await answer.text() };
  };
  for (const path of ['/pitches', '/pitch/edit', '/pitch/undo'])
    assert.equal((await post(path, {}, 'cross-site')).status, 403, path);
  const unknown = await post('/pitches', { template: 'executiv' });
  assert.equal(unknown.status, 409);
  assert.match(unknown.html, /There is no template &quot;executiv&quot;[\s\S]*Take one of concise/);
  const model = await post('/pitches', { template: 'executive', model: 'other-modl' });
  assert.equal(model.status, 409);
  assert.match(model.html, /none of those that may be chosen[\s\S]*Did you mean &quot;other-model&quot;/);
  const hot = await post('/pitches', { template: 'executive', temperature: '9', instructions: 'Rhyme.' });
  assert.equal(hot.status, 422);
  assert.match(hot.html, /That is no temperature[\s\S]*>Rhyme\.<\/textarea>/);
  assert.equal((await post('/pitch/edit', { base: 'x' })).status, 400);

  let last = await post('/pitches', { template: 'standard' });
  for (let asked = 0; asked < 25 && last.status === 303; asked += 1)
    last = await post('/pitches', { template: 'standard' });
  assert.equal(last.status, 429);
  assert.match(last.html, /many pitches in a short time[\s\S]*Come back in/);
});
