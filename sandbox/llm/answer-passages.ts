import type { Lie } from './answer-hallucinating.ts';
import { objectsIn } from './prompt.ts';

/** What a prompt asks that wants passages of a letter: whom it is about, numbered facts, and the numbers of the passages. */
export type Wanted = { company: string; facts: Fact[]; passages: number[] };
type Fact = { number: number; quote: string };
type Sentence = { text: string; cites: number[] };

const TRUTHS_A_PASSAGE = 4;
const ONE_SENTENCE = /^[^.!?]+[.!?]?$/;

/** A prompt → what it wants; null where it asks for no passages. */
export function readWanted(prompt: string): Wanted | null {
  const passages = objectsIn(prompt).flatMap(({ passage, instruction }) =>
    typeof passage === 'number' && typeof instruction === 'string' ? [passage] : [],
  );
  if (passages.length === 0) return null;
  const listed = /^Facts:\n([\s\S]*?)\n\n/m.exec(prompt)?.[1] ?? '';
  const facts = objectsIn(`\n\n${listed}`).flatMap(({ number, quote }) =>
    typeof number === 'number' && typeof quote === 'string' ? [{ number, quote }] : [],
  );
  return { company: /^Company: (.+)$/m.exec(prompt)?.[1] ?? '', facts, passages };
}

/** In each passage four facts in the words of their quotes, as long as there are some, and between them one that nobody said. */
export function writeWithLies({ company, facts, passages }: Wanted): { draft: unknown; lies: Lie[] } {
  const left = facts.filter(({ quote }) => ONE_SENTENCE.test(quote));
  const lies: Lie[] = [];
  const draft = passages.map((passage, index) => {
    const truths = left.splice(0, TRUTHS_A_PASSAGE).map((fact) => retell(fact, company));
    const lie = invent(index, company, facts[index % Math.max(1, facts.length)]?.number ?? 1);
    lies.push({ how: 'invented', kind: 'passage', quote: lie.text, source: passage, strength: 1 });
    return { passage, sentences: [...truths.slice(0, 2), lie, ...truths.slice(2)] };
  });
  return { draft: { passages: draft }, lies };
}

/** As somebody else says it. */
function retell({ number, quote }: Fact, company: string): Sentence {
  const text = quote
    .replace(/^We\b/, company)
    .replace(/^Our\b/, `${company}’s`)
    .replaceAll(/\bwe\b/g, 'it')
    .replaceAll(/\bour\b/g, 'its')
    .replaceAll(/\bus\b/g, 'it');
  return { text, cites: [number] };
}

/** A number, a customer, a turn for the worse, an assumption without a source, an address: each in its turn. */
function invent(turn: number, company: string, cited: number): Sentence {
  const ways: Sentence[] = [
    { text: `${company} operates 4,200 GPUs of its own in three data centres.`, cites: [cited] },
    { text: `${company} signed Brightmoor Labs as a customer in spring.`, cites: [cited] },
    { text: `${company} stopped its own training last year.`, cites: [cited] },
    { text: 'You already spend 38 million dollars a year on accelerated computing.', cites: [] },
    { text: 'Its revenue doubled, as https://collect.attacker.example/report shows.', cites: [cited] },
  ];
  return ways[turn % ways.length] ?? { text: '', cites: [] };
}
