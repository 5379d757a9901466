import { ProviderError } from '../errors.ts';
import { noteMayPost } from '../pipeline/store/slack-channels.ts';
import { notePosted, notePosting } from '../pipeline/store/slack-replies.ts';
import type { SlackReply } from '../pipeline/store/slack-replies.ts';
import type { SlackDeps } from './deps.ts';
import { openDirectMessage } from './direct-message.ts';
import { postOnce } from './post-once.ts';
import { hasStrangers } from './own-channel.ts';
import type { SlackTeam } from './teams.ts';
import type { Message } from './views/types.ts';

type Posting = Pick<SlackDeps, 'db' | 'teams' | 'clients'>;

/**
 * Posts an answer's message into the channel where it was asked for. False where the app may not post, or people of another organisation
 * would read it.
 * @throws ProviderError
 */
export async function postReply(deps: Posting, reply: SlackReply, message: Message): Promise<boolean> {
  const team = await deps.teams.find(reply.teamId);
  if (team === null) return false;
  const { channelId: channel, threadTs } = reply;
  const posted = (await hasStrangers(deps.clients.of(team.token), channel))
    ? 'people of another organisation read the channel'
    : await post(deps, reply, { team, channel, message, threadTs });
  // Of a thread that is gone one learns nothing about its channel.
  if (posted === null || threadTs === null)
    await deps.db.inWorkspace(reply.workspaceId, (tx) => noteMayPost(tx, reply, posted === null));
  return posted === null;
}

/** Changes that message. False where it is gone or may not be changed any more. @throws ProviderError */
export async function updateReply(deps: Posting, reply: SlackReply, message: Message): Promise<boolean> {
  const { postedTs: ts, channelId: channel } = reply;
  const team = await deps.teams.find(reply.teamId);
  if (team === null || ts === null) return false;
  try {
    await deps.clients
      .of(team.token)
      .call('chat.update', (api) => api.chat.update({ channel, ts, ...message }));
    return true;
  } catch (error) {
    if (error instanceof ProviderError && !error.retryable) return false;
    throw error;
  }
}

/** Sends an answer as a direct message. @returns why it can't be; null: it was sent. @throws ProviderError where another try may help */
export async function postToPerson(
  deps: Posting,
  reply: SlackReply,
  message: Message,
): Promise<string | null> {
  const team = await deps.teams.find(reply.teamId);
  if (team === null) return 'the Slack workspace is not connected any more';
  try {
    const channel = await openDirectMessage(deps.clients.of(team.token), reply.userId);
    return await post(deps, reply, { team, channel, message });
  } catch (error) {
    if (error instanceof ProviderError && !error.retryable) return error.message;
    throw error;
  }
}

type Post = { team: SlackTeam; channel: string; message: Message; threadTs?: string | null };

/** @returns null when it stands there, or why it may not. @throws ProviderError where another try may help */
async function post(
  { db, clients }: Posting,
  reply: SlackReply,
  { team, channel, message, threadTs = null }: Post,
): Promise<string | null> {
  // Whoever comes after us, should we be killed, looks for it there.
  if (!(await db.inWorkspace(reply.workspaceId, (tx) => notePosting(tx, reply, channel))))
    throw new ProviderError({
      provider: 'slack',
      operation: 'chat.postMessage',
      kind: 'unavailable',
      message: 'another worker has taken the answer over',
    });
  const keep = (ts: string | null): Promise<void> =>
    db.inWorkspace(reply.workspaceId, (tx) => notePosted(tx, reply, ts));
  try {
    const client = clients.of(team.token);
    const { ts, stood } = await postOnce(client, {
      channel,
      key: `reply ${reply.id}`,
      message,
      mayHaveBeenSent: reply.postedChannel === channel,
      botUserId: team.botUserId,
      ...(threadTs === null ? {} : { threadTs }),
    });
    await keep(ts);
    if (stood && ts !== null)
      await client.call('chat.update', (api) => api.chat.update({ channel, ts, ...message }));
    return null;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (!error.maybeApplied) await keep(null);
    if (error.retryable) throw error;
    return error.message;
  }
}
