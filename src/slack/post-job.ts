import { ProviderError, UserError } from '../errors.ts';
import type { JobResult } from '../pipeline/queue/jobs.ts';
import { findChannelAlerts, stopChannelAlerts } from '../pipeline/store/slack-channel-alerts.ts';
import type { ChannelAlerts } from '../pipeline/store/slack-channel-alerts.ts';
import { readNews } from '../pipeline/store/slack-news.ts';
import { closePost, noteSendingPost, releasePost, takePost } from '../pipeline/store/slack-posts.ts';
import type { SlackPost } from '../pipeline/store/slack-posts.ts';
import { saySoon } from './ask.ts';
import type { SlackDeps } from './deps.ts';
import { isTokenRefused } from './guard-tokens.ts';
import { waitAfter } from './patience.ts';
import { postOnce } from './post-once.ts';
import { readCard } from './read-card.ts';
import { SHARED_WITH_OTHERS, SHARING_UNKNOWN, requireOwnChannel } from './own-channel.ts';
import { showAlert } from './views/alert.ts';
import { showWishes } from './views/channel-wishes.ts';
import { COMPANIES_SHOWN, showNews } from './views/news.ts';
import type { Message } from './views/types.ts';

// Longer than the calls of one try take.
const LEASE_SECONDS = 45;
const BUSY_MS = 10_000;

// Slack's codes for a channel that takes no message of ours until a person acts (docs.slack.dev, chat.postMessage), and our own, in our words.
const CLOSED_CHANNELS: Readonly<Record<string, string>> = {
  not_in_channel: 'the app is not in it',
  channel_not_found: 'the app can’t see it, or it is gone',
  is_archived: 'it is archived',
  restricted_action: 'an administrator of the Slack workspace keeps the app from posting in it',
  restricted_action_read_only_channel: 'only some people may post in it',
  restricted_action_non_threadable_channel: 'only some people may post in it',
  [SHARED_WITH_OTHERS]: 'people of another organisation read it',
  [SHARING_UNKNOWN]:
    'the app can’t see whether people of another organisation read it, until it is installed again with the scopes channels:read and groups:read',
};

/**
 * Tells a channel what happened, once. A limit of Slack's puts off this message alone, and what happens meanwhile is told in the
 * channel's next one. Where the channel takes nothing, whoever set its alerts is told, and nothing is tried until they are set again.
 */
export function createPostJob(deps: SlackDeps) {
  const { db } = deps;
  return async ({ workspaceId, postId }: { workspaceId: string; postId: string }): Promise<JobResult> => {
    const post = await db.inWorkspace(workspaceId, (tx) => takePost(tx, postId, LEASE_SECONDS));
    if (post === 'closed') return 'done';
    if (post === 'busy') return { againInMs: BUSY_MS };
    if ('earlyMs' in post) return { againInMs: post.earlyMs };
    try {
      const reason = await send(deps, post);
      await db.inWorkspace(workspaceId, (tx) => closePost(tx, post, reason));
      return 'done';
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const closed = CLOSED_CHANNELS[error.code ?? ''];
      if (closed !== undefined) {
        await stop(deps, post, closed);
        return 'done';
      }
      const wait = waitAfter(error, post);
      if (wait === null) {
        await db.inWorkspace(workspaceId, (tx) => closePost(tx, post, error.message));
        if (!isTokenRefused(error)) deps.onError(error, 'alerts in a channel in Slack');
        return 'done';
      }
      await db.inWorkspace(workspaceId, (tx) => releasePost(tx, post, post.sending || error.maybeApplied));
      return wait;
    }
  };
}

/** @returns why it can't be sent; null: it was. @throws ProviderError */
async function send(deps: SlackDeps, post: SlackPost): Promise<string | null> {
  const team = await deps.teams.find(post.teamId);
  if (team === null) return 'the Slack workspace is not connected any more';
  const alerts = await deps.db.inWorkspace(post.workspaceId, (tx) => findChannelAlerts(tx, post));
  if (alerts === null) return 'the channel hears nothing any more';
  const message = await showPost(deps, post, alerts);
  if (typeof message === 'string') return message;
  const client = deps.clients.of(team.token);
  await requireOwnChannel(client, post.channelId);
  if (!(await deps.db.inWorkspace(post.workspaceId, (tx) => noteSendingPost(tx, post)))) return null;
  await postOnce(client, {
    channel: post.channelId,
    key: `post ${post.id}`,
    message,
    mayHaveBeenSent: post.sending,
    botUserId: team.botUserId,
  });
  return null;
}

/** The message; or why there is none. */
async function showPost(deps: SlackDeps, post: SlackPost, alerts: ChannelAlerts): Promise<Message | string> {
  const { mutedUntil: until } = alerts;
  const mutedUntil = until !== null && until.getTime() > Date.now() ? until.toISOString() : null;
  if (post.kind === 'settings') return showWishes(alerts, { channelId: post.channelId, mutedUntil });
  if (mutedUntil !== null) return 'the channel is muted';
  const news = await deps.db.inWorkspace(post.workspaceId, (tx) => readNews(tx, post.id, COMPANIES_SHOWN));
  const { channelId } = post;
  const [company, another] = news.companies;
  const others = news.runs.length + (news.budget === null ? 0 : 1);
  if (company === undefined && others === 0) return 'what was to be told is gone';
  if (company === undefined || another !== undefined || others > 0)
    return showNews(news, { ours: `${deps.publicUrl}/`, channelId });
  try {
    // For everybody in the channel, so it says nothing of anybody's own book.
    const card = await readCard(deps, { workspaceId: post.workspaceId }, company.companyId);
    return showAlert({ card, before: company.was, channelId });
  } catch (error) {
    // Its score was taken away meanwhile.
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

async function stop(deps: SlackDeps, post: SlackPost, problem: string): Promise<void> {
  const { workspaceId, teamId, channelId } = post;
  const alerts = await deps.db.inWorkspace(workspaceId, (tx) => findChannelAlerts(tx, post));
  if (alerts === null) return;
  const userId = alerts.setBy;
  await saySoon(
    deps,
    {
      workspaceId,
      teamId,
      userId,
      channelId: '',
      responseUrl: null,
      place: 'person',
      threadTs: null,
      requestKey: `post ${post.id}`,
    },
    {
      what: `Alerts can’t be posted into a channel that you chose: ${problem}`,
      fix: 'The Home tab of this app says which. Invite the app there (/invite @Fieldnote) or choose another channel, then set the alerts again.',
    },
    async (tx) => {
      await stopChannelAlerts(tx, { workspaceId, teamId, channelId }, problem);
      await deps.queue.requestSlack(tx, { workspaceId, home: { teamId, userId } });
    },
  );
}
