import { splitWords } from '../scoring-model-terms.ts';
import type { CompiledModel, Group } from './compile-phrases.ts';
import { splitSentences } from './sentences.ts';

/**
 * A document → does it say a concept anywhere but in a given sentence? A word is seldom used in two senses on one page, so the words
 * around it tell which one is meant. One sentence alone has none around it: then the answer is yes. Each concept is looked for once,
 * and only when it is asked for.
 */
export function listenElsewhere(
  document: string,
  model: CompiledModel,
): (group: Group, sentence: string) => boolean {
  let sentences: string[] | null = null;
  const saidIn = new Map<number, readonly string[]>();
  const listen = ({ concept, except }: Group, all: readonly string[]): string[] => {
    // Two sentences are enough: one of them is not the one that asks.
    const said: string[] = [];
    for (const text of all) {
      const hits = model.index.findHits(splitWords(text));
      const longer = hits.filter((hit) => hit.concept === except);
      const isSaid = hits.some(
        (hit) =>
          hit.concept === concept && !longer.some((other) => other.from < hit.to && hit.from < other.to),
      );
      if (isSaid) said.push(text);
      if (said.length === 2) break;
    }
    return said;
  };
  return (group, sentence) => {
    sentences ??= [...new Set([...splitSentences(document)].map(({ text }) => text))];
    if (sentences.length === 1) return true;
    const said = saidIn.get(group.concept) ?? listen(group, sentences);
    saidIn.set(group.concept, said);
    return said.some((other) => other !== sentence);
  };
}
