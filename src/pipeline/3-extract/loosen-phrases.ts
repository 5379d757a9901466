import type { Phrase, ScoringModel, SignalKind } from '../scoring-model.ts';
import { foldWord, splitWords } from '../scoring-model-terms.ts';

const loosened = new WeakMap<ScoringModel, ScoringModel>();

/** What a reader that has only words to go by asks of a sentence's length, a text model need not: half as far again. */
const FURTHER = 1.5;

/** A definition's words that say nothing about its kind. */
const EMPTY = new Set(
  'about also among and any are been being both company companies does each else for from has have here how into itself its made make makes many more most not offers one only other others own product products said says sells some such than that the their them there these they this those through used uses using was what when where which who whose will with without work works'.split(
    ' ',
  ),
);

/**
 * A scoring model → the same with phrases that let their words stand further apart, against which a text model's quotes are held.
 * A kind without phrases, meant for text models alone, is known by any two words of its definition.
 */
export function loosenPhrases(model: ScoringModel): ScoringModel {
  const known = loosened.get(model);
  if (known) return known;
  const kinds = model.kinds.map((kind) => ({
    ...kind,
    phrases: kind.phrases.length > 0 ? kind.phrases.map(widen) : phrasesOf(kind),
  }));
  const result = { ...model, kinds };
  loosened.set(model, result);
  return result;
}

function widen(phrase: Phrase): Phrase {
  return { ...phrase, within: Math.ceil(phrase.within * FURTHER) };
}

function phrasesOf(kind: SignalKind): Phrase[] {
  const words = splitWords(`${kind.label} ${kind.definition}`).map((word) => foldWord(word.text));
  const terms = [...new Set(words.filter((word) => word.length > 2 && !EMPTY.has(word)).map(stem))].slice(
    0,
    12,
  );
  return terms.flatMap((first, index) =>
    terms.slice(index + 1).map((second) => ({
      says: [[first], [second]],
      within: 20,
      inOrder: false,
      strength: 0.6,
      unless: [],
      among: [],
    })),
  );
}

/** "training", "trains" → "train*"; short words stay whole. */
function stem(word: string): string {
  const root = word.replace(/(?:ings?|ers?|ed|es|s)$/, '');
  return root.length > 3 && root.length < word.length ? `${root}*` : word.length > 4 ? `${word}*` : word;
}
