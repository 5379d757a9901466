import { ProviderError, UserError } from '../errors.ts';
import type { Printer } from '../pipeline/6-pitch/pdf/print-sheet.ts';
import { findMayPost } from '../pipeline/store/slack-channels.ts';
import { countUse, noteShown } from '../pipeline/store/slack-replies.ts';
import type { SlackReply } from '../pipeline/store/slack-replies.ts';
import { boundToReply } from './asker.ts';
import type { SlackDeps } from './deps.ts';
import { postReply, postToPerson, updateReply } from './post-reply.ts';
import { respond } from './respond.ts';
import { hasStrangers } from './own-channel.ts';
import type { Message } from './views/types.ts';

// Of the five messages that a response_url takes two are for progress: where they do not replace each other, more would be noise.
const MOST_USES = 5;
const PROGRESS_USES = 2;
// Stages that pass more quickly are no news.
const PROGRESS_EVERY_MS = 2_000;

export type Delivering = SlackDeps & {
  fetch: typeof fetch;
  printPitch: Printer;
  /** Whose pitches they are. */
  seller: string | null;
};

/**
 * Shows how far an answer is, in its one place. A click's is the message that was clicked: its response_url replaces that. A command's is a
 * message of our own in the channel, which is changed until it is the answer; where the app may not post, its response_url, which only
 * the person sees and which can't change what it said. Where nothing else is left: a direct message.
 */
export async function deliverProgress(
  deps: Delivering,
  reply: SlackReply,
  { key, show }: { key: string; show: (inPlace: boolean) => Message },
  signal: AbortSignal,
): Promise<void> {
  const isNews = key !== reply.shown && Date.now() - reply.shownAt.getTime() >= PROGRESS_EVERY_MS;
  if (!isNews && reply.shown !== '') return;
  try {
    if (await postInChannel(deps, reply, key, show(true))) return;
    const url = openAddress(deps, reply);
    if (url === null || reply.uses >= PROGRESS_USES) return;
    const replaces = await mayReplace(deps, reply);
    if (await hold(deps, reply, key))
      await respond(url, show(replaces), { replaces, fetch: deps.fetch, signal });
  } catch (error) {
    // The next one comes, and the result does by all means.
    if (!(error instanceof ProviderError)) throw error;
  }
}

/**
 * Sends the result. Sent again it takes its own place, but where the app may only add messages.
 * @returns null when it was told, or why it can't be
 * @throws ProviderError where another try may help
 */
export async function deliverResult(
  deps: Delivering,
  reply: SlackReply,
  message: Message,
  signal: AbortSignal,
): Promise<string | null> {
  if (await postInChannel(deps, reply, 'result', message)) return null;
  const toPerson = reply.postedChannel !== null && reply.postedChannel !== reply.channelId;
  const url = openAddress(deps, reply);
  if (url !== null && reply.uses < MOST_USES && !toPerson) {
    const replaces = await mayReplace(deps, reply);
    if (!(await hold(deps, reply, 'result'))) throw lostIt();
    try {
      await respond(url, message, { replaces, fetch: deps.fetch, signal });
      return null;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.kind !== 'refused') throw error;
    }
  }
  return postToPerson(deps, reply, message);
}

/** Into the channel itself: true when it stands there. */
async function postInChannel(
  deps: Delivering,
  reply: SlackReply,
  key: string,
  message: Message,
): Promise<boolean> {
  if (reply.place !== 'channel') return false;
  const mayPost = await deps.db.inWorkspace(reply.workspaceId, async (tx) => {
    const may = await findMayPost(tx, reply);
    return may !== false && (await noteShown(tx, reply, key));
  });
  if (!mayPost) return false;
  return reply.postedTs === null || reply.postedChannel !== reply.channelId
    ? postReply(deps, reply, message)
    : updateReply(deps, reply, message);
}

function hold({ db }: Delivering, reply: SlackReply, shown: string): Promise<boolean> {
  return db.inWorkspace(reply.workspaceId, (tx) => countUse(tx, reply, shown));
}

/**
 * Does the answer take the place of the message that was clicked? Not where people of another organisation read that by now: then only who
 * clicked sees it. A message without a thread is seen by one person anyway.
 */
async function mayReplace({ teams, clients }: Delivering, reply: SlackReply): Promise<boolean> {
  if (reply.place !== 'message') return false;
  if (reply.threadTs === null) return true;
  const team = await teams.find(reply.teamId);
  return team !== null && !(await hasStrangers(clients.of(team.token), reply.channelId));
}

/** The response_url, while it takes messages and can be opened: its key may have changed since the question was asked. */
function openAddress({ seal }: Delivering, reply: SlackReply): string | null {
  if (reply.address === null || Date.now() >= reply.expiresAt.getTime()) return null;
  try {
    return seal.open(reply.address, boundToReply(reply), 'The address of an answer in Slack');
  } catch (error) {
    // A direct message needs none.
    if (error instanceof UserError) return null;
    throw error;
  }
}

function lostIt(): ProviderError {
  return new ProviderError({
    provider: 'slack',
    operation: 'response_url',
    kind: 'unavailable',
    message: 'another worker has taken the answer over',
  });
}
