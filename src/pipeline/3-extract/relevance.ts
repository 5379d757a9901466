import type { ScoringModel } from '../scoring-model.ts';
import { indexTerms, splitWords } from '../scoring-model-terms.ts';

/** The scoring model → a measure of texts: how many of the model's concepts are said in it. */
export function measureRelevance(model: ScoringModel): (text: string) => number {
  const lists = model.kinds.flatMap((kind) => kind.phrases.flatMap((phrase) => phrase.says));
  const inline = lists.flatMap((says) => (typeof says === 'string' ? [] : [says]));
  const concepts = [...Object.values(model.vocabulary).map((concept) => concept.any), ...inline];
  const index = indexTerms(concepts);
  return (text) => new Set(index.findHits(splitWords(text)).map((hit) => hit.concept)).size;
}
