import pg from 'pg';
import type { TextModel, TextModelRequest } from '../../src/connectors/text-model.ts';
import type { Tx } from '../../src/db.ts';
import { listModels } from '../../src/pipeline/6-pitch/choose-model.ts';
import { MAIN_PITCH } from '../../src/pipeline/6-pitch/prepare-pitch.ts';
import { createTemplateRenderer } from '../../src/pipeline/6-pitch/template-renderer.ts';
import { askForPitches } from '../../src/pipeline/ask-for-pitches.ts';
import type { PitchesRequest } from '../../src/pipeline/ask-for-pitches.ts';
import { createPitchJob } from '../../src/pipeline/pitch-job.ts';
import type { JobResult } from '../../src/pipeline/queue/jobs.ts';
import { openQueue } from '../../src/pipeline/queue/queue.ts';
import type { Queue } from '../../src/pipeline/queue/queue.ts';
import { findRequest } from '../../src/pipeline/store/pitch-requests.ts';
import type { PitchRequest } from '../../src/pipeline/store/pitch-requests.ts';
import type { Prices } from '../../src/pipeline/store/usage.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

export const TEXT_MODEL = 'test-model';
/** What may be chosen instead. */
export const OTHER_MODEL = 'other-model';

export type PitchBench = {
  database: TestDatabase;
  queue: Queue;
  workspaceId: string;
  within<T>(act: (tx: Tx) => Promise<T>): Promise<T>;
  /** Asks for pitches; they wait for `work`. */
  ask(
    request: Partial<PitchesRequest> & { domains: string[] },
  ): Promise<{ batchId: string; requests: PitchRequest[] }>;
  /** Does the job of a request as a worker would, once. */
  work(requestId: string, options?: { now?: boolean; signal?: AbortSignal }): Promise<JobResult>;
  find(requestId: string): Promise<PitchRequest>;
  /** What the text model answers from now on; an error: it throws. */
  answer(value: unknown): void;
  /** What the text models were asked so far. */
  asked: TextModelRequest<unknown>[];
  /** Which of them was asked, in that order. */
  askedOf: string[];
  /** A statement of the database's owner. */
  asOwner(sql: string): Promise<void>;
  close(): Promise<void>;
};

/**
 * Requests for pitches over a real database and a real queue (those of `on`), with text models that say what they are told to, or the
 * ones that are given.
 */
export async function openPitchBench(
  on?: Pick<PitchBench, 'database' | 'queue' | 'workspaceId'>,
  given: { textModel?: TextModel; prices?: Prices } = {},
): Promise<PitchBench> {
  const database = on?.database ?? (await createTestDatabase());
  const { db } = database;
  const workspaceId = on?.workspaceId ?? (await ensureWorkspace(db));
  const queue =
    on?.queue ??
    (await openQueue({
      url: database.url,
      backend: 'postgres',
      worker: false,
      onError: () => undefined,
    }));
  const templates = createTemplateRenderer();
  const asked: TextModelRequest<unknown>[] = [];
  const askedOf: string[] = [];
  let answer: unknown = { passages: [] };
  const createModel = (model: string): TextModel => ({
    name: 'llm',
    model,
    countTokens: () => 1,
    check: async () => ({ models: [] }),
    ask: async (request, { onCall }) => {
      asked.push(request);
      askedOf.push(model);
      if (answer instanceof Error) throw answer;
      onCall?.({
        provider: 'llm',
        operation: 'write pitch',
        ok: true,
        requests: 1,
        milliseconds: 1,
        promptTokens: 100,
      });
      const tokens = { promptTokens: 1, cachedTokens: 0, completionTokens: 1 };
      return {
        value: request.schema.parse(answer),
        provider: 'llm',
        model,
        repaired: false,
        ...tokens,
      };
    },
  });
  const told = { ...createModel(TEXT_MODEL), others: new Map([[OTHER_MODEL, createModel(OTHER_MODEL)]]) };
  const { textModel = told, prices = { searchUsdPerCredit: 0, llmUsdPerMInput: 1, llmUsdPerMOutput: 1 } } =
    given;
  const job = createPitchJob({
    db,
    queue,
    textModel,
    templates,
    modelName: 'gpu-infrastructure',
    prices,
    budget: { isSpent: async () => false },
    monthlyBudgetUsd: null,
    onError: () => undefined,
  });
  const within: PitchBench['within'] = (act) => db.inWorkspace(workspaceId, act);
  const find = async (id: string): Promise<PitchRequest> => {
    const found = await within((tx) => findRequest(tx, id));
    if (found === null) throw new Error(`there is no request ${id}`);
    return found;
  };
  const work: PitchBench['work'] = (
    pitchRequestId,
    { now = true, signal = AbortSignal.timeout(30_000) } = {},
  ) => job({ workspaceId, pitchRequestId, now }, signal);
  return {
    database,
    queue,
    workspaceId,
    within,
    find,
    asked,
    askedOf,
    answer: (value) => {
      answer = value;
    },
    ask: async (request) => {
      const { batchId, requestIds } = await within((tx) =>
        askForPitches(tx, queue, {
          workspaceId,
          model: 'gpu-infrastructure',
          order: MAIN_PITCH,
          force: false,
          askedBy: { via: 'command-line', name: null },
          textModels: listModels(textModel),
          spent: null,
          ...request,
        }),
      );
      return { batchId, requests: await Promise.all(requestIds.map(find)) };
    },
    work,
    asOwner: async (sql) => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      try {
        await client.query(sql);
      } finally {
        await client.end();
      }
    },
    close: async () => {
      await templates.close();
      if (on !== undefined) return;
      await queue.stop();
      await database.close();
    },
  };
}
