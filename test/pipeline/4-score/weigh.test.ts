import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Evidence } from '../../../src/pipeline/4-score/measure-confidence.ts';
import { START, weigh } from '../../../src/pipeline/4-score/weigh.ts';
import { loadScoringModel, shippedModelPath } from '../../../src/pipeline/scoring-model.ts';
import type { Signal } from '../../../src/pipeline/store/signals.ts';

const model = await loadScoringModel(shippedModelPath('gpu-infrastructure'));
const asOf = '2026-11-21';
const evidence: Evidence = {
  textLength: 2_000,
  sources: [{ id: 's1', kind: 'site', credibility: 0.9, fetchedAt: '2026-11-20T10:00:00Z' }],
};

function signal(kind: string, change: Partial<Signal> = {}): Signal {
  return {
    kind,
    strength: 0.8,
    confidence: 0.7,
    quote: `It says ${kind}.`,
    sourceId: 's1',
    url: 'https://halden.example/',
    published: null,
    ...change,
  };
}

function scoreOf(signals: Signal[], day = asOf): number {
  const { score } = weigh(signals, model, { asOf: day, evidence });
  assert.ok(score !== null);
  return score;
}

const anyDay = fc
  .date({ min: new Date('2015-01-01'), max: new Date('2027-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const anySignal: fc.Arbitrary<Signal> = fc.record({
  kind: fc.constantFrom(...model.kinds.map((kind) => kind.key), 'no-such-kind'),
  strength: fc.double({ min: 0, max: 1, noNaN: true }),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
  quote: fc.constantFrom(
    'We train models.',
    'We train models!',
    'GPUs hum.',
    'Robots walk.',
    'We sell shoes.',
  ),
  sourceId: fc.constantFrom('s1', 's2'),
  url: fc.constantFrom('https://a.example/', 'https://b.example/'),
  published: fc.option(anyDay),
});

test('The points of the reasons add up to the score exactly, for and against', () => {
  fc.assert(
    fc.property(fc.array(anySignal, { maxLength: 40 }), anyDay, (signals, day) => {
      const { score, reasons } = weigh(signals, model, { asOf: day, evidence });
      const tenths = reasons.map(({ points }) => Math.round(points * 10));
      assert.ok(reasons.every(({ points }, index) => points === (tenths[index] ?? 0) / 10));
      assert.equal(
        tenths.reduce((sum, each) => sum + each, 0),
        Math.round((score ?? -1) * 10),
      );
      assert.ok(score !== null && score >= 0 && score <= 100);
      for (const { kind, points } of reasons) {
        if (kind === START) continue;
        const polarity = model.kinds.find(({ key }) => key === kind)?.polarity;
        assert.ok(polarity === 'positive' ? points >= 0 : points <= 0, `${kind} ${points}`);
      }
    }),
    { numRuns: 500 },
  );
});

test('The same signals on the same day give the same result bit for bit, in any order', () => {
  fc.assert(
    fc.property(
      fc
        .array(anySignal, { maxLength: 30 })
        .chain((signals) =>
          fc.tuple(
            fc.constant(signals),
            fc.shuffledSubarray(signals, { minLength: signals.length, maxLength: signals.length }),
          ),
        ),
      ([signals, shuffled]) => {
        const first = JSON.stringify(weigh(signals, model, { asOf, evidence }));
        assert.equal(JSON.stringify(weigh(shuffled, model, { asOf, evidence })), first);
      },
    ),
  );
});

test('One more sign of a need never lowers a score, one more against it never raises it', () => {
  fc.assert(
    fc.property(fc.array(anySignal, { maxLength: 20 }), anySignal, (signals, extra) => {
      const fresh = { ...extra, quote: 'Something else altogether.' };
      const polarity = model.kinds.find(({ key }) => key === fresh.kind)?.polarity;
      const change = scoreOf([...signals, fresh]) - scoreOf(signals);
      if (polarity === 'positive') assert.ok(change >= 0);
      else if (polarity === 'contrary') assert.ok(change <= 0);
      else assert.equal(change, 0);
    }),
  );
});

test('The same words on three sites count once, and the most credible copy is the reason', () => {
  const once = signal('own-models', { quote: 'We train our own models.' });
  const copies = [
    once,
    { ...once, quote: 'We train our own models', url: 'https://b.example/', confidence: 0.5 },
    { ...once, quote: '“We train our OWN models.”', url: 'https://c.example/', confidence: 0.9 },
  ];
  const score = weigh(copies, model, { asOf, evidence });
  const reasons = score.reasons.filter(({ kind }) => kind === 'own-models');
  assert.deepEqual(
    reasons.map(({ url }) => url),
    ['https://c.example/'],
  );
  assert.equal(score.score, scoreOf([{ ...once, confidence: 0.9 }]));
});

test('Signals of one kind saturate: the fourth adds less than the first', () => {
  const many = [1, 2, 3, 4].map((index) => signal('gpu-hardware', { quote: `Cluster ${index} has GPUs.` }));
  const scores = [0, 1, 2, 3, 4].map((count) => scoreOf(many.slice(0, count)));
  const steps = scores
    .slice(1)
    .map(
      (score, index) =>
        Math.log(score / (100 - score)) - Math.log((scores[index] ?? 0) / (100 - (scores[index] ?? 0))),
    );
  assert.ok((steps[3] ?? 0) < (steps[0] ?? 0) * 0.6);
});

test('An old signal counts half after its half-life, by the stored day and not by the clock', () => {
  const old = signal('hiring-ml', { published: '2026-05-25' });
  const fresh = signal('hiring-ml', { published: asOf });
  const halved = signal('hiring-ml', { published: asOf, strength: 0.4 });
  assert.ok(scoreOf([old]) < scoreOf([fresh]));
  assert.equal(scoreOf([old]), scoreOf([halved]));
  assert.equal(scoreOf([old], '2026-05-25'), scoreOf([fresh]));
});

test('Where a document says no date, the day of reading counts; a date to come counts as today', () => {
  assert.equal(
    scoreOf([signal('own-models')]),
    scoreOf([signal('own-models', { published: '2026-11-20T10:00:00Z' })]),
  );
  assert.equal(
    scoreOf([signal('own-models', { published: '2031-01-01' })]),
    scoreOf([signal('own-models', { published: asOf })]),
  );
});

test('Without signals a company that was read scores where every company starts, low but not null', () => {
  const score = weigh([], model, { asOf, evidence });
  assert.equal(score.status, 'scored');
  assert.equal(score.score, model.scale.start);
  assert.equal(score.band, 'D');
  assert.deepEqual(
    score.reasons.map(({ kind, points }) => [kind, points]),
    [[START, model.scale.start]],
  );
});

test('A company with much against it ranks below one of which nothing is known', () => {
  const against = [signal('ai-application'), signal('others-models'), signal('business-software')];
  assert.ok(scoreOf(against) < scoreOf([]) / 2);
});

test('Too little text gives no score but the reason why', () => {
  const score = weigh([signal('own-models')], model, { asOf, evidence: { ...evidence, textLength: 80 } });
  assert.equal(score.status, 'not-enough-evidence');
  assert.equal(score.score, null);
  assert.equal(score.band, null);
  assert.deepEqual(score.reasons, []);
  assert.match(score.why ?? '', /Only 80 characters .* at least 250/);
});

test('Kinds without evidence are named as missing, and missing pages lower the confidence', () => {
  const bare = weigh([signal('own-models')], model, { asOf, evidence });
  assert.ok(bare.missing.includes('Names GPU hardware'));
  assert.ok(!bare.missing.includes('Trains its own models'));
  const jobs = { id: 's2', kind: 'jobs' as const, credibility: 0.9, fetchedAt: asOf };
  const wider = weigh([signal('own-models')], model, {
    asOf,
    evidence: { ...evidence, sources: [...evidence.sources, jobs] },
  });
  assert.ok(wider.confidence > bare.confidence);
  assert.equal(wider.score, bare.score);
  assert.ok(weigh([], model, { asOf, evidence }).confidence < bare.confidence);
});

test('Numbers out of range from a careless reader are brought into it', () => {
  assert.equal(
    scoreOf([signal('own-models', { strength: 7 })]),
    scoreOf([signal('own-models', { strength: 1 })]),
  );
  for (const strength of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(scoreOf([signal('own-models', { strength })]), model.scale.start);
  }
  assert.equal(
    scoreOf([signal('own-models', { published: 'last Tuesday' })]),
    scoreOf([signal('own-models', { published: asOf })]),
  );
  assert.throws(() => weigh([], model, { asOf: 'today', evidence }), RangeError);
});
