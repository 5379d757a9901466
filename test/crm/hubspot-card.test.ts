import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ui from '@hubspot/ui-extensions';
import { createRenderer } from '@hubspot/ui-extensions/testing';
import { createElement } from 'react';
import type { Card as CardOfPackage } from '../../crm/hubspot/src/app/cards/card-answer.ts';
import type { Card } from '../../src/web/buttons/card-shape.ts';
import { loadCard } from './cards.ts';

const { RecordCard } = await loadCard();

const SCORED: Card = {
  state: 'scored',
  why: null,
  fix: null,
  company: {
    name: 'Orrery Labs',
    domain: 'orrery-labs.example',
    page: 'https://fn.example/companies/orrery-labs.example',
  },
  score: {
    value: 93.4,
    band: 'A',
    confidence: 0.77,
    trend: 4.2,
    scoredAt: '2026-11-03T10:00:00.000Z',
    stale: true,
    staleBecause: 'It is more than seven days old',
    model: 'gpu-infrastructure 3',
    method: 'phrases',
  },
  reasons: [
    {
      label: 'Names GPU hardware',
      points: 23.1,
      quote: 'We bought 64 of them',
      url: 'https://orrery-labs.example/blog#:~:text=We',
      source: 'orrery-labs.example',
      published: '2026-10-01',
    },
    {
      label: 'Hires for it',
      points: -2,
      quote: null,
      url: 'javascript:alert(1)',
      source: null,
      published: null,
    },
  ],
  personas: [{ title: 'Head of Infrastructure', people: [{ name: 'Ines Okafor', title: 'VP Infra' }] }],
  conflicts: [
    { label: 'Personas', theirs: 'Mine', by: 'edited by Ines Okafor', ours: 'Head of Infrastructure' },
  ],
  work: null,
  usage: { spentUsd: 12, limitUsd: 100, isSpent: false },
  templates: [{ name: 'executive', title: 'For executives' }],
};
const WORK: Card['work'] = { stage: 'extract', doneStages: 1, allStages: 6, secondsLeft: 8 };
// The card reads what the server writes; it does not compile where they part.
const answers = (card: Card): CardOfPackage => card;

type Answer = (query: URLSearchParams) => unknown;
type Server = Record<string, Answer>;

/** The card on a record, with answers for `METHOD path`; an Error thrown is a call that got no answer. */
function openCard(
  server: Server,
  variables: Record<string, string> = { FIELDNOTE_URL: 'https://fn.example/' },
) {
  const calls: { what: string; query: URLSearchParams; timeout: number | undefined }[] = [];
  const renderer = createRenderer('crm.record.tab');
  let refreshed = 0;
  const context: ui.CrmContext = {
    ...renderer.mocks.context,
    location: 'crm.record.tab',
    crm: { objectTypeId: '0-2', objectId: 901 },
    variables,
  };
  const fetch = async (url: string, options: ui.HubSpotFetchOptions): Promise<Response> => {
    const { origin, pathname, searchParams } = new URL(url);
    assert.equal(origin, 'https://fn.example');
    const what = `${options.method ?? 'GET'} ${pathname}`;
    calls.push({ what, query: searchParams, timeout: options.timeout });
    const body = server[what]?.(searchParams);
    return body instanceof Response ? body : Response.json(body);
  };
  const actions = { refreshObjectProperties: () => (refreshed += 1) };
  renderer.render(createElement(RecordCard, { context, actions, fetch }));
  return {
    ...renderer,
    calls,
    count: (what: string) => calls.filter((call) => call.what === what).length,
    refreshed: () => refreshed,
    texts: () => renderer.findAll(ui.Text).map(({ text }) => text),
    until: (check: () => boolean) =>
      renderer.waitFor(() => assert.ok(check(), renderer.getRootNode().toString()), { timeoutInMs: 20_000 }),
  };
}
type Opened = ReturnType<typeof openCard>;
const alerts = (card: Opened): string[] =>
  card.findAll(ui.Alert).map((alert) => `${alert.props.title}: ${alert.text}`);
const refuse = (status: number, message: string, fix: string): Response =>
  Response.json({ error: { message, fix } }, { status });

test('the card shows score, band, confidence, age, reasons with sources, people and conflicts', async () => {
  const card = openCard({ 'GET /hubspot/card': () => answers(SCORED) });
  await card.until(() => card.maybeFind(ui.ScoreCircle) !== null);
  assert.equal(card.find(ui.ScoreCircle).props.score, 93);
  assert.equal(card.findByTestId(ui.StatusTag, 'band').text, 'Band A');
  assert.equal(card.findByTestId(ui.Text, 'confidence').text, '77 % sure, +4.2 since the score before');
  assert.equal(card.findByTestId(ui.StatusTag, 'stale').text, 'Stale');
  for (const part of [
    'It is more than seven days old',
    '+23.1 Names GPU hardware',
    '“We bought 64 of them”',
    ', Oct 1, 2026',
    '−2.0 Hires for it',
    'Ines Okafor, VP Infra',
    'Here: Mine (edited by Ines Okafor)',
    'Fieldnote would write: Head of Infrastructure',
    '$88.00 of $100.00 left this month',
  ])
    assert.ok(card.texts().includes(part), `${part} in ${card.texts().join('|')}`);
  const links = card
    .findAll(ui.Link)
    .map(({ props: { href } }) => (typeof href === 'string' ? href : href.url));
  assert.deepEqual(links, [SCORED.company?.page, SCORED.reasons[0]?.url], 'addresses of the web alone');
  assert.deepEqual(
    [...(card.calls[0]?.query ?? [])],
    [
      ['objectType', '0-2'],
      ['objectId', '901'],
    ],
  );
  assert.equal(card.calls[0]?.timeout, 15_000);
});

test('"Score now" is asked once, followed to its end, and the fields on the page are read anew', async () => {
  const steps = [SCORED, { ...SCORED, work: WORK }, { ...SCORED, score: null, state: 'not-scored' as const }];
  let looks = 0;
  const card = openCard({
    'GET /hubspot/card': () => {
      looks += 1;
      // A look that gets no answer is followed by the next.
      if (looks === 2) throw new Error('timed out');
      return looks < 3 ? steps[0] : steps[2];
    },
    'POST /hubspot/card/score': () => steps[1],
  });
  const button = () => card.findByTestId(ui.LoadingButton, 'score-now');
  await card.until(() => card.maybeFindByTestId(ui.LoadingButton, 'score-now') !== null);
  button().trigger('onClick');
  await card.until(() => card.maybeFind(ui.ProgressBar) !== null);
  assert.equal(button().props.disabled, true);
  assert.equal(
    card.find(ui.ProgressBar).props.valueDescription,
    'Finding what matters in it, about 8 s left',
  );
  await card.until(() => alerts(card).some((alert) => alert.includes('did not answer')));
  assert.ok(card.maybeFind(ui.ProgressBar) !== null, 'what was known stays on the card');
  await card.until(() => card.maybeFind(ui.ProgressBar) === null);
  assert.deepEqual(
    alerts(card).filter((alert) => alert.includes('did not answer')),
    [],
  );
  assert.equal(card.count('POST /hubspot/card/score'), 1);
  assert.equal(card.refreshed(), 1);
});

test('"Pitch PDF" becomes a button that opens the link once, and another press asks for another', async () => {
  const card = openCard({
    'GET /hubspot/card': () => SCORED,
    'POST /hubspot/card/pitch': () => ({
      url: `https://fn.example/l/${card.count('POST /hubspot/card/pitch')}`,
      expiresAt: '2026-11-29T10:00:00.000Z',
    }),
  });
  await card.until(() => card.maybeFindByTestId(ui.LoadingButton, 'pitch') !== null);
  const press = async (): Promise<void> => {
    card.findByTestId(ui.LoadingButton, 'pitch').trigger('onClick');
    await card.until(() => card.maybeFindByTestId(ui.Button, 'open-pitch') !== null);
  };
  const select = card.findByTestId(ui.Select, 'template');
  assert.deepEqual(
    select.props.options.map(({ label }) => label),
    ['As usual', 'For executives'],
  );
  await press();
  const href = { url: 'https://fn.example/l/1', external: true };
  assert.deepEqual(card.findByTestId(ui.Button, 'open-pitch').props.href, href);
  assert.deepEqual(card.findByTestId(ui.Link, 'pitch-link').props.href, href);
  card.findByTestId(ui.Link, 'pitch-link').trigger('onClick');
  await card.until(() => card.maybeFindByTestId(ui.LoadingButton, 'pitch') !== null);

  card.findByTestId(ui.Select, 'template').props.onChange?.('executive');
  await card.until(() => card.findByTestId(ui.Select, 'template').props.value === 'executive');
  await press();
  const asked = card.calls
    .filter(({ what }) => what === 'POST /hubspot/card/pitch')
    .map(({ query }) => query);
  assert.deepEqual(
    asked.map((query) => query.get('template')),
    [null, 'executive'],
  );
  const presses = asked.map((query) => query.get('press') ?? '');
  assert.equal(new Set(presses).size, 2);
  for (const id of presses) assert.match(id, /^[\w-]{16,64}$/);
});

test('what goes wrong is said with what to do, and can be tried again', async () => {
  const cases: [() => unknown, string][] = [
    [
      () => refuse(401, 'The signature is wrong', 'Set the secret.'),
      'The signature is wrong: Set the secret.',
    ],
    [
      () => new Response('busy', { status: 429 }),
      'HubSpot lets 20 calls through at a time, and they are all taken: Try again.',
    ],
    [
      () => new Response('<html>', { status: 502 }),
      'Fieldnote answered with an error (502): Try again. If it stays so, show this to an administrator.',
    ],
    [
      () => ({ state: 'scored' }),
      'This card does not understand the answer of Fieldnote: Have an administrator upload the card that belongs to this version of Fieldnote (crm/hubspot).',
    ],
    [
      () => {
        throw new Error('reset');
      },
      'Fieldnote did not answer within 15 seconds: Try again. If it stays so, have an administrator look whether Fieldnote runs and HubSpot can reach it.',
    ],
  ];
  for (const [answer, message] of cases) {
    let answered = answer;
    const card = openCard({ 'GET /hubspot/card': () => answered() });
    await card.until(() => alerts(card).length > 0);
    assert.deepEqual(alerts(card), [message]);
    answered = () => SCORED;
    card.findByTestId(ui.Button, 'again').trigger('onClick');
    await card.until(() => card.maybeFind(ui.ScoreCircle) !== null);
    assert.deepEqual(alerts(card), []);
  }
});

test('a record that can have no score says why, and its buttons are off', async () => {
  const card = openCard({
    'GET /hubspot/card': () => ({
      ...SCORED,
      state: 'left-out',
      why: 'This record is left out: it is a customer',
      fix: 'Change it here.',
      score: null,
      reasons: [],
    }),
  });
  await card.until(() => alerts(card).length > 0);
  assert.deepEqual(alerts(card), [
    'This company is left out: This record is left out: it is a customer. Change it here.',
  ]);
  for (const id of ['score-now', 'pitch'])
    assert.equal(card.findByTestId(ui.LoadingButton, id).props.disabled, true, id);
  assert.equal(card.maybeFind(ui.ScoreCircle), null);
});

test('with the month’s budget spent no score can be asked for, and the pitch still can', async () => {
  const card = openCard({
    'GET /hubspot/card': () => ({ ...SCORED, usage: { spentUsd: 100, limitUsd: 100, isSpent: true } }),
  });
  await card.until(() => card.maybeFindByTestId(ui.LoadingButton, 'pitch') !== null);
  assert.equal(card.findByTestId(ui.LoadingButton, 'score-now').props.disabled, true);
  assert.equal(card.findByTestId(ui.LoadingButton, 'pitch').props.disabled, false);
  assert.match(card.texts().join(), /budget of \$100.00 is spent/);
});

test('a card that was uploaded without Fieldnote’s address says how to upload it', () => {
  const card = openCard({}, {});
  assert.match(alerts(card).join(), /--profile production/);
  assert.deepEqual(card.calls, []);
});
