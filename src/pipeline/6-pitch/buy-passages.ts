import type { TextModel } from '../../connectors/text-model.ts';
import type { Database, Tx } from '../../db.ts';
import { ProviderError } from '../../errors.ts';
import { buyOnce } from '../buy-once.ts';
import type { CompanyWork } from '../stage.ts';
import { answerKey, findAnswers, saveAnswers } from '../store/answers.ts';
import type { Citation } from '../store/pitches.ts';
import type { PitchSettings } from '../store/pitch-settings.ts';
import type { Seller } from '../store/sellers.ts';
import type { PitchData } from './pitch-data.ts';
import type { Passage } from './render-template.ts';
import { judgePassages, parsePassagesAnswer, prepareWriting } from './write-passages.ts';
import type { JudgedPassages } from './write-passages.ts';

/** What making a pitch needs to know of the work that it is part of. */
export type PitchWork = Pick<
  CompanyWork,
  'workspaceId' | 'companyId' | 'interactive' | 'patient' | 'signal' | 'onCall' | 'save'
>;

type Writing = {
  passages: readonly Passage[];
  data: PitchData;
  citations: readonly Citation[];
  seller: Seller | null;
  settings: PitchSettings;
  /** Names the asking for a text that is to be written anew: what was answered to others does not count. Null: it does. */
  anew: string | null;
  /** Thrown where an answer would have to be bought; null: it may be. */
  spent: Error | null;
};

// People have the answer that somebody else waits for in a few seconds, or ask themselves: the other may wait for its turn in a batch.
const PATIENCE_MS = 15_000;

type PassagesOfModel = NonNullable<ReturnType<typeof parsePassagesAnswer>>;

/** Passages, and which model really wrote them: the fallback endpoint serves its own. */
type WrittenPassages = JudgedPassages & { writtenBy: string };

/**
 * The marked passages as the text model writes them, proven. Where the template's own words stand: null when that is how it
 * stays, `no answer` when the model is worth asking again. An answer is stored before it is used, so that none is bought twice, and whoever
 * asks the same meanwhile waits for it.
 * @throws ProviderError, ProviderDownError in patient work; `spent`
 */
export async function buyPassages(
  db: Database,
  textModel: TextModel,
  work: PitchWork,
  writing: Writing,
): Promise<WrittenPassages | 'no answer' | null> {
  const { workspaceId } = work;
  const prepared = prepareWriting({ ...writing, textModel });
  if (prepared === null) return null;
  const key =
    writing.anew === null ? prepared.key : answerKey('llm', 'write pitch', [prepared.key, writing.anew]);
  const find = async (tx: Tx): Promise<PassagesOfModel | null> =>
    parsePassagesAnswer((await findAnswers(tx, [key])).get(key));
  let unanswered: unknown = null;
  const buy = async (giveBack: (tx: Tx) => Promise<void>): Promise<PassagesOfModel> => {
    if (writing.spent !== null) throw writing.spent;
    const { value, model } = await textModel
      .ask(prepared.request, {
        signal: work.signal,
        interactive: work.interactive,
        onCall: work.onCall,
      })
      .catch((error: unknown) => {
        unanswered = error;
        throw error;
      });
    const answer = { ...value, writtenBy: model };
    const question = { company: writing.data.company.domain, model: textModel.model };
    const entry = { workspaceId, key, provider: 'llm', operation: 'write pitch', question };
    await work.save(async (tx) => {
      await saveAnswers(tx, [{ ...entry, answer, ttlMs: null }]);
      await giveBack(tx);
    });
    return answer;
  };
  let answer: PassagesOfModel;
  try {
    const patienceMs = work.interactive ? PATIENCE_MS : null;
    answer = await buyOnce(db, workspaceId, key, { find, buy, signal: work.signal, patienceMs });
  } catch (error) {
    if (error !== unanswered) throw error;
    const unusable =
      error instanceof ProviderError && (error.kind === 'malformed' || error.kind === 'refused');
    // The template's own words serve as well: no company waits for prose when waiting is no use. Whoever asked for another text
    // has one already, and keeps it.
    if (work.signal.aborted || writing.anew !== null || (!unusable && work.patient)) throw error;
    return unusable ? null : 'no answer';
  }
  return { ...judgePassages({ ...writing, answer }), writtenBy: answer.writtenBy ?? textModel.model };
}
