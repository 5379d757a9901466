import { buildPitchData } from '../../../src/pipeline/6-pitch/pitch-data.ts';
import type { PitchData, PitchFacts } from '../../../src/pipeline/6-pitch/pitch-data.ts';
import { compileTemplate, fillPassages } from '../../../src/pipeline/6-pitch/render-template.ts';
import type { Rendered } from '../../../src/pipeline/6-pitch/render-template.ts';

export const reason = (label: string, points: number, quote: string, url = 'https://halden.test/tech') => ({
  label,
  points,
  quote,
  url,
  published: '2026-03-01',
});
/** An invented company of which much is known. */
export const facts: PitchFacts = {
  company: { name: 'Halden Robotics', domain: 'halden.test' },
  score: {
    score: 72.4,
    band: 'A',
    confidence: 0.8,
    reasons: [
      reason(
        'Trains its own models',
        31.2,
        'We train our own grasping models daily on footage from 40 bakeries.',
      ),
      reason('Runs GPUs', 20, 'We run 240 H100s in Oslo.'),
      reason('Calls hosted models', -5, 'Our planner uses hosted models.', 'https://halden.test/plan'),
      { label: 'Start', points: 10, quote: null, url: null, published: null },
    ],
  },
  personas: [
    {
      role: 'technical-leader',
      title: 'Technical leader',
      pains: ['Waiting for capacity'],
      motives: ['Ship sooner'],
      style: 'Direct',
      decisionFactors: ['Price', 'Time', 'Trust'],
      buyingSignals: [],
      matches: [{ connectionId: 'c', object: 'Contact', externalId: '1', name: 'Ada Lind', title: 'CTO' }],
    },
  ],
  competitors: [{ name: 'Kestrel', quote: 'Unlike Kestrel, we need no cage.', url: 'https://halden.test/' }],
  profile: { quote: 'Halden Robotics builds arms that pack bread.', url: 'https://halden.test/' },
  asOf: '2026-11-21',
};
export const { data, citations } = buildPitchData(facts);

/** An invented company of which next to nothing is known. */
export const empty = buildPitchData({
  ...facts,
  score: { score: null, band: null, confidence: 0, reasons: [] },
  personas: [],
  competitors: [],
  profile: null,
});

export function render(source: string, given: PitchData = data): Rendered {
  return compileTemplate(source)(JSON.stringify(given));
}

/** The full text, each passage with its own words. */
export function renderText(source: string, given: PitchData = data): string {
  return fillPassages(render(source, given), new Map()).text;
}
