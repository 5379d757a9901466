import fc from 'fast-check';
import type { CardData } from '../../../src/slack/views/types.ts';

/** A card as the product makes it; the company is invented. */
export function exampleCard(changes: Partial<CardData> = {}): CardData {
  return {
    companyId: '0f9d2c1e-5a1b-4c3d-9e8f-1a2b3c4d5e6f',
    domain: 'northwind-robotics.example',
    name: 'Northwind Robotics',
    score: 87.3,
    band: 'A',
    confidence: 0.82,
    status: 'scored',
    why: null,
    model: 'gpu-infrastructure',
    modelVersion: 'gpu-infrastructure 1.4.0',
    scoredAt: '2026-11-29T02:10:00.000Z',
    reasons: [
      {
        kind: 'start',
        label: 'Where every company starts',
        points: 20,
        quote: null,
        url: null,
        published: null,
      },
      {
        kind: 'own-models',
        label: 'Trains its own models',
        points: 24.5,
        quote: 'We train our grasping models from scratch on 400 hours of teleoperation a week.',
        url: 'https://northwind-robotics.example/blog/grasping',
        published: '2026-10-14',
      },
      {
        kind: 'own-models',
        label: 'Trains its own models',
        points: 11,
        quote: 'Our second foundation model doubles the parameters.',
        url: 'https://news.example/northwind-second-model',
        published: '2026-08-02',
      },
      {
        kind: 'gpu',
        label: 'Names GPU hardware',
        points: 18.2,
        quote:
          'Northwind runs its simulations on a rented cluster of 256 GPUs and says that it has outgrown it.',
        url: 'https://www.dailyrobot.example/2026/11/northwind-outgrows-its-cluster',
        published: '2026-11-12',
      },
      {
        kind: 'hiring',
        label: 'Hires machine learning engineers',
        points: 13.6,
        quote: 'Senior ML Infrastructure Engineer, Lisbon or remote',
        url: 'https://northwind-robotics.example/careers/ml-infra',
        published: null,
      },
      {
        kind: 'layoffs',
        label: 'Cuts staff',
        points: -4,
        quote: 'The company let go of 12 people in its hardware team in spring.',
        url: 'https://www.dailyrobot.example/2026/04/northwind-layoffs',
        published: '2026-04-03',
      },
    ],
    missing: ['Speech and language technology', 'Simulation, rendering and HPC', 'AI research lab'],
    personas: [
      exampleRole('VP of Infrastructure', [{ name: 'Inês Duarte', title: 'Head of Platform' }]),
      exampleRole('Head of Machine Learning', [
        { name: 'Tomasz Łukasik', title: 'Director, ML' },
        { name: 'Priya Raman', title: 'Research Lead' },
        { name: 'Bo Lind', title: 'Staff ML Engineer' },
      ]),
      exampleRole('CFO', []),
    ],
    competitors: [
      {
        name: 'Graspworks',
        domain: 'graspworks.example',
        quote: 'Unlike Graspworks, we do not need fixtures.',
        url: 'https://northwind-robotics.example/why-us',
      },
      {
        name: 'Armada Automation',
        domain: null,
        quote: 'Armada and Northwind',
        url: 'https://news.example/arms',
      },
    ],
    pitch: {
      keyPoints: [
        'They have outgrown a rented cluster of 256 GPUs [1].',
        'They train from scratch every week [2].',
      ],
      callToAction: 'Would 20 minutes with Inês Duarte this week be worth it?',
      text: 'Northwind Robotics, 29 Nov 2026\n\nWhy now\n- Names GPU hardware: “outgrown it” [1]\n\nNext step\nTwenty minutes?',
      edits: [],
    },
    cost: { usd: 0.0123, searchCredits: 6, promptTokens: 8000, completionTokens: 900 },
    method: 'llm',
    ours: 'https://fieldnote.example/companies/northwind-robotics.example',
    trend: 4.2,
    rank: { place: 3, of: 75 },
    records: [
      { crm: 'salesforce', url: 'https://org.my.salesforce.example/lightning/r/Account/001/view' },
      { crm: 'hubspot', url: 'https://app.hubspot.example/contacts/1/record/0-2/7' },
    ],
    inCrm: true,
    stale: false,
    ...changes,
  };
}

export function exampleRole(
  title: string,
  people: readonly { name: string; title: string }[],
): CardData['personas'][number] {
  return {
    role: title.toLowerCase().replaceAll(' ', '-'),
    title,
    pains: [],
    motives: [],
    style: '',
    decisionFactors: [],
    buyingSignals: [],
    matches: people.map((person, index) => ({
      ...person,
      connectionId: 'c1',
      object: 'Contact',
      externalId: String(index),
    })),
  };
}

const NASTY = [
  '<!channel> <!here|x> <!everyone>',
  '<@U012ABCDEF> @channel @here <#C024BE7LR>',
  '<!subteam^S012ABC> <!date^1392734382^{date}^https://evil.example/|x>',
  '<https://evil.example/steal|Salesforce> https://evil.example/a?b=c www.evil.example evil.example/path',
  '*bold* _it_ ~no~ `code` ```pre``` > quote :tada: [x](https://evil.example/md)',
  '&lt;!channel&gt; & < > &amp;',
  '\u202E\u2066gnp.exe\u2069\u200F\u061C',
  '\0\u0007\u001B[31m\r\n\t\u0085\u2028',
  '\uD800lone\uDFFF \uD83D',
  '\u200B\u200D\u2060\uFEFF\u00AD\u034F\u3164\u115F',
  'Z\u0351\u036B\u0343\u0363'.repeat(50),
  '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(40),
  '株式会社サンプル、'.repeat(200),
  '"\\'.repeat(600),
  'x'.repeat(10_000),
  '<!channel>'.repeat(1000),
  '',
  ' \n ',
];

/** Text as the worst sender would choose it. */
export const hostileText = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.constantFrom(...NASTY), { maxLength: 6 }).map((parts) => parts.join(' ')),
);

/** Addresses, a third of which nobody should be led to. */
export const hostileUrl = fc.oneof(
  fc.constantFrom(
    'https://news.example/a',
    'http://www.news.example/b?c=<d>|e&f="g"#h',
    'https://xn--e1awd7f.example/ж/株式会社',
    `https://news.example/${'long/'.repeat(390)}`,
    `https://news.example/${'ü'.repeat(1500)}`,
  ),
  fc.constantFrom(
    'javascript:alert(1)',
    'data:text/html,<script>',
    'https://user:secret@evil.example/',
    'slack://open',
    'file:///etc/passwd',
    `https://evil.example/${'x'.repeat(100_000)}`,
    '//evil.example',
  ),
  hostileText,
);

const points = fc.double({ min: -100, max: 100, noNaN: true });
const listOf = <T>(one: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.array(one, { maxLength });

const hostileReason = fc.record({
  kind: fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor'),
  label: hostileText,
  points,
  quote: fc.option(hostileText),
  url: fc.option(hostileUrl),
  published: fc.option(fc.oneof(fc.constant('2026-03-03'), hostileText)),
});

const hostileRole = fc
  .tuple(hostileText, listOf(fc.record({ name: hostileText, title: hostileText }), 5))
  .map(([title, people]) => exampleRole(title, people));

/** A card of which every part that comes from outside is hostile. */
export const hostileCard: fc.Arbitrary<CardData> = fc
  .record({
    name: hostileText,
    domain: fc.oneof(fc.domain(), hostileText),
    score: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    band: fc.option(fc.oneof(fc.constantFrom('A', 'B', 'C', 'D'), hostileText)),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    why: fc.option(hostileText),
    model: hostileText,
    modelVersion: hostileText,
    scoredAt: fc.oneof(fc.constant('2026-11-29T02:10:00.000Z'), hostileText),
    reasons: listOf(hostileReason, 12),
    missing: listOf(hostileText, 30),
    personas: listOf(hostileRole, 8),
    competitors: listOf(
      fc.record({ name: hostileText, domain: fc.option(hostileText), quote: hostileText, url: hostileUrl }),
      20,
    ),
    pitch: fc.option(
      fc.record({
        keyPoints: listOf(hostileText, 20),
        callToAction: hostileText,
        text: hostileText,
        edits: listOf(hostileText, 3),
      }),
    ),
    trend: fc.option(points),
    rank: fc.option(fc.record({ place: fc.nat(), of: fc.nat() })),
    records: listOf(fc.record({ crm: fc.constantFrom('salesforce', 'hubspot'), url: hostileUrl }), 4),
    inCrm: fc.boolean(),
    stale: fc.boolean(),
    watched: fc.boolean(),
    method: fc.constantFrom('llm', 'phrases'),
  })
  .map((changes) => exampleCard(changes));
