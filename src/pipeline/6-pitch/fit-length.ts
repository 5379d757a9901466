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
// Where leaving a whole item out would leave too little, quotes are shortened to the first of these that fits.
const QUOTE_LENGTHS = [400, 320, 240, 200, 160, 130, 110, 90, 70];
// The same for an offer of the seller's, which may be a paragraph of its own.
const OFFER_LENGTHS = [1_200, 1_000, 800, 640, 520, 420, 340, 270, 210, 160];
const LONGEST_NAME = 60;
const SHORTEST_NAME = 30;

/** Each takes something more away, what matters least first: whole items, and only then ends of long quotes. */
const CUTS: readonly ((data: PitchData) => PitchData)[] = [
  (data) => ({ ...data, competitors: data.competitors.slice(0, 4) }),
  (data) => ({ ...data, personas: data.personas.slice(0, 3) }),
  (data) => ({ ...data, competitors: data.competitors.slice(0, 2) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 8) }),
  (data) => ({ ...data, personas: data.personas.slice(0, 2) }),
  (data) => ({ ...data, doubts: data.doubts.slice(0, 2) }),
  (data) => shortenSeller(data, 240, 3),
  (data) => ({ ...data, competitors: data.competitors.slice(0, 1) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 6) }),
  (data) => ({ ...data, doubts: data.doubts.slice(0, 1) }),
  (data) => ({ ...data, competitors: [] }),
  (data) => ({ ...data, personas: data.personas.slice(0, 1) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 5) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 4) }),
  (data) => shortenQuotes(data, SHORT_QUOTE),
  (data) => shortenSeller(data, 120, 1),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 3) }),
  (data) => ({ ...data, reasons: data.reasons.slice(0, 2) }),
  (data) => shortenQuotes(data, SHORTEST_QUOTE),
  (data) => ({ ...data, personas: data.personas.map(shortenPersona), persona: data.persona && shortenPersona(data.persona) }), // prettier-ignore
  (data) => ({ ...data, reasons: data.reasons.slice(0, 1) }),
  (data) => ({ ...data, doubts: [] }),
  (data) => shortenSeller(data, 60, 0),
  (data) => shortenNames(data, LONGEST_NAME),
  (data) => ({ ...data, reasons: [] }),
  (data) => shortenNames(data, SHORTEST_NAME),
  (data) => ({ ...data, personas: [] }),
];

type Render = (data: PitchData) => Promise<Rendered>;
type Fitted = { rendered: Rendered; data: PitchData };

/**
 * Renders with as much of the evidence as the length allows, `texts` in the places of their passages. Nothing is added to fill a band: where
 * all that the template shows of the company is fewer words, the text is short.
 */
export async function fitLength(
  render: Render,
  data: PitchData,
  texts: ReadonlyMap<number, string> = new Map(),
): Promise<Fitted> {
  const { least, most } = WORD_BANDS[data.settings.length];
  const count = (rendered: Rendered): number => countWords(fillPassages(rendered, texts).text);
  let kept: Fitted = { rendered: await render(data), data };
  for (const cut of CUTS) {
    if (count(kept.rendered) <= most) break;
    const next = cut(kept.data);
    const rendered = await render(next);
    if (count(rendered) < least) {
      for (const shorter of shortenTexts(kept.data)) {
        const tried = await render(shorter);
        const words = count(tried);
        if (words <= most && words >= least) return { rendered: tried, data: shorter };
      }
    }
    kept = { rendered, data: next };
  }
  return kept;
}

/**
 * Takes the last sentence of the longest passage, again and again, until the text is as short as it has to be; where one sentence each is
 * still too much, the longest goes, and the template's own words stand.
 */
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
    if (longest === undefined) {
      const [number] = [...kept].toSorted(([, a], [, b]) => b.join(' ').length - a.join(' ').length)[0] ?? [];
      if (number === undefined) break;
      kept.delete(number);
    } else longest.pop();
  }
  return join();
}

export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word) && !/^\[S?\d+\]\p{P}*$/u.test(word))
    .length;
}

/** The same items with ever shorter texts. */
function* shortenTexts(data: PitchData): Generator<PitchData> {
  for (const length of QUOTE_LENGTHS) yield shortenQuotes(data, length);
  for (const length of OFFER_LENGTHS) yield shortenSeller(data, length, Number.POSITIVE_INFINITY);
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

function shortenPersona<T extends PitchData['personas'][number]>(persona: T): T {
  return { ...persona, pains: [], decisionFactors: persona.decisionFactors.slice(0, 1) };
}

function shortenSeller(data: PitchData, offer: number, proofs: number): PitchData {
  const { seller } = data;
  if (seller === null) return data;
  const proofPoints = seller.proofPoints.slice(0, proofs).map((proof) => cutText(proof, offer));
  return { ...data, seller: { ...seller, offer: cutText(seller.offer, offer), proofPoints } };
}

/** What a CRM or a model calls somebody may be as long as a paragraph. */
function shortenNames(data: PitchData, most: number): PitchData {
  const cut = (text: string): string => cutText(text, most);
  const shorten = (persona: PitchData['personas'][number]): PitchData['personas'][number] => ({
    ...persona,
    title: cut(persona.title),
    decisionFactors: persona.decisionFactors.map(cut),
    contacts: persona.contacts.slice(0, 1).map(({ name, title }) => ({ name: cut(name), title: cut(title) })),
  });
  return {
    ...data,
    company: { ...data.company, name: cut(data.company.name) },
    personas: data.personas.map(shorten),
    persona: data.persona && shorten(data.persona),
    reasons: data.reasons.map((reason) => ({ ...reason, label: cut(reason.label) })),
    seller: data.seller && { ...data.seller, name: cut(data.seller.name) },
  };
}
