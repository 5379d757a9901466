import type { SheetFacts } from '../../../../src/pipeline/6-pitch/build-sheet.ts';
import type { Reason } from '../../../../src/pipeline/store/scores.ts';

const DAY = '2026-09-01';
const site = (path: string): string => `https://www.harrow.example/${path}`;

export const reason = (kind: string, label: string, points: number, quote: string, url: string): Reason => ({
  kind,
  label,
  points,
  quote,
  url,
  sourceId: null,
  published: DAY,
});

export const start: Reason = {
  kind: 'start',
  label: 'Where every company starts',
  points: 12,
  quote: null,
  url: null,
  sourceId: null,
  published: null,
};

/** What is stored about an invented company, rich enough to fill two pages. */
export function someFacts(): SheetFacts {
  return {
    company: {
      name: 'Harrow Fields',
      domain: 'harrow.example',
      website: 'https://harrow.example/',
      industry: 'Farm robots',
      employees: 1240,
      country: 'Denmark',
    },
    score: {
      id: 1,
      companyId: 'company',
      extractionId: 'extraction',
      model: 'gpu-infrastructure',
      modelVersion: '3',
      asOf: '2026-10-20',
      status: 'scored',
      score: 78.4,
      band: 'A',
      confidence: 0.81,
      reasons: [
        start,
        reason(
          'own',
          'Trains models of its own',
          31.5,
          'We train every perception model on our own cluster.',
          site('engineering'),
        ),
        reason(
          'hardware',
          'Names GPU hardware',
          20.1,
          'The cluster holds 512 accelerators and grows each season.',
          site('blog/cluster'),
        ),
        reason(
          'hardware',
          'Names GPU hardware',
          9.0,
          'Each harvester carries two embedded GPUs.',
          site('product'),
        ),
        reason(
          'hiring',
          'Hires GPU engineers',
          10.2,
          'You have run training jobs on more than a hundred GPUs.',
          site('careers/training'),
        ),
        reason(
          'api',
          'Builds on others’ models',
          -4.4,
          'Our help desk calls the API of a large model provider.',
          site('docs/help'),
        ),
      ],
      missing: ['Owns a data centre'],
      why: null,
      scoredAt: new Date('2026-10-20T10:11:12Z'),
    },
    profile: { quote: 'Harrow Fields builds robots that pick fruit at night.', url: site('about') },
    personas: [
      {
        role: 'cto',
        title: 'Chief technology officer',
        pains: ['Training queues delay releases'],
        motives: ['Ship before the season'],
        style: 'Direct.',
        decisionFactors: ['Cost per run'],
        buyingSignals: [],
        matches: [
          { connectionId: 'c', object: 'Contact', externalId: '1', name: 'Nadia Søholm', title: 'CTO' },
          { connectionId: 'h', object: 'contact', externalId: '2', name: 'Nadia Søholm', title: 'CTO' },
        ],
      },
      {
        role: 'ml',
        title: 'Head of machine learning',
        pains: ['Experiments wait'],
        motives: [],
        style: '',
        decisionFactors: [],
        buyingSignals: [],
        matches: [],
      },
    ],
    competitors: [
      {
        name: 'Orchard Arm',
        domain: null,
        quote: 'Unlike Orchard Arm, we pick at night.',
        sourceId: 's',
        url: site('compare'),
      },
    ],
    pitch: {
      id: 'pitch',
      companyId: 'company',
      template: 'standard',
      persona: '',
      edited: [],
      revision: 'one',
      version: 1,
      fingerprint: 'made of this',
      keyPoints: [],
      callToAction: 'Would a one-week trial of one workload help? Nadia Søholm would know which one to take.',
      text: [
        'Harrow Fields trains its models where the fruit is not. [3]',
        '',
        'Why now',
        '- Trains models of its own: “We train every perception model on our own cluster.” [3] (1 Sep 2026)',
        '  It said so this autumn.',
        '- Names GPU hardware: “The cluster holds 512 accelerators and grows each season.” [7]',
        '',
        'Next step',
        'Would a one-week trial of one workload help? Nadia Søholm would know which one to take.',
        '',
        'Sources',
        '[3] “We train every perception model on our own cluster.” https://www.harrow.example/engineering',
      ].join('\n'),
      citations: [
        { number: 3, quote: 'We train every perception model on our own cluster.', url: site('engineering') },
        {
          number: 7,
          quote: 'The cluster holds 512 accelerators and grows each season.',
          url: site('blog/cluster'),
        },
      ],
      cut: 2,
      method: 'llm',
      textModel: 'some-model',
      askedModel: 'some-model',
      chosenModel: null,
      writtenAt: new Date('2026-10-20T10:11:14Z'),
    },
    sources: [
      'about',
      'engineering',
      'blog/cluster',
      'product',
      'careers/training',
      'docs/help',
      'compare',
    ].map((path) => ({
      url: site(path),
      kind: path.startsWith('careers') ? 'jobs' : 'site',
      title: `The page ${path}`,
      published: path === 'about' ? null : DAY,
      fetchedAt: '2026-10-19T08:00:00Z',
    })),
    seller: 'Northwind Compute',
    page: 'http://127.0.0.1:3000/companies/harrow.example',
  };
}

const LONG = 'Unbrechbareslangwortohneende'.repeat(400);

/** The same with everything too long, too many or not what it should be. */
export function hostileFacts(): SheetFacts {
  const facts = someFacts();
  const { pitch } = facts;
  if (pitch === null) throw new Error('the facts hold no pitch');
  return {
    ...facts,
    company: { ...facts.company, name: LONG, industry: LONG, country: LONG, website: 'javascript:alert(1)' },
    seller: LONG,
    page: 'file:///etc/passwd',
    profile: { quote: LONG, url: 'data:text/html,<script>alert(1)</script>' },
    score: {
      ...facts.score,
      missing: Array.from({ length: 40 }, () => LONG),
      reasons: [
        start,
        ...Array.from({ length: 30 }, (_, each) =>
          reason(
            `kind ${each}`,
            `${LONG}${each}`,
            each % 3 === 0 ? -each : each,
            each % 2 === 0 ? LONG : 'many words '.repeat(900),
            each % 4 === 0 ? `javascript:alert(${each})` : site(`${LONG.slice(0, 1_500)}${each}`),
          ),
        ),
      ],
    },
    personas: [1, 2, 3, 4, 5].map((each) => ({
      role: `role ${each}`,
      title: LONG,
      pains: Array.from({ length: 50 }, () => 'pain '.repeat(300)),
      motives: [LONG],
      style: LONG,
      decisionFactors: [LONG],
      buyingSignals: [],
      matches: Array.from({ length: 30 }, (_, match) => ({
        connectionId: 'c',
        object: 'Contact' as const,
        externalId: `${match}`,
        name: `${match}${LONG}`,
        title: LONG,
      })),
    })),
    competitors: Array.from({ length: 40 }, (_, each) => ({
      name: LONG,
      domain: null,
      quote: LONG,
      sourceId: 's',
      url: site(`rival-${each}`),
    })),
    pitch: {
      ...pitch,
      template: LONG,
      callToAction: LONG,
      text: Array.from({ length: 400 }, () => `- ${'point '.repeat(300)}[3]`).join('\n'),
    },
  };
}
