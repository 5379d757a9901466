import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { listOpenRequests } from '../../src/pipeline/store/pitch-requests.ts';
import { readPitchSettings } from '../../src/pipeline/store/pitch-settings.ts';
import { openBrowser } from '../harness/browser.ts';
import type { Browser } from '../harness/browser.ts';
import { until } from '../harness/browser-page.ts';
import type { BrowserPage } from '../harness/browser-page.ts';
import { openPitchBench, OTHER_MODEL, TEXT_MODEL } from '../pipeline/pitch-fixture.ts';
import type { PitchBench } from '../pipeline/pitch-fixture.ts';
import { seedCompany } from './seed.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let web: TestWeb;
let bench: PitchBench;
let browser: Browser;
let companyId: string;
before(async () => {
  web = await openWeb({ textModels: [TEXT_MODEL, OTHER_MODEL] });
  bench = await openPitchBench(web);
  browser = await openBrowser();
  const company = await bench.within((tx) =>
    seedCompany(tx, web.workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 }),
  );
  companyId = company.id;
  const sentences = ['Would a short call this week help?', 'You save 40 % with us.'].map((text) => ({ text, cites: [] })); // prettier-ignore
  bench.answer({ passages: [{ passage: 1, sentences }] });
  const { requests } = await bench.ask({ domains: ['acme.example'] });
  await bench.work(requests[0]?.id ?? '');
});
after(async () => {
  await browser.close();
  await bench.close();
  await web.close();
});

const PITCH = '/companies/acme.example/pitch';
const open = async (path: string): Promise<BrowserPage> => {
  const page = await browser.openPage();
  await page.goto(web.base + path);
  return page;
};

// What takes the focus, by the rules of HTML; of a folded part its summary alone is to be seen.
const FOCUSABLE = `[...document.querySelectorAll('a[href], button:enabled, input:not([type=hidden]):enabled, select, textarea, summary, [tabindex="0"]')]
  .filter((one) => one.checkVisibility() && one.getClientRects().length > 0)`;
const Place = z.object({
  index: z.number(),
  what: z.string(),
  ring: z.boolean(),
  inView: z.boolean(),
});
/** Where the focus is, and whether somebody can see that. */
const look = async (page: BrowserPage): Promise<z.infer<typeof Place>> =>
  Place.parse(
    await page.evaluate(`(() => {
      const one = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      const { top, bottom, left, right, width, height } = one.getBoundingClientRect();
      return {
        index: ${FOCUSABLE}.indexOf(one),
        what: one.id || one.getAttribute('aria-label') || one.textContent.trim().slice(0, 40) || one.localName,
        ring: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1,
        inView: width > 0 && height > 0 && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
      };
    })()`),
  );
/** Presses Tab until the focus is on what a selector finds. */
const tabTo = async (page: BrowserPage, selector: string): Promise<void> => {
  const most = Number(await page.evaluate(`${FOCUSABLE}.length`)) + 1;
  for (let presses = 0; presses <= most; presses += 1) {
    if (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)}) ?? false`)) return;
    await page.key('Tab');
  }
  assert.fail(`Tab never comes to ${selector}`);
};
/** Goes down a list of choices to one of them. */
const choose = async (page: BrowserPage, value: string): Promise<void> => {
  const most = Number(await page.evaluate(`document.activeElement.length`));
  const isChosen = async (): Promise<boolean> =>
    (await page.evaluate(`document.activeElement.value`)) === value;
  for (let presses = 0; presses < most && !(await isChosen()); presses += 1) await page.key('Down');
  assert.ok(await isChosen(), `the arrow comes to ${value}`);
};
const shows = (page: BrowserPage, text: string): Promise<void> =>
  page.waitFor(`document.body.innerText.includes(${JSON.stringify(text)})`);
/** A message that a screen reader is told of, on which the focus is: the next Tab goes on from there. */
const hears = (page: BrowserPage, role: 'status' | 'alert', text: string): Promise<void> =>
  // The body, which has the focus before, holds the text as well.
  page.waitFor(
    `document.activeElement?.getAttribute('role') === '${role}' && document.activeElement.innerText.includes(${JSON.stringify(text)})`,
  );

const PAGES = [
  PITCH,
  `${PITCH}?template=battlecard`,
  '/companies/acme.example',
  '/settings/pitches',
  '/settings/templates/concise',
  '/settings/templates',
];
for (const path of PAGES)
  test(`Tab comes to everything that can be worked on ${path}, in reading order, to be seen, named, and out again`, async () => {
    const page = await open(path);
    await page.evaluate(`document.querySelectorAll('details').forEach((one) => { one.open = true; })`);
    const all = Number(await page.evaluate(`${FOCUSABLE}.length`));
    for (let index = 0; index < all; index += 1) {
      await page.key('Tab');
      const place = await look(page);
      assert.deepEqual(
        { ...place, index: place.index },
        { index, what: place.what, ring: true, inView: true },
        `after ${index} others`,
      );
    }
    await page.key('Tab');
    assert.ok([-1, 0].includes((await look(page)).index), 'the page lets go of the focus');
    await page.key('Shift+Tab');
    assert.equal((await look(page)).index, all - 1, 'and takes it from behind');

    const controls = await page.controls();
    assert.ok(controls.length >= all);
    assert.deepEqual(
      controls.filter(({ name }) => name.trim() === ''),
      [],
    );
    const names = controls.filter(({ role }) => role !== 'link').map(({ role, name }) => `${role}: ${name}`);
    assert.deepEqual(new Set(names).size, names.length, `two of a name: ${names.toSorted().join('\n')}`);
    assert.deepEqual(page.problems, []);
  });

test('a pitch is written in another manner, read, edited, given back and printed without a mouse', async () => {
  const page = await open(PITCH);
  await page.key('Tab');
  assert.equal((await look(page)).what, 'Skip to content');
  await page.key('Enter');
  await page.waitFor(`document.activeElement?.id === 'content'`);
  await page.key('Tab');
  assert.equal((await look(page)).what, 'Pitch PDF', 'behind the sections of the head');

  await tabTo(page, '.filters a[href="#write"]');
  await page.key('Enter');
  await page.key('Tab');
  assert.equal((await look(page)).what, 'ask-template');
  await choose(page, 'executive');
  await tabTo(page, '#ask-tone');
  await page.key('End');
  assert.equal(await page.evaluate(`document.activeElement.value`), 'enthusiastic');
  await tabTo(page, '#write summary');
  await page.key('Space');
  await page.key('Tab');
  assert.equal((await look(page)).what, 'ask-instructions');
  await page.write('Short sentences.');
  await tabTo(page, '#write button[value=write]');
  await page.key('Enter');
  await hears(page, 'status', 'Executive is being written');
  for (const { id } of await bench.within((tx) => listOpenRequests(tx, companyId))) await bench.work(id);
  await hears(page, 'status', 'Version 1 is written.');
  await shows(page, 'Template executive');
  await shows(page, 'enthusiastic');

  await tabTo(page, '#edit summary');
  await page.key('Enter');
  await tabTo(page, '#edit-callToAction');
  await page.key('Control+A');
  await page.write('Shall we talk on Tuesday?');
  await tabTo(page, '#edit button.primary');
  await page.key('Enter');
  await hears(page, 'status', 'Stored. It stays through every new version');
  await shows(page, 'call to action edited by a person');
  await tabTo(page, '.edited button');
  await page.key('Space');
  await hears(page, 'status', 'Taken back');
  assert.equal(await page.evaluate(`document.querySelector('.edited')`), null);

  await page.goto(web.base + PITCH);
  await tabTo(page, '.cuts summary');
  await page.key('Enter');
  await shows(page, 'You save 40 % with us.');
  await page.goto(web.base + PITCH);
  await tabTo(page, '.company-head .primary');
  await page.key('Enter');
  await until(
    async () =>
      page.responses.some(
        ({ url, mimeType }) => url.endsWith('/pitch.pdf') && mimeType === 'application/pdf',
      ),
    'the PDF comes',
  );
  assert.deepEqual(page.problems, []);
});

test('settings and a template are changed without a mouse, and each answer is heard where the work goes on', async () => {
  const page = await open('/settings/pitches');
  await tabTo(page, '#set-tone');
  await page.key('End');
  await tabTo(page, '#set-temperature');
  await page.write('7');
  await page.key('Enter');
  await hears(page, 'alert', 'That is no temperature');
  await tabTo(page, '#set-temperature');
  await page.key('Control+A');
  await page.write('0.4');
  await tabTo(page, '#manner button[value=save]');
  await page.key('Space');
  await hears(page, 'status', 'Stored.');
  const settings = await web.database.db.inWorkspace(web.workspaceId, readPitchSettings);
  assert.partialDeepStrictEqual(settings, { tone: 'enthusiastic', temperature: 0.4 });

  await tabTo(page, '#templates a[href="/settings/templates/concise"]');
  await page.key('Enter');
  await page.waitFor(`document.querySelector('#source') !== null`);
  await tabTo(page, '#source');
  await page.key('Control+A');
  await page.write('Hello {{company.nmae}}');
  await tabTo(page, 'button[value=check]');
  await page.key('Enter');
  await hears(page, 'alert', 'Line 1, column');
  await tabTo(page, '#source');
  await page.key('Control+A');
  await page.write('Hello {{company.name}}.');
  await tabTo(page, 'button[value=check]');
  await page.key('Enter');
  await hears(page, 'status', 'It can be used.');
  await tabTo(page, 'button[value=save]');
  await page.key('Enter');
  await hears(page, 'status', 'Stored.');
});
