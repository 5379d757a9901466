import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setImmediate as tick, setTimeout as wait } from 'node:timers/promises';
import type { PageElement } from 'jsdom';
import { openWindow } from './lightning.ts';

const { window, platform } = openWindow();
const { body } = window.document;
const { createElement } = await import('@lwc/engine-dom');
const load = async (name: string) => {
  const { default: component } = await import(`c/${name}`);
  return component;
};
const FieldnoteCard = await load('fieldnoteCard');
const FieldnotePitch = await load('fieldnotePitch');

const RECORD = '001AA00000Fake1AAA';
const SCORED = {
  state: 'scored',
  why: null,
  fix: null,
  company: {
    name: 'Quartzline',
    domain: 'quartzline.example',
    page: 'https://fieldnote.example/companies/quartzline.example',
  },
  score: {
    value: 78.4,
    band: 'A',
    confidence: 0.81,
    trend: 4.2,
    scoredAt: '2026-11-20T08:00:00.000Z',
    stale: true,
    staleBecause: 'Older than seven days',
    model: 'gpu-infrastructure 1',
    method: 'llm',
  },
  reasons: [
    {
      label: 'Trains models of its own',
      points: 21,
      quote: 'We train <b>our own</b> models.',
      url: 'https://quartzline.example/ai',
      source: 'quartzline.example',
      published: '2026-09-01',
    },
    {
      label: 'Owns its hardware',
      points: -6,
      quote: 'It is all ours.',
      url: 'javascript:alert(1)',
      source: 'somewhere',
      published: null,
    },
  ],
  personas: [
    { title: 'Head of ML', people: [{ name: 'Ada Dorn', title: 'VP Data' }] },
    { title: 'Founder', people: [] },
  ],
  conflicts: [{ label: 'Fieldnote Pitch', theirs: 'My own words', ours: 'The new pitch' }],
  work: null,
  usage: { spentUsd: 3.2, limitUsd: 50, isSpent: false },
  templates: [{ name: 'executive', title: 'Executive' }],
};
const WORKING = { ...SCORED, work: { stage: 'extract', doneStages: 1, allStages: 6, secondsLeft: 12 } };

const opened: string[] = [];
let popUps = true;
window.open = (url) => {
  if (popUps) opened.push(String(url));
  return popUps ? window : null;
};

type Shown = PageElement & { recordId: string };
const show = async (card: object): Promise<Shown> => {
  platform.apex = { getCard: async () => JSON.stringify(card) };
  const element: Shown = Object.assign(createElement('c-fieldnote-card', { is: FieldnoteCard }), {
    recordId: RECORD,
  });
  body.append(element);
  await until(() => part(element, 'usage') !== undefined);
  return element;
};
const parts = (element: PageElement, name: string): PageElement[] => [
  ...(element.shadowRoot?.querySelectorAll(`[data-part="${name}"]`) ?? []),
];
const part = (element: PageElement, name: string): PageElement | undefined => parts(element, name)[0];
const text = (element: PageElement, name: string): string =>
  parts(element, name)
    .map((one) => (one.textContent ?? '').replaceAll(/\s+/g, ' ').trim())
    .join(' | ');
const until = async (met: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 500 && !met(); turn += 1) await (turn < 50 ? tick() : wait(10));
  assert.ok(met(), 'it came about');
};

afterEach(() => {
  for (const element of body.querySelectorAll('body > *')) element.remove();
  opened.length = 0;
  popUps = true;
  platform.refreshed.length = 0;
});

test('the card shows the score with its reasons, sources, age, people, conflicts and what is left of the budget', async () => {
  const card = await show(SCORED);
  assert.match(text(card, 'score'), /78 of 100 ?Band A ?81 % sure \+4\.2 since the score before/);
  assert.match(text(card, 'scored'), /Scored Nov 20, 2026/);
  assert.equal(text(card, 'stale'), 'Older than seven days');
  const [first, second] = parts(card, 'reason');
  assert.match(
    first?.textContent ?? '',
    /\+21\.0.*Trains models of its own.*We train <b>our own<\/b> models\./s,
  );
  assert.equal(first?.querySelector('a')?.getAttribute('href'), 'https://quartzline.example/ai');
  assert.match(second?.textContent ?? '', /−6\.0/);
  assert.equal(second?.querySelector('a'), null, 'what is no address of the web is no link');
  assert.equal(text(card, 'source'), 'quartzline.example, Sep 1, 2026 | ');
  assert.equal(
    text(card, 'persona'),
    'Head of ML: Ada Dorn, VP Data | Founder: nobody here has such a title',
  );
  assert.match(text(card, 'conflict'), /Here: My own words ?Fieldnote would write: The new pitch/);
  assert.equal(text(card, 'usage'), '$46.80 of $50.00 left this month');
});

test('a record without a score says why and what to do, and can be scored', async () => {
  const why = {
    state: 'not-scored',
    why: 'It came with the last sync.',
    fix: 'Press Score now.',
    score: null,
    reasons: [],
  };
  const card = await show({ ...SCORED, ...why });
  assert.match(text(card, 'says'), /Not scored yet ?It came with the last sync\. ?Press Score now\./);
  assert.equal(part(card, 'score'), undefined);
  assert.equal(part(card, 'score-now')?.hasAttribute('disabled'), false);
});

test('a record that leads to no company offers neither a score nor a pitch', async () => {
  const card = await show({
    ...SCORED,
    state: 'no-company',
    company: null,
    score: null,
    reasons: [],
    why: 'no website',
  });
  for (const name of ['score-now', 'pitch']) assert.ok(part(card, name)?.hasAttribute('disabled'), name);
});

test('Score now shows how far it is, and the record is read anew when it is done', async () => {
  const card = await show(SCORED);
  platform.apex = {
    scoreNow: async () => JSON.stringify(WORKING),
    getCard: async () => JSON.stringify(SCORED),
  };
  part(card, 'score-now')?.click();
  await until(() => part(card, 'work') !== undefined);
  assert.match(text(card, 'work'), /Finding what matters in it, about 12 s left/);
  assert.ok(part(card, 'score-now')?.hasAttribute('disabled'), 'not twice');
  await until(() => part(card, 'work') === undefined);
  assert.deepEqual(platform.refreshed, [RECORD]);
});

test('Pitch PDF opens the link in a tab, by the chosen template', async () => {
  const card = await show(SCORED);
  const asked: unknown[] = [];
  platform.apex.getPitchLink = async (about) => {
    asked.push(about);
    return JSON.stringify({ url: 'https://fieldnote.example/l/one', expiresAt: 'soon' });
  };
  const template = card.shadowRoot?.querySelector('select');
  assert.ok(template);
  template.value = 'executive';
  template.dispatchEvent(new window.Event('change'));
  part(card, 'pitch')?.click();
  await until(() => opened.length > 0);
  assert.deepEqual(opened, ['https://fieldnote.example/l/one']);
  assert.deepEqual(asked, [{ recordId: RECORD, template: 'executive' }]);
  assert.equal(part(card, 'link'), undefined);
});

test('where the browser holds back the tab, a link is there instead, for one click', async () => {
  popUps = false;
  const card = await show(SCORED);
  platform.apex.getPitchLink = async () => JSON.stringify({ url: 'https://fieldnote.example/l/two' });
  part(card, 'pitch')?.click();
  await until(() => part(card, 'link') !== undefined);
  assert.match(text(card, 'held-back'), /the new tab: Open the pitch \(works once/);
  const link = part(card, 'link');
  assert.equal(link?.getAttribute('href'), 'https://fieldnote.example/l/two');
  link?.addEventListener('click', (event) => event.preventDefault());
  link?.click();
  await until(() => part(card, 'link') === undefined);
});

test('a refusal is shown in its own words, and the buttons work again', async () => {
  const card = await show(SCORED);
  platform.apex.getPitchLink = () =>
    Promise.reject(Object.assign(new Error('x'), { body: { message: 'No key here yet.' } }));
  part(card, 'pitch')?.click();
  await until(() => part(card, 'problem') !== undefined);
  assert.equal(text(card, 'problem'), 'No key here yet.');
  assert.equal(part(card, 'pitch')?.hasAttribute('disabled'), false);
});

test('the quick action opens the pitch, asks once while it waits, and leaves a link where the tab was held back', async () => {
  const element = createElement('c-fieldnote-pitch', { is: FieldnotePitch });
  Object.assign(element, { recordId: RECORD });
  const toasts: unknown[] = [];
  element.addEventListener('lightning__showtoast', (event: object) =>
    toasts.push(Reflect.get(event, 'detail')),
  );
  body.append(element);
  let asked = 0;
  platform.apex = {
    getPitchLink: async () => {
      asked += 1;
      return JSON.stringify({ url: 'https://fieldnote.example/l/three' });
    },
  };
  const invoke = (): Promise<void> => Reflect.apply(Reflect.get(element, 'invoke'), element, []);
  await Promise.all([invoke(), invoke()]);
  assert.deepEqual([asked, opened], [1, ['https://fieldnote.example/l/three']]);
  popUps = false;
  await invoke();
  assert.match(JSON.stringify(toasts), /"mode":"sticky"/);
  assert.match(JSON.stringify(toasts), /l\/three/);
});
