import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { countWords, fitLength, trimPassages, WORD_BANDS } from '../../../src/pipeline/6-pitch/fit-length.ts';
import { readShippedTemplate } from '../../../src/pipeline/6-pitch/template-library.ts';
import { createTemplateRenderer } from '../../../src/pipeline/6-pitch/template-renderer.ts';
import { buildPitchData } from '../../../src/pipeline/6-pitch/pitch-data.ts';
import { fillPassages } from '../../../src/pipeline/6-pitch/render-template.ts';
import type { PitchSettings } from '../../../src/pipeline/store/pitch-settings.ts';

const say = (about: string, index: number): string =>
  `In the ${about} of hall ${index} our engineers train grasping models on footage from the bakeries that we serve in the north.`;

function gather(length: PitchSettings['length'], rich: boolean) {
  const reason = (label: string, points: number, index: number) => ({
    label: `${label} ${index}`,
    points,
    quote: say(label, index),
    url: `https://halden.test/${label}`,
    published: null,
  });
  const many = (count: number): number[] => Array.from({ length: rich ? count : 0 }, (_, index) => index);
  return buildPitchData({
    company: { name: 'Halden Robotics', domain: 'halden.test' },
    score: {
      score: 72,
      band: 'A',
      confidence: 0.8,
      reasons: [
        ...many(14).map((i) => reason('work', 20 - i, i)),
        ...many(5).map((i) => reason('doubt', -4, i)),
      ],
    },
    personas: many(4).map((index) => ({
      role: `role-${index}`,
      title: `Leader ${index}`,
      pains: ['Waiting for capacity', 'Runs that fail and start again'],
      motives: ['Ship sooner'],
      style: 'Direct',
      decisionFactors: ['Price', 'Time', 'Trust'],
      buyingSignals: [],
      matches: [],
    })),
    competitors: many(7).map((i) => ({
      name: `Rival ${i}`,
      quote: say('market', i),
      url: 'https://halden.test/',
    })),
    profile: { quote: 'Halden Robotics builds arms that pack bread.', url: 'https://halden.test/' },
    settings: { tone: 'direct', length, focus: 'balanced' },
    asOf: '2026-11-21',
  });
}

const templates = createTemplateRenderer();
after(() => templates.close());

const NOTHING = new Map<number, string>();

void test('Thin evidence gives a short pitch, and nothing is said to fill it', async () => {
  const template = await readShippedTemplate('standard');
  const { rendered } = await fitLength(
    (data) => templates.render(template, data),
    gather('detailed', false).data,
  );
  assert.ok(countWords(fillPassages(rendered, NOTHING).text) < WORD_BANDS.detailed.least);
});

void test('What the model writes at length is cut by whole sentences', async () => {
  const template = await readShippedTemplate('standard');
  const { rendered } = await fitLength(
    (data) => templates.render(template, data),
    gather('medium', true).data,
  );
  const long = Array.from({ length: 40 }, (_, index) => `Sentence ${index} says a little more of it.`).join(
    ' ',
  );
  const texts = trimPassages(rendered, new Map([[1, long]]), 'medium');
  const { text } = fillPassages(rendered, texts);
  assert.ok(countWords(text) <= WORD_BANDS.medium.most);
  assert.match(texts.get(1) ?? '', /^Sentence 0 .+ of it\.$/);
});
