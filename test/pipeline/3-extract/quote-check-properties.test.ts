import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkQuote, checkStatement } from '../../../src/pipeline/3-extract/quote-check.ts';
import { foldWhitespace } from '../../../src/pipeline/3-extract/sentences.ts';
import { makeClaims, seeded } from './quote-lies.ts';
import { company, model, sourceOf } from './reading-model.ts';

void test('Of 800 lies in four ways none passes, and of 200 honest quotes at least 95 in 100 do', () => {
  const claims = makeClaims(1_000, seeded(7));
  const passed = claims.filter((claim) => checkQuote({ ...claim, company, model }).ok);
  const lies = passed.filter((claim) => !claim.true);
  assert.deepEqual(
    lies.map(({ lie, kind, quote, source }) => ({ lie, kind, quote, text: source.text })),
    [],
  );
  const honest = claims.filter((claim) => claim.true);
  const refused = honest.filter((claim) => !passed.includes(claim));
  assert.ok(
    refused.length <= honest.length * 0.05,
    `refused ${refused.map((claim) => claim.quote).join('\n')}`,
  );
});

void test('What passes stands in the source, whitespace folded, and is a whole sentence of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
      for (const claim of makeClaims(5, seeded(seed))) {
        const checked = checkQuote({ ...claim, company, model });
        assert.equal(checked.ok && !claim.true, false, JSON.stringify(claim));
        if (!checked.ok) continue;
        assert.ok(foldWhitespace(claim.source.text).includes(checked.quote));
        assert.match(checked.quote, /[.!]$/);
      }
    }),
    { numRuns: 60 },
  );
});

void test('No part of a denied sentence passes, however it is cut', () => {
  const text = 'At Halden we do not train our own models in Oslo.';
  const source = sourceOf(`We build arms. ${text} Our arms pack bread.`);
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(text.length), (from, to) => {
      assert.equal(
        checkQuote({ quote: text.slice(from, to), source, kind: 'trains-models', company, model }).ok,
        false,
      );
    }),
    { numRuns: 200 },
  );
});

void test('Any quote over any text is answered, never thrown', () => {
  const rough = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom(
      '\u0000',
      '\uD800',
      '. '.repeat(500),
      'A'.repeat(3_000),
      '“',
      '我们训练模型。',
      'We train models\u202e.',
    ),
  );
  fc.assert(
    fc.property(rough, rough, rough, (before, quote, after) => {
      const source = sourceOf(before + quote + after);
      checkStatement({ quote, source, company });
      const checked = checkQuote({ quote, source, kind: 'trains-models', company, model });
      if (checked.ok) assert.ok(foldWhitespace(source.text).includes(checked.quote));
    }),
    { numRuns: 200 },
  );
});
