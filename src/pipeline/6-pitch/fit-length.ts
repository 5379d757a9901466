import type { PitchSettings } from '../store/pitch-settings.ts';
import { cutText } from './cut-text.ts';
import type { PitchData } from './pitch-data.ts';
import { fillPassages } from './render-template.ts';
import type { Rendered } from './render-template.ts';

/** Words of a pitch's running text, its list of sources apart. */
export const WORD_BANDS: Readonly<Record<PitchSettings['length'], { least: number; most: number }>> = {
  concise: { least: 60, most: 120 },
  medium: { least: 150, most: 250 },
  detailed: { least: 300, most: 500 },
};

const SHORT_QUOTE = 160;
const SHORTEST_QUOTE = 90;

/** Each takes something more away, what matters least first: whole items, and only then ends of long quotes. */
const CUTS: readonly ((data: PitchData) => PitchData)[] = [
  (data) => ({ ...data, competitors: data.competitors.slice(0, 4) }),
  (data) => ({ ...data, personas: data.personas.slice(0, 3) }),
  (data) => ({ ...data, competitors: data.competitors.slice(0, 2) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 8) }),
  (data) => ({ ...data, personas: data.personas.slice(0, 2) }),
  (data) => ({ ...data, doubts: data.doubts.slice(0, 2) }),
  (data) => ({ ...data, competitors: data.competitors.slice(0, 1) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 6) }),
  (data) => ({ ...data, doubts: data.doubts.slice(0, 1) }),
  (data) => ({ ...data, competitors: [] }),
  (data) => ({ ...data, personas: data.personas.slice(0, 1) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 5) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 4) }),
  (data) => shortenQuotes(data, SHORT_QUOTE),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 3) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 2) }),
  (data) => shortenQuotes(data, SHORTEST_QUOTE),
  (data) => ({
    ...data,
    personas: data.personas.map((persona) => ({
      ...persona,
      pains: [],
      decisionFactors: persona.decisionFactors.slice(0, 1),
    })),
  }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 1) }),
  (data) => ({ ...data, doubts: [] }),
];

/**
 * Renders with as much of the evidence as the length allows. Nothing is added to fill a band: where the evidence is thin, the text is
 * short.
 */
export async function fitLength(
  render: (data: PitchData) => Promise<Rendered>,
  data: PitchData,
): Promise<{ rendered: Rendered; data: PitchData }> {
  const { most } = WORD_BANDS[data.settings.length];
  let kept = data;
  let rendered = await render(kept);
  for (const cut of CUTS) {
    if (countWords(fillPassages(rendered, new Map()).text) <= most) break;
    kept = cut(kept);
    rendered = await render(kept);
  }
  return { rendered, data: kept };
}

/** Takes the last sentence of the longest passage, again and again, until the text is as short as it has to be. */
export function trimPassages(
  rendered: Rendered,
  texts: ReadonlyMap<number, string>,
  length: PitchSettings['length'],
): Map<number, string> {
  const kept = new Map([...texts].map(([number, text]) => [number, text.split(/(?<=[.!?])\s+/u)]));
  const join = (): Map<number, string> =>
    new Map([...kept].map(([number, sentences]) => [number, sentences.join(' ')]));
  while (countWords(fillPassages(rendered, join()).text) > WORD_BANDS[length].most) {
    const longest = [...kept.values()]
      .filter((sentences) => sentences.length > 1)
      .toSorted((a, b) => b.length - a.length)[0];
    if (longest === undefined) break;
    longest.pop();
  }
  return join();
}

export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word) && !/^\[S?\d+\]\p{P}*$/u.test(word))
    .length;
}

function shortenQuotes(data: PitchData, most: number): PitchData {
  const shorten = <T extends { quote: string }>(item: T): T => ({
    ...item,
    quote: cutText(item.quote, most),
  });
  return {
    ...data,
    profile: data.profile === null ? null : shorten(data.profile),
    reasons: data.reasons.map(shorten),
    doubts: data.doubts.map(shorten),
    competitors: data.competitors.map(shorten),
  };
}
