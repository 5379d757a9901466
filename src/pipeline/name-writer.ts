import type { Pitch } from './store/pitches.ts';

/**
 * Who wrote a pitch, for people to read: "written by qwen3-32b". It says so where that is another model than the one that was asked (the
 * fallback endpoint serves its own), where nothing of what that one wrote was taken, and where the one that somebody chose may not be chosen
 * any more.
 */
export function nameWriter({
  method,
  textModel,
  askedModel,
  chosenModel,
}: Pick<Pitch, 'method' | 'textModel' | 'askedModel' | 'chosenModel'>): string {
  const isOther = askedModel !== null && textModel !== null && textModel !== askedModel;
  const writer =
    method === 'llm'
      ? `written by ${textModel ?? 'an LLM'}${isOther ? `, since ${askedModel} gave no answer` : ''}`
      : `made from quotes alone, ${askedModel === null ? 'no LLM' : `no words of ${askedModel}`}`;
  const isBarred = chosenModel !== null && askedModel !== null && chosenModel !== askedModel;
  return isBarred ? `${writer}; ${chosenModel}, which was chosen, is not allowed any more` : writer;
}
