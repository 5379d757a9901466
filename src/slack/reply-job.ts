import { ProviderError, UserError } from '../errors.ts';
import { whySpent } from '../pipeline/budget.ts';
import type { JobResult } from '../pipeline/queue/jobs.ts';
import { cancelRun } from '../pipeline/runs.ts';
import { findCompany } from '../pipeline/store/companies.ts';
import type { Company } from '../pipeline/store/companies.ts';
import { findItems } from '../pipeline/store/run-items.ts';
import type { RunItem } from '../pipeline/store/run-items.ts';
import { findRequest } from '../pipeline/store/pitch-requests.ts';
import type { PitchRequest } from '../pipeline/store/pitch-requests.ts';
import { findRun, nameStarter } from '../pipeline/store/runs.ts';
import type { Run } from '../pipeline/store/runs.ts';
import { planFile } from '../pipeline/store/slack-files.ts';
import { closeReply, releaseReply, takeReply } from '../pipeline/store/slack-replies.ts';
import type { SlackReply } from '../pipeline/store/slack-replies.ts';
import { askWhich } from './ask.ts';
import { deliverProgress, deliverResult } from './deliver.ts';
import type { Delivering } from './deliver.ts';
import type { SlackDeps } from './deps.ts';
import { waitAfter } from './patience.ts';
import { meetPerson } from './person.ts';
import { describePitchProgress, describeProgress, keyOf } from './progress.ts';
import { findNamed } from './resolve-names.ts';
import { readPitchResult, readResult } from './result.ts';
import type { Outcome } from './result.ts';
import { showAlertSettings } from './views/alert-settings.ts';
import { showHelp } from './views/help.ts';
import { showNote } from './views/note.ts';
import { showProblem } from './views/problem.ts';
import { showProgress } from './views/progress.ts';
import type { Message } from './views/types.ts';

// Longer than any call to Slack takes: by then a worker that was killed has lost it, and one that lives has let go.
const LEASE_SECONDS = 15;
const BUSY_MS = 500;
// The end of a run asks for its answer by itself; this is for progress, and for an ask that was lost.
const LOOK_AGAIN_MS = 1_000;
const LOOK_LATER_MS = 10_000;
const PATIENCE_MS = 2 * 60_000;
const GIVE_UP_MS = 24 * 3_600_000;
// Somebody waits: sooner than an alert.
const TRY_AGAIN_MS = 2_000;
const TOO_LATE = 'No answer was found within a day';
const LOOK_AT_STATUS = 'The status page says what is down.';

/** Tells somebody in Slack how far their answer is; then, once, what it is. */
export function createReplyJob(deps: Delivering) {
  const { db } = deps;
  return async (
    { workspaceId, replyId }: { workspaceId: string; replyId: string },
    signal: AbortSignal,
  ): Promise<JobResult> => {
    const reply = await db.inWorkspace(workspaceId, (tx) => takeReply(tx, replyId, LEASE_SECONDS));
    if (reply === 'closed') return 'done';
    if (reply === 'busy') return { againInMs: BUSY_MS };
    try {
      const told = await tell(deps, reply, signal);
      if (told !== 'to-come') return 'done';
      const age = Date.now() - reply.askedAt.getTime();
      await db.inWorkspace(workspaceId, (tx) => releaseReply(tx, reply, false));
      return { againInMs: age < PATIENCE_MS ? LOOK_AGAIN_MS : LOOK_LATER_MS };
    } catch (error) {
      if (!(error instanceof ProviderError) || !error.retryable) throw error;
      const tries = { attempt: reply.failures + 1, plannedAt: reply.askedAt };
      const wait = waitAfter(error, tries, TRY_AGAIN_MS);
      if (wait === null) {
        await db.inWorkspace(workspaceId, (tx) => closeReply(tx, reply, error.message));
        deps.onError(error, `answer ${reply.id} to somebody in Slack`);
        return 'done';
      }
      await db.inWorkspace(workspaceId, (tx) => releaseReply(tx, reply, true));
      return wait;
    }
  };
}

async function tell(deps: Delivering, reply: SlackReply, signal: AbortSignal): Promise<'told' | 'to-come'> {
  const found = await deps.db.inWorkspace(reply.workspaceId, async (tx) => {
    const companies: Company[] = [];
    for (const id of reply.companyIds) {
      const company = await findCompany(tx, id);
      if (company !== null) companies.push(company);
    }
    const run = reply.runId === null ? null : await findRun(tx, reply.runId);
    const items = run === null ? [] : await findItems(tx, run.id, reply.companyIds);
    const { pitchRequestId } = reply;
    const request = pitchRequestId === null ? null : await findRequest(tx, pitchRequestId);
    return { companies, run, items, request };
  });
  const message = await concludeFrom(deps, reply, found);
  if (message !== null) {
    const reason = await deliverResult(deps, reply, message, signal);
    await deps.db.inWorkspace(reply.workspaceId, async (tx) => {
      const { workspaceId } = reply;
      const fileId = reason === null ? await planFile(tx, reply) : null;
      if (fileId !== null) await deps.queue.requestSlack(tx, { workspaceId, fileId });
      await closeReply(tx, reply, reason);
    });
    if (reason !== null) deps.onError(new Error(reason), `answer ${reply.id} to somebody in Slack`);
    return 'told';
  }
  const seconds = (Date.now() - reply.askedAt.getTime()) / 1000;
  const items = new Map(found.items.map((item) => [item.companyId, item]));
  const describe = reply.form === 'pitch' ? describePitchProgress : describeProgress;
  const progress = describe(found.companies, items, seconds);
  await deliverProgress(
    deps,
    reply,
    { key: keyOf(progress), show: (inPlace) => showProgress(progress, { inPlace }) },
    signal,
  );
  return 'to-come';
}

type Found = {
  companies: readonly Company[];
  run: Run | null;
  items: readonly RunItem[];
  request: PitchRequest | null;
};

/** The answer, where there is one by now; null: still to come. */
async function concludeFrom(
  deps: SlackDeps,
  reply: SlackReply,
  { companies, run, items, request }: Found,
): Promise<Message | null> {
  if (reply.problem !== null)
    return reply.problem.good === true ? showNote(reply.problem.what) : showProblem(reply.problem);
  if (reply.form === 'help') return showHelp();
  if (reply.form === 'alerts')
    return showAlertSettings(/^[CG]/.test(reply.channelId) ? reply.channelId : null);
  const { askedName } = reply;
  if (askedName !== null) {
    const found = await deps.db.inWorkspace(reply.workspaceId, (tx) => findNamed(tx, askedName));
    return askWhich({ asked: askedName, ...found, template: reply.template }, reply.form);
  }
  const open = items.filter(({ state }) => state === 'queued' || state === 'working');
  if (run !== null && open.length > 0 && run.state !== 'cancelled') {
    const why = await whyStop(deps, reply, open);
    if (why === null) return null;
    await cancelRun(deps, reply.workspaceId, run.id).catch((error: unknown) => {
      // It ended in this very moment.
      if (!(error instanceof UserError)) throw error;
    });
    return showProblem(why);
  }
  if (request?.state === 'waiting' || request?.state === 'working')
    return concludePitch(deps, reply, request);
  const person = await meetPerson(deps, reply).catch((error: unknown) => {
    // Then the card says nothing of their own book.
    if (!(error instanceof ProviderError)) throw error;
    return null;
  });
  const email = person?.email ?? null;
  if (run !== null && email !== null && run.startedBy?.name === reply.userId)
    await deps.db.inWorkspace(reply.workspaceId, (tx) => nameStarter(tx, run.id, email));
  if (request !== null) return concludePitch(deps, reply, request);
  const states = new Map(items.map((item) => [item.companyId, item]));
  return readResult(deps, reply, {
    form: reply.form,
    companies: companies.map((company) => outcomeOf(company, states.get(company.id))),
  });
}

/** The pitch that was asked for, or why there is none; null: still to come. */
async function concludePitch(
  deps: SlackDeps,
  reply: SlackReply,
  request: PitchRequest,
): Promise<Message | null> {
  const { companyId, pitchId, state } = request;
  if (state === 'done' && pitchId !== null) return readPitchResult(deps, reply, { companyId, pitchId });
  if (state === 'cancelled') return showProblem({ what: 'The pitch was cancelled', fix: 'Ask again.' });
  if (state === 'waiting' || state === 'working') {
    const isLate = Date.now() - reply.askedAt.getTime() > GIVE_UP_MS;
    return isLate ? showProblem({ what: TOO_LATE, fix: LOOK_AT_STATUS }) : null;
  }
  return showProblem({
    what: `No pitch for ${request.domain}: ${request.error ?? 'it is not there any more'}`,
    ...(request.fix === null ? {} : { fix: request.fix }),
  });
}

/** Why it makes no sense to wait any longer; null: it does. */
async function whyStop(
  deps: SlackDeps,
  reply: SlackReply,
  open: readonly RunItem[],
): Promise<{ what: string; fix?: string } | null> {
  if (Date.now() - reply.askedAt.getTime() > GIVE_UP_MS) return { what: TOO_LATE, fix: LOOK_AT_STATUS };
  // What is at work goes on to its end; what waits would wait until next month.
  if (open.some(({ state }) => state === 'working')) return null;
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, reply.workspaceId);
  return spent === null
    ? null
    : { what: spent.message, ...(spent.fix === undefined ? {} : { fix: spent.fix }) };
}

function outcomeOf({ id, name, excludedBecause }: Company, item: RunItem | undefined): Outcome {
  if (excludedBecause !== null) return { id, name, problem: `left out: ${excludedBecause}` };
  if (item?.state === 'failed') return { id, name, problem: item.error ?? 'could not be scored' };
  if (item?.state === 'cancelled' || item?.state === 'queued' || item?.state === 'working')
    return { id, name, problem: 'was cancelled before it was scored' };
  return { id };
}
