import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  describeCompetitors,
  describePersonas,
  describePitch,
  describeWhy,
  type ScoreText,
} from '../../../src/pipeline/7-write-back/texts.ts';
import { findStrangeLinks } from '../../../src/pipeline/plain-text.ts';

const at = { limit: 4_000, moreAt: 'https://fieldnote.test/companies/1' };
const score: ScoreText = {
  status: 'scored',
  score: 72.4,
  band: 'A',
  confidence: 0.81,
  reasons: [
    {
      label: 'Trains its own models',
      points: 42.4,
      quote: 'We train our own models daily.',
      url: 'https://halden.test/tech',
    },
    { label: 'Runs GPUs', points: 25, quote: 'We run 240 H100s in Oslo.', url: 'https://halden.test/gpu' },
    {
      label: 'Calls hosted models',
      points: -5,
      quote: 'Our planner uses hosted models.',
      url: 'https://halden.test/plan',
    },
    { label: 'Where every company starts', points: 10, quote: null, url: null },
  ],
  missing: ['Hires machine-learning engineers'],
  why: null,
};

void test('Why: every reason stands with its points, quote and address', () => {
  assert.equal(
    describeWhy(score, at),
    [
      'Score 72.4 of 100 (band A), confidence 81 %. The points add up to the score.',
      '+42.4 Trains its own models: “We train our own models daily.” https://halden.test/tech',
      '+25 Runs GPUs: “We run 240 H100s in Oslo.” https://halden.test/gpu',
      '−5 Calls hosted models: “Our planner uses hosted models.” https://halden.test/plan',
      '+10 Where every company starts',
      'Not found, so unknown: Hires machine-learning engineers.',
    ].join('\n'),
  );
});

void test('Without a score the text says why, with the page that could not be read', () => {
  const text = describeWhy(
    {
      ...score,
      status: 'not-enough-evidence',
      score: null,
      band: null,
      why: 'Only 40 characters were read. Could not read https://halden.test/ (blocked).',
    },
    at,
  );
  assert.equal(
    text,
    'Not enough evidence for a score. Only 40 characters were read. Could not read https://halden.test/ (blocked).',
  );
});

void test('A long text ends between reasons, never in a quote, with the address of the rest', () => {
  const long = {
    ...score,
    reasons: Array.from(
      { length: 80 },
      () => score.reasons[0] ?? { label: '', points: 0, quote: null, url: null },
    ),
  };
  fc.assert(
    fc.property(fc.integer({ min: 60, max: 3_000 }), (limit) => {
      const text = describeWhy(long, { ...at, limit });
      assert.ok(text.length <= limit);
      assert.ok(text.endsWith(`More: ${at.moreAt}`));
      assert.equal(text.split('“').length, text.split('”').length);
    }),
    { numRuns: 100 },
  );
});

void test('A quote of several sentences is shown whole or not at all, wherever the limit falls in it', () => {
  const quote = 'We have no GPUs of our own. All of that is over since we bought 240 of them in March.';
  const one = { ...score, reasons: [{ label: 'Runs GPUs', points: 25, quote, url: 'https://halden.test/gpu' }] }; // prettier-ignore
  const whole = describeWhy(one, at);
  for (let limit = 120; limit < whole.length; limit += 1) {
    const text = describeWhy(one, { ...at, limit });
    assert.ok(!text.includes('no GPUs of our own') || text.includes(quote), text);
  }
});

void test('Rivals, personas and pitch read as plain text; nothing found writes nothing', () => {
  assert.equal(describeCompetitors([], at), null);
  assert.equal(describePersonas([], at), null);
  assert.equal(
    describeCompetitors(
      [
        {
          name: 'Kestrel',
          domain: 'kestrel.test',
          quote: 'Unlike Kestrel, we need no cage.',
          url: 'https://halden.test/',
        },
      ],
      at,
    ),
    'Kestrel (kestrel.test): “Unlike Kestrel, we need no cage.” https://halden.test/',
  );
  const contact = { name: 'Ada Lind', title: 'CTO' };
  const personas = describePersonas(
    [
      {
        title: 'Technical leader',
        pains: ['Waits.'],
        motives: ['Speed.'],
        style: 'Direct.',
        decisionFactors: ['Price'],
        buyingSignals: ['“We run GPUs.” (https://halden.test/gpu)'],
        contacts: [contact, contact],
      },
    ],
    at,
  );
  assert.equal(
    personas,
    '1. Technical leader\nContacts: Ada Lind (CTO)\nPains (inferred): Waits\nMotives (inferred): Speed\nStyle (inferred): Direct.\nDecides by (inferred): Price\nBuying signal: “We run GPUs.” (https://halden.test/gpu)',
  );
  assert.equal(
    describePitch(
      {
        keyPoints: ['One [1]'],
        callToAction: 'Call?',
        text: 'Text [1]\n\nSources\n[1] “One” https://halden.test/',
        citations: [{ url: 'https://halden.test/' }],
        edited: [],
      },
      at,
    ),
    'Key points\n- One [1]\n\nCall to action\nCall?\n\nText [1]\n\nSources\n[1] “One” https://halden.test/',
  );
});

void test('A field whose pitch a person edited says whose words these are and when, and keeps the links that they put there', () => {
  const editedAt = new Date('2026-11-29T23:00:00Z');
  const written = (editedBy: string): string =>
    describePitch(
      {
        keyPoints: ['One [1]'],
        callToAction: 'Book a time: https://cal.example/ada',
        text: 'Text [1]',
        citations: [{ url: 'https://halden.test/' }],
        edited: [
          { field: 'keyPoints', editedBy, editedAt, parts: { theirs: 1, all: 1 } },
          { field: 'callToAction', editedBy, editedAt, parts: { theirs: 1, all: 1 } },
        ],
      },
      at,
    );
  assert.equal(
    written('Ada Lind (ada@seller.example)'),
    'Key points\n- One [1]\n\nCall to action\nBook a time: https://cal.example/ada\n\nKey points and call to action edited by Ada Lind (ada@seller.example) on 29 Nov 2026\n\nText [1]',
  );
  assert.match(written('this machine'), /call to action edited by a person on 29 Nov 2026/);
  assert.match(written('https://evil.test/name'), /edited by \[link removed\] on/);
});

void test('Whatever was read, no control, bidirectional mark or strange address reaches a field, within any limit', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(
      '\u0000\u202eabc',
      'see https://evil.test/?q=1',
      'www.evil.test',
      'javascript:alert(1)',
      'evil.test/x',
      '\uD800',
      'mailto:a@evil.test',
    ),
  );
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 6, maxLength: 6 }),
      fc.integer({ min: 60, max: 5_000 }),
      ([a = '', b = '', c = '', d = '', e = '', f = ''], limit) => {
        const url = 'https://halden.test/a?b=c';
        const within = { ...at, limit };
        const texts = [
          describeWhy({ ...score, reasons: [{ label: a, points: 5, quote: b, url }], missing: [c] }, within),
          describeCompetitors([{ name: a, domain: null, quote: b, url }], within),
          describePersonas(
            [
              {
                title: a,
                pains: [b],
                motives: [c],
                style: d,
                decisionFactors: [e],
                buyingSignals: [`“${f}” (${url})`],
                contacts: [{ name: a, title: b }],
              },
            ],
            within,
          ),
          describePitch(
            { keyPoints: [a], callToAction: b, text: c, citations: [{ url }], edited: [] },
            within,
          ),
        ];
        for (const written of texts) {
          if (written === null) continue;
          assert.ok(written.length <= limit);
          assert.ok(written.isWellFormed());
          assert.doesNotMatch(written, /[^\P{Cc}\n]|\p{Cf}/u);
          assert.deepEqual(findStrangeLinks(written, [url, at.moreAt]), []);
        }
      },
    ),
    { numRuns: 300 },
  );
});
