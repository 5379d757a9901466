import { randomUUID } from 'node:crypto';
import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import { askForScores } from '../pipeline/ask-for-scores.ts';
import type { ScoresAsked } from '../pipeline/ask-for-scores.ts';
import { whySpent } from '../pipeline/budget.ts';
import { findCompany } from '../pipeline/store/companies.ts';
import { findCompaniesByName } from '../pipeline/store/named-companies.ts';
import type { NamedCompany } from '../pipeline/store/named-companies.ts';
import { findMayPost } from '../pipeline/store/slack-channels.ts';
import { findPerson } from '../pipeline/store/slack-people.ts';
import { createReply } from '../pipeline/store/slack-replies.ts';
import type { ReplyForm, SlackReply } from '../pipeline/store/slack-replies.ts';
import { claimRequest } from '../pipeline/store/slack-requests.ts';
import { boundToReply } from './asker.ts';
import type { Asker } from './asker.ts';
import type { SlackDeps } from './deps.ts';
import type { Asked } from './question.ts';
import { readResult } from './result.ts';
import { showBegun } from './views/begun.ts';
import { showChoice } from './views/choice.ts';
import { showProblem } from './views/problem.ts';
import type { Message } from './views/types.ts';

// Half an hour by Slack's rule; a minute less, so that clocks that differ never make us late.
const ADDRESS_LASTS_MS = 29 * 60_000;
const MOST_CHOICES = 10;
const NOTHING = { companyIds: [], askedName: null, runId: null, problem: null } as const;

type Request = { asked: readonly Asked[]; form: ReplyForm; refresh?: boolean };
type Taken = ScoresAsked & { replyId: string | null };
type Promised = Pick<SlackReply, 'form' | 'companyIds' | 'askedName' | 'runId' | 'problem'>;
type Choice = { asked: string; companies: NamedCompany[]; total: number };

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
  // A pitch's PDF goes into the thread of a message, which needs one of our own.
  const taken = await takeUp(deps, asker, request, {
    byJob: request.form === 'pitch' ? 'answers' : 'what is not stored',
  });
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

/** Has a job say how one asks. */
export async function helpSoon(deps: SlackDeps, asker: Asker): Promise<void> {
  await deps.db.inWorkspace(asker.workspaceId, async (tx) => {
    if (!(await claimRequest(tx, asker.workspaceId, asker.requestKey))) return;
    await promise(tx, deps, asker, { ...NOTHING, form: 'help' });
  });
}

/** Asks which of the companies that a name fits is meant. */
export function askWhich({ asked, companies, total }: Choice, form: ReplyForm): Message {
  const purpose = form === 'pitch' ? 'pitch' : 'score';
  return showChoice({ asked, purpose, companies, more: total - companies.length });
}

/** The message for an error that the person can do something about; null for any other. */
export function explain(error: unknown): Message | null {
  if (!(error instanceof UserError)) return null;
  return showProblem({ what: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) });
}

/** Claim, run and promise come to be together: a request that was taken up is answered, whatever is killed. */
async function takeUp(
  deps: SlackDeps,
  asker: Asker,
  { asked, form, refresh = false }: Request,
  { byJob }: { byJob: 'what is not stored' | 'answers' | 'everything' },
): Promise<Taken | Choice | null> {
  const { workspaceId } = asker;
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
  return deps.db.inWorkspace(workspaceId, async (tx) => {
    if (!(await claimRequest(tx, workspaceId, asker.requestKey))) return null;
    const named = await resolveNames(tx, asked);
    if ('total' in named) {
      if (byJob === 'everything')
        await promise(tx, deps, asker, { ...NOTHING, form, askedName: named.asked });
      return named;
    }
    const found = await askForScores(tx, deps.queue, {
      workspaceId,
      model: deps.modelName,
      domains: named.domains,
      refresh,
      // Their address, where Slack told it before; else it is noted with the answer.
      startedBy: { via: 'slack', name: (await findPerson(tx, asker))?.email ?? asker.userId },
      spent,
    });
    const { companies, run } = found;
    if (run === null && byJob === 'what is not stored') return { ...found, replyId: null };
    const replyId = await promise(tx, deps, asker, {
      ...NOTHING,
      form,
      companyIds: companies.map(({ id }) => id),
      runId: run?.id ?? null,
    });
    return { ...found, replyId };
  });
}

/** Names → domains; or the companies that one name may mean. @throws UserError where none is called so, or several of several names are */
async function resolveNames(tx: Tx, asked: readonly Asked[]): Promise<{ domains: string[] } | Choice> {
  const domains: string[] = [];
  for (const one of asked) {
    if ('companyId' in one) {
      const company = await findCompany(tx, one.companyId);
      if (company === null)
        throw new UserError('This company is not here any more', 'Ask for it by its domain.');
      domains.push(company.domain);
      continue;
    }
    if ('domain' in one) {
      domains.push(one.domain);
      continue;
    }
    const { companies, exact, total } = await findNamed(tx, one.name);
    const [best] = companies;
    if (best === undefined)
      throw new UserError(
        `No company here is called “${one.name}”`,
        'Give its domain or web address: any company can be scored, whether it is in the CRM or not.',
      );
    if (total === 1 || exact === 1) domains.push(best.domain);
    else if (asked.length === 1) return { asked: one.name, companies, total };
    else
      throw new UserError(
        `“${one.name}” may mean ${total} companies, such as ${companies
          .slice(0, 3)
          .map(({ domain }) => domain)
          .join(', ')}`,
        'Give its domain.',
      );
  }
  return { domains };
}

/** The companies that a name may mean, as many as are offered. */
export function findNamed(tx: Tx, name: string): ReturnType<typeof findCompaniesByName> {
  return findCompaniesByName(tx, name, MOST_CHOICES);
}

async function promise(tx: Tx, { seal, queue }: SlackDeps, asker: Asker, reply: Promised): Promise<string> {
  const { workspaceId, teamId, channelId, userId, place, threadTs, responseUrl } = asker;
  const id = randomUUID();
  await createReply(tx, {
    ...reply,
    id,
    workspaceId,
    teamId,
    channelId,
    userId,
    address: responseUrl === null ? null : seal.seal(responseUrl, boundToReply({ workspaceId, id })),
    expiresAt: new Date(Date.now() + ADDRESS_LASTS_MS),
    place,
    threadTs,
    shown: '',
  });
  await queue.requestSlack(tx, { workspaceId, replyId: id });
  return id;
}
