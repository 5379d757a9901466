import type { Reading, Sentence } from './prompt.ts';
import { wordsOf } from './prompt.ts';

export type Draft = Record<string, unknown>;

const DENIED =
  /\b(not|no|never|without|neither|nor|cannot|can't|don't|doesn't|isn't|aren't|won't|rather than|instead of)\b/i;
const NOT_YET =
  /\b(will|would|could|may|might|plans?|planning|planned|hopes?|aims?|intends?|soon|if|upcoming|roadmap|exploring|considering)\b|\?$/i;
const RIVAL =
  /\b(?:competes? with|competitors? (?:such as|like|include)|rivals? (?:such as|like|include)|alternatives? to)\s+((?:[A-Z][\w&.-]*\s?){1,3})/;

const MOST_PER_KIND = 2;

/** An honest answer by simple rules: quotes whole sentences whose words are those of a kind's definition. Same prompt, same answer. */
export function answerHonestly(reading: Reading): Draft {
  const { sentences } = reading;
  const signals = findSignals(reading);
  const plain = sentences.filter(({ text }) => !DENIED.test(text) && /[.!]$/.test(text));
  const quoted = (each: Sentence | undefined) =>
    each === undefined ? null : { quote: each.text, source: each.source };
  const name = reading.company.toLowerCase();
  const about = plain.find(({ text }) => name !== '' && text.toLowerCase().includes(name)) ?? plain[0];
  return {
    overview: {
      profile: quoted(about),
      capabilities: signals.slice(0, 2).map(({ quote, source }) => ({ quote, source })),
      positioning: null,
      use_cases: [],
      target_customers: plain
        .filter(({ text }) => /\b(customers|clients)\b/i.test(text))
        .slice(0, 2)
        .map(quoted),
      objections: ['Budget is already committed elsewhere', 'The team knows its present supplier'],
    },
    signals,
    competitors: findCompetitors(sentences, reading.company),
    personas: draftPersonas(reading, signals[0]),
  };
}

export type DraftSignal = { kind: string; quote: string; source: number; strength: number };

function findSignals(reading: Reading): DraftSignal[] {
  const perKind = new Map<string, { signal: DraftSignal; score: number }[]>();
  for (const { text, source } of reading.sentences) {
    if (DENIED.test(text) || NOT_YET.test(text)) continue;
    const best = rankKinds(reading, text)[0];
    if (best === undefined || best.matched < 2 || best.score < 1) continue;
    const signal = { kind: best.kind, quote: text, source, strength: best.matched >= 3 ? 1 : 0.5 };
    perKind.set(best.kind, [...(perKind.get(best.kind) ?? []), { signal, score: best.score }]);
  }
  return [...perKind.values()].flatMap((found) =>
    found
      .toSorted((a, b) => b.score - a.score)
      .slice(0, MOST_PER_KIND)
      .map(({ signal }) => signal),
  );
}

/** The kinds whose definitions share words with a sentence, best first. */
export function rankKinds(
  reading: Reading,
  text: string,
): { kind: string; matched: number; score: number }[] {
  const words = wordsOf(text);
  return reading.kinds
    .map(({ kind, words: defining }) => {
      const shared = [...words].filter((word) => defining.has(word));
      return {
        kind,
        matched: shared.length,
        score: shared.reduce((sum, word) => sum + (defining.get(word) ?? 0), 0),
      };
    })
    .toSorted((a, b) => b.score - a.score);
}

function findCompetitors(sentences: readonly Sentence[], company: string) {
  return sentences.flatMap(({ text, source }) => {
    const name = RIVAL.exec(text)?.[1]?.trim().replace(/[.,]$/, '');
    if (name === undefined || name === '' || name === company) return [];
    return [{ name, domain: null, quote: text, source, of: 'company' }];
  });
}

function draftPersonas(reading: Reading, because: DraftSignal | undefined) {
  if (because === undefined) return [];
  return reading.roles.slice(0, 3).map(({ role }) => ({
    role,
    pains: ['Keeping cost predictable while work grows'],
    motives: ['Delivering on time with the team that is there'],
    style: 'Brief and factual',
    decision_factors: ['Total cost', 'Effort to move'],
    quote: because.quote,
    source: because.source,
  }));
}
