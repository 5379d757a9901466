import type { Database, Tx } from '../db.ts';
import { isDatabaseGone } from '../db.ts';
import { ProviderDownError, ProviderError, UserError, describeError } from '../errors.ts';
import { makePitch } from './6-pitch/make-pitch.ts';
import type { PitchMakers } from './6-pitch/make-pitch.ts';
import { whySpent } from './budget.ts';
import type { Budget } from './budget.ts';
import { openCompanyLedger } from './call-ledger.ts';
import type { JobResult, PitchJob } from './queue/jobs.ts';
import type { Queue } from './queue/queue.ts';
import type { Observer } from './run-company.ts';
import { startRewriteWithin } from './runs.ts';
import {
  countRequestAttempt,
  holdRequest,
  putRequestBack,
  settleRequest,
  startRequest,
} from './store/pitch-requests.ts';
import type { PitchRequest } from './store/pitch-requests.ts';
import { findCurrentPitch } from './store/pitches.ts';
import { findItems } from './store/run-items.ts';
import { findCurrentScore } from './store/scores.ts';
import type { Prices } from './store/usage.ts';

export type PitchJobDeps = PitchMakers & {
  queue: Queue;
  modelName: string;
  prices: Prices;
  budget: Budget;
  monthlyBudgetUsd: number | null;
  observer?: Observer;
  onError(error: unknown, what: string): void;
};

const TRIES = 3;
const AGAIN_MS = 1_000;
// One of a batch looks less often for its score.
const BATCH_AGAIN_MS = 5_000;
// As in a run: batch work waits out an outage for as long, and then takes the best available way.
const PATIENCE_MS = 10 * 60_000;

/** Makes one pitch that somebody asked for, as soon as the company has a score. A killed process leaves the request open, and another worker goes on. */
export function createPitchJob(deps: PitchJobDeps) {
  const { db } = deps;
  return async (job: PitchJob, signal: AbortSignal): Promise<JobResult> => {
    const { workspaceId, pitchRequestId: id } = job;
    const request = await db.inWorkspace(workspaceId, (tx) => startRequest(tx, id));
    if (request === null) return 'done';
    const score = await db.inWorkspace(workspaceId, (tx) => lookForScore(tx, request));
    if (score === 'wait') {
      await db.inWorkspace(workspaceId, (tx) => putRequestBack(tx, id));
      return { againInMs: job.now ? AGAIN_MS : BATCH_AGAIN_MS };
    }
    if (score !== 'there') return fail(deps, job, score);
    const ledger = openCompanyLedger(deps, { workspaceId, companyId: request.companyId }, signal);
    const work = {
      workspaceId,
      companyId: request.companyId,
      interactive: job.now,
      patient: !job.now && Date.now() - request.askedAt.getTime() < PATIENCE_MS,
      signal,
      onCall: ledger.add,
      save: ledger.save,
    };
    try {
      const made = await makePitch(deps, work, request, {
        anew: request.force ? id : null,
        spent: await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId),
        store: (act) =>
          ledger.save(async (tx) => {
            if (!(await holdRequest(tx, id))) return 'unwanted';
            const before = await findCurrentPitch(tx, request.companyId);
            const stored = await act(tx);
            if (stored === null) return null;
            await settleRequest(tx, id, { pitchId: stored.pitch.id });
            // The CRM shows the company's own pitch, and no other.
            if (stored.isMain && before?.id !== stored.pitch.id)
              await startRewriteWithin(tx, deps.queue, {
                workspaceId,
                model: deps.modelName,
                companyIds: [request.companyId],
                startedBy: request.askedBy,
              });
            return stored;
          }),
      });
      if (made !== null) return 'done';
      return await fail(deps, job, { why: 'There is nothing to say that could be proven', fix: 'The company’s page says what is missing.' }); // prettier-ignore
    } catch (error) {
      if (!isDatabaseGone(error)) await ledger.save(async () => undefined);
      if (signal.aborted) throw error;
      return await decide(deps, job, request, error);
    } finally {
      ledger.close();
    }
  };
}

type Reason = { why: string; fix: string | null };

/** Is there a score to make it from? `wait`: a run is looking for one. */
async function lookForScore(tx: Tx, request: PitchRequest): Promise<'there' | 'wait' | Reason> {
  if (request.runId !== null) {
    const [item] = await findItems(tx, request.runId, [request.companyId]);
    // Its own pitch comes with the run: whoever looks before would make it a second time.
    if (item?.state === 'queued' || item?.state === 'working') return 'wait';
    if (item?.state === 'failed') return { why: item.error ?? 'The company could not be scored', fix: 'Ask again once that is over.' }; // prettier-ignore
    if (item?.state === 'cancelled') return { why: 'The run that was to score the company was cancelled', fix: 'Ask again.' }; // prettier-ignore
  }
  const score = await findCurrentScore(tx, request.companyId);
  if (score === null) return { why: 'The company has no score', fix: `Score it first: fieldnote score ${request.domain}` }; // prettier-ignore
  if (score.status === 'scored') return 'there';
  return { why: score.why ?? 'There is not enough evidence for a score', fix: 'Nothing can be said that could be proven until more can be read.' }; // prettier-ignore
}

async function fail({ db }: { db: Database }, job: PitchJob, { why, fix }: Reason): Promise<JobResult> {
  await db.inWorkspace(job.workspaceId, (tx) => settleRequest(tx, job.pitchRequestId, { error: why, fix }));
  return 'done';
}

async function decide(
  deps: PitchJobDeps,
  job: PitchJob,
  request: PitchRequest,
  error: unknown,
): Promise<JobResult> {
  const { db } = deps;
  const id = job.pitchRequestId;
  if (error instanceof UserError) return fail(deps, job, { why: error.message, fix: error.fix ?? null });
  if (isDatabaseGone(error)) return { againInMs: AGAIN_MS };
  if (error instanceof ProviderDownError && !job.now) {
    await db.inWorkspace(job.workspaceId, (tx) => putRequestBack(tx, id));
    return { againInMs: Math.max(AGAIN_MS, error.until.getTime() - Date.now()) };
  }
  const isOutside = error instanceof ProviderError || error instanceof ProviderDownError;
  if (!isOutside) deps.onError(error, `pitch of ${request.domain}`);
  const why = describeError(error);
  const attempts = await db.inWorkspace(job.workspaceId, (tx) => countRequestAttempt(tx, id, why));
  const mayHelp = error instanceof ProviderError ? error.retryable : !isOutside;
  if (mayHelp && attempts < TRIES)
    return {
      againInMs: Math.max(AGAIN_MS * attempts, (error instanceof ProviderError && error.retryAfterMs) || 0),
    };
  const fix = error instanceof ProviderError && error.fix ? error.fix : 'The pitch stays as it was. Ask again once that is over.'; // prettier-ignore
  return fail(deps, job, { why, fix });
}
