import { createHash } from 'node:crypto';
import type { TextModel } from '../../connectors/text-model.ts';
import type { Database } from '../../db.ts';
import { describeError } from '../../errors.ts';
import type { ScoringModel } from '../scoring-model.ts';
import type { CompanyWork, Stage } from '../stage.ts';
import { findAnswers, saveAnswers } from '../store/answers.ts';
import { findCompany } from '../store/companies.ts';
import { reuseExtraction, saveExtraction } from '../store/extractions.ts';
import { listSources } from '../store/sources.ts';
import type { Source } from '../store/sources.ts';
import {
  judgeReading,
  mayFallBack,
  parseReadingAnswer,
  prepareReading,
  readByPhrases,
} from './read-sources.ts';
import type { PreparedReading } from './read-sources.ts';
import type { Reading } from './reading.ts';
import type { ReadingAnswer } from './reading-answer.ts';
import type { ReadCompany } from './reading-prompt.ts';

// An answer that was no use would be no better tomorrow morning; after a day the endpoint or its model may have changed.
const UNUSABLE_TTL_MS = 24 * 3_600_000;

/** Sources → signals. */
export function createExtractStage(deps: { db: Database; textModel: TextModel | null }): Stage {
  return {
    name: 'extract',
    tries: 3,
    run: async (work) => {
      const { workspaceId, companyId, model } = work;
      const loaded = await deps.db.inWorkspace(workspaceId, async (tx) => ({
        company: await findCompany(tx, companyId),
        sources: await listSources(tx, companyId),
      }));
      if (loaded.company === null) throw new Error('the company is gone');
      const company: ReadCompany = { name: loaded.company.name, domain: loaded.company.domain };
      const { sources } = loaded;
      const prepared =
        deps.textModel === null
          ? null
          : prepareReading({ company, sources, model, textModel: deps.textModel });
      const inputHash = hashInput({ company, sources, model, question: prepared?.key ?? null });
      const known = await deps.db.inWorkspace(workspaceId, (tx) => reuseExtraction(tx, companyId, inputHash));
      if (known !== null) return;

      const { readBy, ...reading } =
        deps.textModel === null || prepared === null
          ? { ...readByPhrases({ company, sources, model }), readBy: null }
          : await readWithModel(deps.db, deps.textModel, work, { prepared, company, sources });
      await deps.db.inWorkspace(workspaceId, (tx) =>
        saveExtraction(tx, workspaceId, {
          companyId,
          // What was read by phrases for want of an answer is read again as soon as there can be one.
          inputHash: reading.fallbackReason === null ? inputHash : `${inputHash}:phrases`,
          method: reading.method,
          methodBecause: reading.fallbackReason,
          textModel: readBy,
          overview: reading.overview,
          personas: reading.personas,
          flagged: reading.flagged,
          dropped: reading.dropped,
          signals: reading.signals,
          competitors: reading.competitors,
        }),
      );
    },
  };
}

type Question = { prepared: PreparedReading; company: ReadCompany; sources: readonly Source[] };

/** `readBy`: the model that really read it, as the fallback endpoint serves its own; null: phrases did. */
async function readWithModel(
  db: Database,
  textModel: TextModel,
  work: CompanyWork,
  { prepared, company, sources }: Question,
): Promise<Reading & { readBy: string | null }> {
  const { workspaceId, model } = work;
  const save = (answer: unknown, ttlMs: number | null): Promise<void> =>
    // The answer and its price are stored together, before either is used.
    work.save((tx) => {
      const urls = prepared.sources.map((one) => one.url);
      const question = { company: company.domain, model: textModel.model, sources: urls };
      return saveAnswers(tx, [
        {
          workspaceId,
          key: prepared.key,
          provider: 'llm',
          operation: 'read sources',
          question,
          answer,
          ttlMs,
        },
      ]);
    });
  const stored = (await db.inWorkspace(workspaceId, (tx) => findAnswers(tx, [prepared.key]))).get(
    prepared.key,
  );
  const unusable = readUnusable(stored);
  const byPhrases = (reason: string) => ({
    ...readByPhrases({ company, sources, model, reason }),
    readBy: null,
  });
  if (unusable !== null) return byPhrases(unusable);

  let readBy = findReader(stored) ?? textModel.model;
  let answer: ReadingAnswer | null = parseReadingAnswer(stored);
  if (answer === null) {
    try {
      const asked = await textModel.ask(prepared.request, {
        signal: work.signal,
        interactive: work.interactive,
        onCall: work.onCall,
      });
      answer = asked.value;
      readBy = asked.model;
      await save({ ...answer, readBy }, null);
    } catch (error) {
      if (work.signal.aborted || !mayFallBack(error, !work.patient)) throw error;
      const reason = describeError(error);
      if (mayFallBack(error)) await save({ unusable: reason }, UNUSABLE_TTL_MS);
      return byPhrases(reason);
    }
  }
  return { ...judgeReading({ answer, prepared, sources, company, model }), readBy };
}

/** Who gave a stored answer; null: it was stored before that was kept. */
function findReader(answer: unknown): string | null {
  return typeof answer === 'object' && answer !== null && 'readBy' in answer ? String(answer.readBy) : null;
}

function readUnusable(answer: unknown): string | null {
  return typeof answer === 'object' && answer !== null && 'unusable' in answer
    ? String(answer.unusable)
    : null;
}

/** What the extraction depends on: who, which texts, what is asked for. Weights do not matter here, only to the score. */
function hashInput(input: {
  company: ReadCompany;
  sources: readonly Source[];
  model: ScoringModel;
  question: string | null;
}): string {
  const kinds = input.model.kinds.map(({ key, definition, polarity, doneBy, phrases }) => ({
    key,
    definition,
    polarity,
    doneBy,
    phrases,
  }));
  const texts = input.sources.map((source) => [source.url, source.contentHash]);
  return createHash('sha256')
    .update(JSON.stringify([input.company, texts, kinds, input.model.vocabulary, input.question]))
    .digest('hex');
}
