import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import { findMayPost } from '../pipeline/store/slack-channels.ts';
import type { ReplyForm, SlackReply } from '../pipeline/store/slack-replies.ts';
import { claimRequest } from '../pipeline/store/slack-requests.ts';
import type { Asker } from './asker.ts';
import type { SlackDeps } from './deps.ts';
import { NOTHING, promise } from './promise.ts';
import type { Choice } from './resolve-names.ts';
import { readResult } from './result.ts';
import { takeUp } from './take-up.ts';
import type { Request } from './take-up.ts';
import { showBegun } from './views/begun.ts';
import { showChoice } from './views/choice.ts';
import { showProblem } from './views/problem.ts';
import type { Message } from './views/types.ts';

/**
 * Answers a command in the very reply to Slack where everything is stored; else a run is begun and the message says so, while a job of
 * its own sees to the rest.
 * @returns the message, and whether everybody in the channel sees it; null where the same request was taken up before
 * @throws UserError for what the person can do something about
 */
export async function answerAtOnce(
  deps: SlackDeps,
  asker: Asker,
  request: Request,
): Promise<{ message: Message; everyone: boolean } | null> {
  const taken = await takeUp(deps, asker, request, { byJob: 'what is not stored' });
  if (taken === null) return null;
  if ('total' in taken) {
    return { message: askWhich(taken, request.form), everyone: false };
  }
  const { companies, replyId } = taken;
  if (replyId !== null) return { message: showBegun(companies, request.form), everyone: false };
  const message = await readResult(deps, asker, {
    form: request.form,
    companies: companies.map(({ id }) => ({ id })),
  });
  const mayPost = await deps.db.inWorkspace(asker.workspaceId, (tx) => findMayPost(tx, asker));
  return { message, everyone: mayPost === true };
}

/**
 * The same for what has no reply of its own (a button, a shortcut): a job answers, at once where everything is stored, and says what is
 * wrong where something is.
 */
export async function answerSoon(deps: SlackDeps, asker: Asker, request: Request): Promise<void> {
  try {
    await takeUp(deps, asker, request, { byJob: 'everything' });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message: what, fix } = error;
    await saySoon(deps, asker, fix === undefined ? { what } : { what, fix });
  }
}

/** Has a job say something instead of an answer. `act` is done with it, or not at all. */
export async function saySoon(
  deps: SlackDeps,
  asker: Asker,
  problem: NonNullable<SlackReply['problem']>,
  act: (tx: Tx) => Promise<void> = async () => undefined,
): Promise<void> {
  await deps.db.inWorkspace(asker.workspaceId, async (tx) => {
    if (!(await claimRequest(tx, asker.workspaceId, asker.requestKey))) return;
    await act(tx);
    await promise(tx, deps, asker, { ...NOTHING, form: 'card', problem });
  });
}

/** Has a job say how one asks, or how one sets alerts. */
export async function helpSoon(
  deps: SlackDeps,
  asker: Asker,
  form: 'help' | 'alerts' = 'help',
): Promise<void> {
  await deps.db.inWorkspace(asker.workspaceId, async (tx) => {
    if (!(await claimRequest(tx, asker.workspaceId, asker.requestKey))) return;
    await promise(tx, deps, asker, { ...NOTHING, form });
  });
}

/** Asks which of the companies that a name fits is meant. */
export function askWhich({ asked, companies, total, template }: Choice, form: ReplyForm): Message {
  const purpose = form === 'pitch' ? 'pitch' : 'score';
  return showChoice({ asked, purpose, companies, more: total - companies.length, template });
}

/** The message for an error that the person can do something about; null for any other. */
export function explain(error: unknown): Message | null {
  if (!(error instanceof UserError)) return null;
  return showProblem({ what: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) });
}
