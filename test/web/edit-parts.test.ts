import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readCurrentPitch } from '../../src/pipeline/read-pitch.ts';
import { savePitch } from '../../src/pipeline/store/pitches.ts';
import { openBrowser } from '../harness/browser.ts';
import type { Browser } from '../harness/browser.ts';
import type { BrowserPage } from '../harness/browser-page.ts';
import { openPitchBench, TEXT_MODEL } from '../pipeline/pitch-fixture.ts';
import type { PitchBench } from '../pipeline/pitch-fixture.ts';
import { seedCompany } from './seed.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let web: TestWeb;
let bench: PitchBench;
let browser: Browser;
before(async () => {
  web = await openWeb({ textModels: [TEXT_MODEL] });
  bench = await openPitchBench(web);
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
  await bench.close();
  await web.close();
});

/** Has the company's pitch written with a question of the LLM's in its second paragraph. */
const write = async (domain: string, question: string): Promise<void> => {
  bench.answer({ passages: [{ passage: 1, sentences: [{ text: question, cites: [] }] }] });
  const { requests } = await bench.ask({ domains: [domain], force: true });
  await bench.work(requests[0]?.id ?? '');
};
const open = async (domain: string): Promise<BrowserPage> => {
  const page = await browser.openPage();
  await page.goto(`${web.base}/companies/${domain}/pitch`);
  return page;
};
const change = (page: BrowserPage, from: string, to: string): Promise<unknown> =>
  page.evaluate(`(() => {
    const field = document.querySelector('#edit-text');
    field.value = field.value.replace(${JSON.stringify(from)}, ${JSON.stringify(to)});
  })()`);
const store = async (page: BrowserPage): Promise<void> => page.click('#edit button.primary');
const shows = (page: BrowserPage, text: string): Promise<void> =>
  page.waitFor(`document.body.innerText.includes(${JSON.stringify(text)})`);
const said = async (page: BrowserPage): Promise<string> =>
  String(await page.evaluate(`document.querySelector('#pitch .pitch-text').innerText`));

test('a rep changes one paragraph of a text; a new version renews all others and says so', async () => {
  const domain = 'paragraph.example';
  await bench.within((tx) => seedCompany(tx, web.workspaceId, { domain, name: 'Paragraph', score: 70 }));
  await write(domain, 'Would a short call this week help?');
  const page = await open(domain);
  await page.click('#edit summary');
  await change(page, 'Band A, score 70 of 100', 'Ada met them in Oslo.');
  await store(page);
  await shows(page, 'Stored.');
  await shows(page, '1 of 5 paragraphs; the others follow each new version');

  await write(domain, 'Would a short call next week help?');
  const later = await open(domain);
  const text = await said(later);
  assert.match(text, /Ada met them in Oslo\.\s+Would a short call next week help\?\s+Why now/);
  assert.doesNotMatch(text, /a short call this week|Band A/);
  await later.click('.edited button');
  await shows(later, 'Taken back');
  assert.match(await said(later), /Band A, score 70 of 100\s+Would a short call next week help\?/);
  assert.deepEqual([...page.problems, ...later.problems], []);
});

test('of two who edit a text at once the second finds the first one’s paragraph beside their own, and keeps both', async () => {
  const domain = 'both.example';
  await bench.within((tx) => seedCompany(tx, web.workspaceId, { domain, name: 'Both', score: 70 }));
  await write(domain, 'Would a short call this week help?');
  const [ada, bob] = [await open(domain), await open(domain)];
  for (const page of [ada, bob]) await page.click('#edit summary');
  await change(ada, 'Would a short call this week help?', 'Ada asks?');
  await store(ada);
  await shows(ada, 'Stored.');
  await change(bob, 'Band A, score 70 of 100', 'Bob met them.');
  await store(bob);
  await shows(bob, 'This pitch changed while you wrote');
  const value = String(await bob.evaluate(`document.querySelector('#edit-text').value`));
  assert.match(value, /Bob met them\.\n\nAda asks\?\n\nWhy now/);
  await store(bob);
  await shows(bob, 'Stored.');
  assert.match(await said(bob), /Bob met them\.\s+Ada asks\?/);
  await shows(bob, '2 of 5 paragraphs');
  const edits = String(await bob.evaluate(`document.querySelector('#versions ul.versions').innerText`));
  assert.match(edits, /Bob met them\.”[\s\S]*“Ada asks\?”/, 'to each what they changed');
});

test('who presses Store twice hears once that it is stored', async () => {
  const domain = 'twice.example';
  await bench.within((tx) => seedCompany(tx, web.workspaceId, { domain, name: 'Twice', score: 70 }));
  await write(domain, 'Would a short call this week help?');
  const page = await open(domain);
  await page.click('#edit summary');
  await page.evaluate(`(() => {
    document.querySelector('#edit-callToAction').value = 'Shall we talk on Tuesday?';
    const { action } = document.querySelector('#edit form');
    const body = new URLSearchParams(new FormData(document.querySelector('#edit form')));
    return fetch(action, { method: 'POST', body });
  })()`);
  await store(page);
  await shows(page, 'Stored.');
  assert.equal(await page.evaluate(`document.querySelectorAll('#versions ul.versions > li').length`), 1);
  await page.click('.edited button');
  await shows(page, 'Taken back');
});

/** A version whose sources stand in an order of their own. */
const regenerate = (companyId: string, sources: readonly string[]): Promise<unknown> =>
  bench.within((tx) =>
    savePitch(tx, web.workspaceId, {
      companyId,
      template: 'standard',
      fingerprint: `made of ${sources.join(' ')}`,
      keyPoints: sources.map((source, index) => `They say ${source} [${index + 1}]`),
      callToAction: 'Shall we talk?',
      text: ['A line.', ...sources.map((source, index) => `They say ${source} [${index + 1}]`)].join('\n\n'),
      citations: sources.map((source, index) => ({
        number: index + 1,
        quote: source,
        url: `https://${source}.example/`,
      })),
      cut: 0,
      method: 'phrases',
      textModel: null,
      awaitsModel: false,
    }),
  );

test('the longest texts of a language that takes most room in a form are stored', async () => {
  const domain = 'long.example';
  const { id } = await bench.within((tx) =>
    seedCompany(tx, web.workspaceId, { domain, name: 'Long', score: 70 }),
  );
  await write(domain, 'Would a short call this week help?');
  const page = await open(domain);
  const status = await page.evaluate(`(() => {
    const form = document.querySelector('#edit form');
    const body = new URLSearchParams(new FormData(form));
    const texts = (sign) => ({
      keyPoints: Array.from({ length: 20 }, () => sign.repeat(600)).join('\\n'),
      callToAction: sign.repeat(1000),
      text: sign.repeat(20000),
    });
    body.set('base', JSON.stringify(texts('前')));
    for (const [name, text] of Object.entries(texts('後'))) body.set(name, text);
    return fetch(form.action, { method: 'POST', body }).then((answer) => answer.status);
  })()`);
  assert.equal(status, 200);
  const shown = await bench.within((tx) => readCurrentPitch(tx, id));
  assert.equal(shown?.text, '後'.repeat(20_000));
});

test('marks in what somebody typed keep their sources although a new version, which came meanwhile, numbers them otherwise', async () => {
  const domain = 'marks.example';
  const { id } = await bench.within((tx) =>
    seedCompany(tx, web.workspaceId, { domain, name: 'Marks', score: 70 }),
  );
  await regenerate(id, ['one', 'two', 'gone']);
  const page = await open(domain);
  await page.click('#edit summary');
  await change(page, 'A line.', 'Mine of two [2] and of what is gone [3].');
  await regenerate(id, ['new', 'one', 'two']);
  await store(page);
  await shows(page, 'This pitch changed while you wrote');
  const value = String(await page.evaluate(`document.querySelector('#edit-text').value`));
  assert.match(
    value,
    /^Mine of two \[3\] and of what is gone\.\n\nThey say new \[1\]\n\nThey say one \[2\]\n\nThey say two \[3\]$/,
  );
  await store(page);
  await shows(page, 'Stored.');
  const shown = await bench.within((tx) => readCurrentPitch(tx, id));
  assert.match(shown?.text ?? '', /^Mine of two \[3\]/);
  assert.equal(shown?.citations.find(({ number }) => number === 3)?.quote, 'two');
});

test('a form that was refused still knows what its writer saw: what came meanwhile is shown before it is overwritten', async () => {
  const domain = 'refused.example';
  await bench.within((tx) => seedCompany(tx, web.workspaceId, { domain, name: 'Refused', score: 70 }));
  await write(domain, 'Would a short call this week help?');
  const [ada, bob] = [await open(domain), await open(domain)];
  for (const page of [ada, bob]) await page.click('#edit summary');
  const put = (page: BrowserPage, field: string, text: string): Promise<unknown> =>
    page.evaluate(`document.querySelector('#edit-${field}').value = ${JSON.stringify(text)}`);
  await put(ada, 'callToAction', 'Ada asks?');
  await store(ada);
  await shows(ada, 'Stored.');
  await put(bob, 'callToAction', 'Bob asks?');
  await put(bob, 'keyPoints', Array.from({ length: 21 }, (_, index) => `Point ${index}`).join('\n'));
  await store(bob);
  await shows(bob, 'Nothing was stored: 20 points');
  assert.equal(await bob.evaluate(`document.querySelector('#edit-callToAction').value`), 'Bob asks?');
  await put(bob, 'keyPoints', 'A point of Bob’s');
  await store(bob);
  await shows(bob, 'This pitch changed while you wrote');
  assert.match(await bob.text(), /Ada asks\?[\s\S]*Bob asks\?/);
});
