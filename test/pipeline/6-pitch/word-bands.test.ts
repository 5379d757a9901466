import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { countWords, fitLength, trimPassages, WORD_BANDS } from '../../../src/pipeline/6-pitch/fit-length.ts';
import { buildPitchData } from '../../../src/pipeline/6-pitch/pitch-data.ts';
import type { PitchData } from '../../../src/pipeline/6-pitch/pitch-data.ts';
import { fillPassages } from '../../../src/pipeline/6-pitch/render-template.ts';
import { readShippedTemplate, SHIPPED_TEMPLATES } from '../../../src/pipeline/6-pitch/template-library.ts';
import { createTemplateRenderer } from '../../../src/pipeline/6-pitch/template-renderer.ts';
import { LENGTHS } from '../../../src/pipeline/store/pitch-settings.ts';
import type { PitchSettings } from '../../../src/pipeline/store/pitch-settings.ts';

// FIELDNOTE_WORD_BANDS=1000 for the long run.
const COMPANIES = Number(process.env.FIELDNOTE_WORD_BANDS ?? 25);
const templates = createTemplateRenderer();
after(() => templates.close());
const shipped = await Promise.all(SHIPPED_TEMPLATES.map(readShippedTemplate));

type Known = {
  reasons: number[];
  doubts: number[];
  competitors: number[];
  personas: number[];
  profile: number;
  name: number;
  offer: number;
  proofs: number;
  forPersona: boolean;
};
const words = (count: number, about: string): string =>
  Array.from({ length: count }, (_, index) => (index === 0 ? about : ['trains', 'a', 'model', 'on', 'footage', 'of', 'halls'][index % 7])).join(' '); // prettier-ignore

/** A company of which so much is known: each number is how many words a quote, a list or a name has. */
function describe(known: Known, length: PitchSettings['length']): PitchData {
  const name = words(known.name, 'Halden');
  const url = 'https://halden.test/';
  return buildPitchData({
    company: { name, domain: 'halden.test' },
    score: {
      score: 72,
      band: 'A',
      confidence: 0.8,
      reasons: [
        ...known.reasons.map((count, index) => ({ label: `Trains models ${index}`, points: 30 - index, quote: words(count, `Work${index}`), url, published: index % 2 === 0 ? '2026-03-01' : null })), // prettier-ignore
        ...known.doubts.map((count, index) => ({ label: `Doubt ${index}`, points: -4, quote: words(count, `Doubt${index}`), url, published: null })), // prettier-ignore
      ],
    },
    personas: known.personas.map((count, index) => ({
      role: `role-${index}`,
      title: `Leader ${index}`,
      pains: [words(count, 'Waiting'), words(count, 'Runs')],
      motives: ['Ship sooner'],
      style: 'Direct',
      decisionFactors: [words(count, 'Price'), 'Time', 'Trust'],
      buyingSignals: [],
      matches: Array.from({ length: index % 3 }, (_, contact) => ({ connectionId: 'c', object: 'Contact' as const, externalId: `${contact}`, name: `Ada Lind ${contact}`, title: 'Head of research' })), // prettier-ignore
    })),
    competitors: known.competitors.map((count, index) => ({
      name: `Rival ${index}`,
      quote: words(count, `Rival${index}`),
      url,
    })),
    profile: known.profile === 0 ? null : { quote: words(known.profile, name), url },
    seller: known.offer === 0 ? null : { name: 'Fjord Compute', offer: words(known.offer, 'Nodes'), audience: '', proofPoints: Array.from({ length: known.proofs }, () => words(9, 'Proof')), neverClaim: [] }, // prettier-ignore
    settings: { tone: 'direct', length, focus: 'balanced' },
    ...(known.forPersona && known.personas.length > 0 ? { persona: 'role-0' } : {}),
    asOf: '2026-11-21',
  }).data;
}

const countIn = (rendered: Parameters<typeof fillPassages>[0], texts = new Map<number, string>()): number =>
  countWords(fillPassages(rendered, texts).text);

const NOTHING: Known = {
  reasons: [],
  doubts: [],
  competitors: [],
  personas: [],
  profile: 0,
  name: 1,
  offer: 0,
  proofs: 0,
  forPersona: false,
};
const quotes = (most: number) => fc.array(fc.integer({ min: 3, max: 60 }), { maxLength: most });
const anyCompany: fc.Arbitrary<Known> = fc.record({
  reasons: quotes(16),
  doubts: quotes(5),
  competitors: quotes(8),
  personas: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 5 }),
  profile: fc.oneof(fc.constant(0), fc.integer({ min: 4, max: 70 })),
  name: fc.integer({ min: 1, max: 30 }),
  offer: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 300 })),
  proofs: fc.integer({ min: 0, max: 8 }),
  forPersona: fc.boolean(),
});

test('whatever is known of a company, a pitch never has more words than its length allows, and fewer only where it shows all of it', async () => {
  await fc.assert(
    fc.asyncProperty(anyCompany, fc.integer({ min: 1, max: 60 }), async (known, sentence) => {
      for (const template of shipped)
        for (const length of LENGTHS) {
          const data = describe(known, length);
          const { least, most } = WORD_BANDS[length];
          const fitted = await fitLength((part) => templates.render(template, part), data);
          const count = countIn(fitted.rendered);
          const what = `${template.name}, ${length}: ${count} words of ${JSON.stringify(known)}`;
          assert.ok(count <= most, what);
          if (count < least) assert.deepEqual(fitted.data, data, what);
          // What a model writes is trimmed to the same, however much it is.
          const written = fitted.rendered.passages.map(({ number }) => [number, `${words(sentence, 'It')}. ${words(sentence, 'It')}.`] as const); // prettier-ignore
          const texts = trimPassages(fitted.rendered, new Map(written), length);
          assert.ok(countIn(fitted.rendered, texts) <= most, `${what}, written`);
        }
    }),
    {
      numRuns: COMPANIES,
      examples: [
        // Nothing but a long offer: to leave most of it out would leave too little.
        [{ ...NOTHING, name: 1, offer: 214 }, 1],
        // Names as long as a sentence.
        [{ ...NOTHING, personas: [6], profile: 7, name: 12, offer: 3 }, 1],
      ],
    },
  );
});

test('where much is known, every template that comes with Fieldnote has as many words as each length says', async () => {
  const ordinary = fc.integer({ min: 12, max: 30 });
  const richCompany = fc.record({
    reasons: fc.array(ordinary, { minLength: 12, maxLength: 16 }),
    doubts: fc.array(ordinary, { minLength: 2, maxLength: 4 }),
    competitors: fc.array(ordinary, { minLength: 3, maxLength: 6 }),
    personas: fc.array(fc.integer({ min: 2, max: 5 }), { minLength: 3, maxLength: 4 }),
    profile: fc.integer({ min: 8, max: 25 }),
    name: fc.integer({ min: 1, max: 4 }),
    offer: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 30 })),
    proofs: fc.integer({ min: 0, max: 4 }),
    forPersona: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(richCompany, async (known) => {
      for (const template of shipped)
        for (const length of LENGTHS) {
          const { least, most } = WORD_BANDS[length];
          const { rendered } = await fitLength(
            (part) => templates.render(template, part),
            describe(known, length),
          );
          const count = countIn(rendered);
          assert.ok(count >= least && count <= most, `${template.name}, ${length}: ${count} words of ${JSON.stringify(known)}`); // prettier-ignore
        }
    }),
    { numRuns: COMPANIES },
  );
});
