import { z } from 'zod';
import type { PersonaRole, ScoringModel } from '../scoring-model.ts';
import { foldWord, splitWords } from '../scoring-model-terms.ts';
import type { Persona } from '../store/personas.ts';
import type { Signal } from '../store/signals.ts';

/** What the reader of the sources inferred about a role, as it lies in the extraction; whatever else lies there is none of ours. */
const READ_PERSONAS = z.object({
  personas: z.array(
    z.object({
      role: z.string(),
      pains: z.array(z.string()),
      motives: z.array(z.string()),
      style: z.string().nullable(),
      decisionFactors: z.array(z.string()),
      quote: z.string().nullable(),
      url: z.string().nullable(),
    }),
  ),
});
export type ReadRole = z.infer<typeof READ_PERSONAS>['personas'][number];

/** The stored overview of an extraction → the roles that a text model inferred; none when phrases read it. */
export function findReadRoles(overview: unknown): ReadRole[] {
  const parsed = READ_PERSONAS.safeParse(overview);
  return parsed.success ? parsed.data.personas : [];
}

const MOST_PERSONAS = 3;
const MOST_SIGNALS = 3;
const MOST_THOUGHTS = 4;

/** A persona before anyone was matched to it. */
export type ChosenPersona = Omit<Persona, 'matches'>;

/**
 * Signals → the buyer roles of the scoring model that they concern most, strongest first, at most three. Pains, motives, style and
 * decision factors are inferences (the reader's about this company, else the model's about the role) and state no fact; buying
 * signals are quotes with their source. The same input gives the same personas in the same order.
 */
export function choosePersonas(options: {
  model: ScoringModel;
  signals: readonly Signal[];
  /** From findReadRoles. */
  read?: readonly ReadRole[];
}): ChosenPersona[] {
  const { model, signals, read = [] } = options;
  const ranked = model.personas.map((role, order) => {
    const concerns = signals
      .map((signal) => ({ signal, weight: signal.strength * measureConcern(role, signal, model) }))
      .filter(({ weight }) => weight > 0)
      .toSorted((a, b) => b.weight - a.weight || (a.signal.quote < b.signal.quote ? -1 : 1));
    const inferred = read.find((candidate) => candidate.role === role.key);
    const weight = concerns.slice(0, 5).reduce((sum, concern) => sum + concern.weight, 0);
    // A reader who found a sentence that calls for the role knows more than shared words do.
    return {
      role,
      order,
      inferred,
      concerns,
      rank: weight + (inferred ? (inferred.quote === null ? 1 : 3) : 0),
    };
  });
  return ranked
    .toSorted((a, b) => b.rank - a.rank || a.order - b.order)
    .slice(0, MOST_PERSONAS)
    .map(({ role, inferred, concerns }) => ({
      role: role.key,
      title: role.title,
      pains: combine(inferred?.pains, role.pains),
      motives: combine(inferred?.motives, role.motives),
      style: inferred?.style ?? role.style,
      decisionFactors: combine(inferred?.decisionFactors, role.decisionFactors),
      buyingSignals: [
        ...new Set([
          ...(inferred?.quote && inferred.url ? [`“${inferred.quote}” (${inferred.url})`] : []),
          ...concerns.map(({ signal }) => `“${signal.quote}” (${signal.url})`),
        ]),
      ].slice(0, MOST_SIGNALS),
    }));
}

function combine(inferred: readonly string[] | undefined, usual: readonly string[]): string[] {
  return [...new Set([...(inferred ?? []), ...usual])].slice(0, MOST_THOUGHTS);
}

/** Words too common to tie a role to a kind of signal. */
const COMMON = new Set(
  'about and are between company for from has have into itself its more not other others own says such than that the their them they this what which who with without work works'.split(
    ' ',
  ),
);

/** How much a signal's kind concerns a role: the share of the kind's words that the role's description also uses. 0–1. */
function measureConcern(role: PersonaRole, signal: Signal, model: ScoringModel): number {
  const kind = model.kinds.find((candidate) => candidate.key === signal.kind);
  // What speaks against a need gives nobody a reason to buy.
  if (!kind || kind.polarity === 'contrary') return 0;
  const roleWords = wordsOf(
    [role.title, ...role.titles, ...role.pains, ...role.motives, ...role.decisionFactors].join(' '),
  );
  const kindWords = [...wordsOf(`${kind.label} ${kind.definition}`)];
  const shared = kindWords.filter((word) => roleWords.has(word)).length;
  return kindWords.length === 0 ? 0 : shared / kindWords.length;
}

function wordsOf(text: string): Set<string> {
  const words = splitWords(text).map((word) => foldWord(word.text));
  return new Set(
    words
      .filter((word) => word.length > 2 && !COMMON.has(word))
      .map((word) => word.replace(/(?:ings?|ers?|es|s|ed)$/, '')),
  );
}
