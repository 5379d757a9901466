import type { Source } from '../../../src/pipeline/store/sources.ts';
import { sourceOf } from './reading-model.ts';

/** A claim that a text model could make, and whether it is true. */
export type MadeClaim = {
  true: boolean;
  lie: 'none' | 'invented' | 'wrong-kind' | 'other-company' | 'denial-cut';
  quote: string;
  kind: string;
  source: Source;
};

const PLACES = ['Oslo', 'Bergen', 'Turku', 'Aarhus', 'Gdynia', 'Leith', 'Cork', 'Porto'];
const OTHERS = [
  'Kestrel Dynamics',
  'Borealis',
  'Nordlys Capital',
  'Fjordwerk GmbH',
  'Quillon AI',
  'Marram Labs',
];
const NUMBERS = ['16', '48', '240', '512', '1,024', '2,400'];

// What each kind can be said with; {n} a number, {p} a place. All sentences are complete after "We" and after a name.
const SAYINGS: Record<string, readonly { we: string; it: string; not: string }[]> = {
  'trains-models': [
    {
      we: 'train our own grasping models in {p}',
      it: 'trains its own grasping models in {p}',
      not: 'train our own grasping models in {p}',
    },
    {
      we: 'fine tune vision models on footage from {n} plants',
      it: 'fine tunes vision models on footage from {n} plants',
      not: 'fine tune vision models on footage from {n} plants',
    },
    {
      we: 'have trained {n} models for bakeries',
      it: 'has trained {n} models for bakeries',
      not: 'trained {n} models for bakeries',
    },
  ],
  'runs-gpus': [
    { we: 'run {n} H100s in {p}', it: 'runs {n} H100s in {p}', not: 'run {n} H100s in {p}' },
    {
      we: 'rent {n} GPUs by the hour for night shifts',
      it: 'rents {n} GPUs by the hour for night shifts',
      not: 'rent {n} GPUs by the hour for night shifts',
    },
  ],
  certified: [
    {
      we: 'hold a SOC 2 report for our plant in {p}',
      it: 'holds a SOC 2 report for its plant in {p}',
      not: 'hold a SOC 2 report for our plant in {p}',
    },
    {
      we: 'have been ISO 27001 certified in {p} for {n} weeks',
      it: 'has been ISO 27001 certified in {p} for {n} weeks',
      not: 'hold an ISO 27001 certificate in {p}',
    },
  ],
  'raised-money': [
    {
      we: 'raised {n} million in seed funding in {p}',
      it: 'raised {n} million in seed funding in {p}',
      not: 'raised {n} million in seed funding in {p}',
    },
    {
      we: 'closed a Series A of {n} million',
      it: 'closed a Series A of {n} million',
      not: 'closed a Series A of {n} million',
    },
  ],
};
const DENIED = [
  (said: string) => ({ text: `We do not ${said}.`, quote: said }),
  (said: string) => ({ text: `We have never ${said}.`, quote: said }),
  (said: string) => ({ text: `Halden Robotics did not ${said} last year.`, quote: `${said} last year` }),
  (said: string) => ({ text: `It would be wrong to say that we ${said}.`, quote: `we ${said}` }),
  (said: string) => ({ text: `We plan to ${said}.`, quote: said }),
  (said: string) => ({ text: `Perhaps one day we ${said}.`, quote: `we ${said}` }),
  (said: string) => ({ text: `Nobody at Halden has ${said}.`, quote: said }),
];
const FOREIGN = [
  (name: string, it: string) => `${name} ${it}.`,
  (name: string, it: string) => `Our customer ${name} ${it}.`,
  (name: string, it: string) => `Our competitor ${name} ${it}.`,
  (name: string, it: string) => `Unlike ${name}, which ${it}, we keep things small.`,
  (name: string, it: string) => `${name}, a firm from the south, ${it}.`,
  (name: string, it: string) => `We work with ${name}, which ${it}.`,
  (name: string, it: string) => `According to the press, ${name} already ${it}.`,
];
const FILLER = [
  'Halden Robotics builds arms that pack bread.',
  'Our arms work beside people in bakeries and mills.',
  'The first arm went to a mill in the north.',
  'Service is included for three years.',
  'Call us before noon and we answer before evening.',
];

/** Seeded claims about the company of reading-model.ts, a fifth honest, the others in four ways false. */
export function makeClaims(count: number, random: () => number): MadeClaim[] {
  const pick = <T>(list: readonly T[]): T => {
    const item = list[Math.floor(random() * list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  const fill = (text: string): string => text.replace('{n}', pick(NUMBERS)).replace('{p}', pick(PLACES));
  const kinds = Object.keys(SAYINGS);
  const sayingOf = (kind: string) => pick(SAYINGS[kind] ?? []);
  const page = (sentence: string, id: number): Source =>
    sourceOf([pick(FILLER), sentence, pick(FILLER), pick(FILLER)].join(random() < 0.5 ? ' ' : '\n'), {
      url: `https://halden.test/page-${id}`,
    });
  return Array.from({ length: count }, (_, id): MadeClaim => {
    const kind = pick(kinds);
    const saying = sayingOf(kind);
    const we = fill(saying.we);
    switch (id % 5) {
      case 0: {
        const sentence = random() < 0.7 ? `We ${we}.` : `Halden Robotics ${fill(saying.it)}.`;
        return {
          true: true,
          lie: 'none',
          quote: random() < 0.5 ? sentence : sentence.slice(0, -1),
          kind,
          source: page(sentence, id),
        };
      }
      case 1: {
        // Its words are near: another number, another place, or nothing of it on the page.
        const real = `We ${we}.`;
        const invented = real.replace(/\d[\d,]*/, '9,216').replace(/ in \p{Lu}\p{L}+/u, ' in Atlantis');
        const changed = invented === real ? real.replace('We', 'We proudly') : invented;
        return {
          true: false,
          lie: 'invented',
          quote: changed,
          kind,
          source: page(random() < 0.5 ? real : pick(FILLER), id),
        };
      }
      case 2: {
        const other = pick(kinds.filter((candidate) => candidate !== kind));
        return {
          true: false,
          lie: 'wrong-kind',
          quote: `We ${we}.`,
          kind: other,
          source: page(`We ${we}.`, id),
        };
      }
      case 3: {
        const it = fill(saying.it);
        const sentence = pick(FOREIGN)(pick(OTHERS), it);
        return {
          true: false,
          lie: 'other-company',
          quote: random() < 0.5 ? sentence : it,
          kind,
          source: page(sentence, id),
        };
      }
      default: {
        const { text, quote } = pick(DENIED)(fill(saying.not));
        return { true: false, lie: 'denial-cut', quote, kind, source: page(text, id) };
      }
    }
  });
}

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
