import type { Phrase, ScoringModel, SignalKind } from '../scoring-model.ts';
import { indexTerms, type TermIndex } from '../scoring-model-terms.ts';
import { CUSTOMERS, OTHERS, OWN, PARTIES, PAST, PROVIDERS, SOMEBODY, TRADES } from './speaker-words.ts';

/** The words of grammar, found in the same walk as those of the model; a list's place here is its concept number. */
export const GRAMMAR = [OWN, CUSTOMERS, OTHERS, PAST, PROVIDERS, TRADES, PARTIES, SOMEBODY] as const;

/** A concept and the longer expressions in which its words mean something else. */
export type Group = { concept: number; except: number | null };
type CompiledPhrase = { kind: SignalKind; phrase: Phrase; says: Group[]; unless: Group[]; among: Group[] };
export type CompiledModel = { index: TermIndex; phrases: CompiledPhrase[] };

const compiled = new WeakMap<ScoringModel, CompiledModel>();

/** Scoring model → one index of all its terms and its phrases over it; made once per model. */
export function compilePhrases(model: ScoringModel): CompiledModel {
  const known = compiled.get(model);
  if (known) return known;
  const concepts: (readonly string[])[] = [...GRAMMAR];
  const add = (terms: readonly string[]): number => concepts.push(terms) - 1;
  const vocabulary = new Map<string, Group>();
  for (const [name, { any, except }] of Object.entries(model.vocabulary)) {
    vocabulary.set(name, { concept: add(any), except: except.length > 0 ? add(except) : null });
  }
  const groupOf = (says: string | readonly string[]): Group => {
    if (typeof says !== 'string') return { concept: add(says), except: null };
    const group = vocabulary.get(says);
    if (!group) throw new Error(`the vocabulary of ${model.identity} has no "${says}"`);
    return group;
  };
  const phrases = model.kinds.flatMap((kind) =>
    kind.phrases.map((phrase) => ({
      kind,
      phrase,
      says: phrase.says.map(groupOf),
      unless: phrase.unless.map(groupOf),
      among: phrase.among.map(groupOf),
    })),
  );
  const result = { index: indexTerms(concepts), phrases };
  compiled.set(model, result);
  return result;
}
