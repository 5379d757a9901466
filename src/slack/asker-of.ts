import { UserError } from '../errors.ts';
import type { Asker } from './asker.ts';
import type { Clicked } from './clicked.ts';
import type { SlackDeps } from './deps.ts';
import { isSlackAddress } from './respond.ts';
import type { SlackTeam } from './teams.ts';

/** What a command and a message shortcut have in common. */
export type Sent = {
  team_id: string;
  channel_id: string;
  user_id: string;
  response_url: string;
  trigger_id: string;
};

/**
 * Who asks, in the workspace that their Slack workspace belongs to.
 * @throws UserError where it belongs to none, or the request is not what Slack sends
 */
export async function askerOf(
  deps: Pick<SlackDeps, 'teams' | 'apiUrl'>,
  body: Sent,
  { place }: Pick<Asker, 'place'>,
): Promise<Asker> {
  const team = await teamOf(deps, body.team_id);
  if (!isSlackAddress(body.response_url, deps.apiUrl))
    throw new UserError('The request names an address for its answer that is not Slack’s');
  return {
    workspaceId: team.workspaceId,
    teamId: team.teamId,
    channelId: body.channel_id,
    userId: body.user_id,
    responseUrl: body.response_url,
    place,
    threadTs: null,
    requestKey: body.trigger_id,
  };
}

/** Who clicked: in a message, which the answer replaces, or in a view, whose answer is a direct message. @throws UserError */
export async function askerOfClick(
  deps: Pick<SlackDeps, 'teams' | 'apiUrl'>,
  clicked: Clicked,
): Promise<Asker> {
  const { response_url: responseUrl, channel, user, trigger_id: requestKey } = clicked;
  if (responseUrl === undefined || channel === undefined) {
    const { workspaceId, teamId } = await teamOf(deps, clicked.team.id);
    const nowhere = { channelId: '', responseUrl: null, place: 'person', threadTs: null } as const;
    return { workspaceId, teamId, userId: user.id, requestKey, ...nowhere };
  }
  const sent: Sent = {
    team_id: clicked.team.id,
    channel_id: channel.id,
    user_id: user.id,
    response_url: responseUrl,
    trigger_id: requestKey,
  };
  return { ...(await askerOf(deps, sent, { place: 'message' })), threadTs: threadOf(clicked) };
}

/** What only one person sees has no thread. */
function threadOf({ container }: Clicked): string | null {
  return container.is_ephemeral === true ? null : (container.thread_ts ?? container.message_ts ?? null);
}

/** @throws UserError where the Slack workspace is not connected */
export async function teamOf({ teams }: Pick<SlackDeps, 'teams'>, teamId: string): Promise<SlackTeam> {
  const team = await teams.find(teamId);
  if (team !== null) return team;
  throw new UserError(
    'This Slack workspace is not connected to Fieldnote',
    'Ask whoever runs Fieldnote to connect it.',
  );
}
