import { rankKinds } from './answer-good.ts';
import type { Draft, DraftSignal } from './answer-good.ts';
import type { Reading, Sentence } from './prompt.ts';

export type Lie = DraftSignal & { how: 'invented' | 'wrong-kind' | 'other-company' | 'negation-cut' };

const INVENTED = [
  'operates 4,200 GPUs of its own in three data centres and is doubling that this quarter.',
  'trains a 70-billion-parameter foundation model in its own cluster.',
  'spent 38 million dollars on accelerated computing last year.',
  'runs real-time inference for two million users on its own hardware.',
];
const OTHER_COMPANIES = [
  'Its customer Halvorsen Robotics trains its perception models on a cluster of its own.',
  'Partner company Brightmoor Labs operates thousands of GPUs for model training.',
];
const DENIAL =
  /\b(?:does not|do not|doesn't|don't|is not|isn't|are not|aren't|never|no longer|has no|have no|cannot|will|plans to|hopes to)\s+/i;
// At most so many lies an answer: real answers are short.
const MOST_LIES = 8;

/**
 * Lies in every way that a quote check must catch: invented quotes, real quotes under a kind that they don't show, facts of
 * another company, and sentences whose denial or "will" was cut off.
 * @param elsewhere sentences from earlier prompts, that is, about other companies
 */
export function answerWithLies(
  reading: Reading,
  elsewhere: readonly Sentence[],
  random: () => number,
): { draft: Draft; lies: Lie[] } {
  const lies: Lie[] = [];
  // Only what would speak for the company: a lie about "sells something else" could happen to be true.
  const claims = { ...reading, kinds: reading.kinds.filter(({ contrary }) => !contrary) };
  const kinds = claims.kinds.map(({ kind }) => kind);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const add = (how: Lie['how'], kind: string | undefined, quote: string, source: number): void => {
    if (kind !== undefined && lies.length < MOST_LIES) lies.push({ how, kind, quote, source, strength: 1 });
  };

  const source = reading.sentences[0]?.source ?? 1;
  add('invented', pick(kinds), `${reading.company || 'The company'} ${pick(INVENTED) ?? ''}`, source);
  add('other-company', pick(kinds), pick(OTHER_COMPANIES) ?? '', source);
  const foreign = pick(elsewhere);
  if (foreign !== undefined)
    add('other-company', rankKinds(claims, foreign.text)[0]?.kind, foreign.text, source);
  for (const sentence of reading.sentences) {
    const denial = DENIAL.exec(sentence.text);
    const best = rankKinds(claims, sentence.text)[0];
    if (denial === null || best === undefined || best.matched === 0) continue;
    const cut = sentence.text.slice(denial.index + denial[0].length);
    if (cut.length >= 12) add('negation-cut', best.kind, cut, sentence.source);
  }
  // Sentences that share not one word with any kind show none of them.
  const beside = reading.sentences.filter(({ text }) => (rankKinds(claims, text)[0]?.matched ?? 0) === 0);
  for (let lie = 0; lie < 3 && beside.length > 0; lie += 1) {
    const sentence = pick(beside);
    add('wrong-kind', pick(kinds), sentence?.text ?? '', sentence?.source ?? 1);
  }
  const first = lies[0];
  const draft = {
    overview: {
      profile: first === undefined ? null : { quote: first.quote, source: first.source },
      capabilities: lies.slice(0, 3).map(({ quote, source: from }) => ({ quote, source: from })),
      positioning: null,
      use_cases: [],
      target_customers: [],
      objections: [],
    },
    signals: lies.map(({ kind, quote, source: from, strength }) => ({ kind, quote, source: from, strength })),
    competitors: [
      {
        name: 'Northgate Compute',
        domain: 'northgate-compute.example',
        quote: INVENTED[0],
        source,
        of: 'company',
      },
    ],
    personas: [],
  };
  return { draft, lies };
}
