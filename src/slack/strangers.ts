import type { App } from '@slack/bolt';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { noteMayPost } from '../pipeline/store/slack-channels.ts';
import { saySoon } from './ask.ts';
import type { Asker } from './asker.ts';
import { teamOf } from './asker-of.ts';
import type { SlackDeps } from './deps.ts';
import { isSlackAddress } from './respond.ts';
import type { SlackTeam } from './teams.ts';

/** What a person of another organisation is told. */
export const NOT_FOR_STRANGERS = {
  what: 'Fieldnote answers only people of the Slack workspace that it was installed for',
  fix: 'Ask one of them. Your own organisation can install Fieldnote for itself.',
};

type Found = { team_id?: string; is_stranger?: boolean; enterprise_user?: { teams?: string[] } };

/** Does that user, as users.info shows them, belong to the Slack workspace? In an Enterprise Grid one may belong to several. */
export function isMember(user: Found | undefined, teamId: string): boolean {
  if (user === undefined || user.is_stranger === true) return false;
  return user.team_id === teamId || (user.enterprise_user?.teams ?? []).includes(teamId);
}

/**
 * Is somebody no member of the Slack workspace? In channels that organisations share, people of all of them click and write. Slack is
 * asked where a request names another workspace than ours, or none.
 * @throws ProviderError where another try may tell
 */
export async function isStranger(
  { clients }: Pick<SlackDeps, 'clients'>,
  { teamId, token }: SlackTeam,
  person: { userId: string; teamId: string | undefined },
): Promise<boolean> {
  if (person.teamId === teamId) return false;
  try {
    const { user } = await clients
      .of(token)
      .call('users.info', (api) => api.users.info({ user: person.userId }));
    return !isMember(user, teamId);
  } catch (error) {
    if (error instanceof ProviderError && !error.retryable) return true;
    throw error;
  }
}

// What people do to messages, views and menus. `team` is whose app it is in some of them and whose person in others: Bolt tells them apart.
const Interaction = z.object({
  type: z.enum([
    'block_actions',
    'block_suggestion',
    'message_action',
    'shortcut',
    'view_submission',
    'view_closed',
  ]),
  user: z.object({ id: z.string(), team_id: z.string().optional() }),
  channel: z.object({ id: z.string() }).optional(),
  response_url: z.string().optional(),
  trigger_id: z.string().optional(),
});

const Shared = z.object({ event: z.object({ channel: z.string() }) });

/** Before every listener: whatever a person of another organisation clicks has no effect but a sentence that says so. */
export function refuseStrangers(app: App, deps: SlackDeps): void {
  app.use(async (args) => {
    const { body, context, next } = args;
    const done = Interaction.safeParse(body);
    if (!done.success) return next();
    const { user, channel, response_url: url, trigger_id: trigger } = done.data;
    const team = await teamOf(deps, context.teamId ?? '');
    if (!(await isStranger(deps, team, { userId: user.id, teamId: user.team_id }))) return next();
    if (trigger !== undefined) {
      const asker: Asker = {
        workspaceId: team.workspaceId,
        teamId: team.teamId,
        channelId: channel?.id ?? '',
        userId: user.id,
        responseUrl: url !== undefined && isSlackAddress(url, deps.apiUrl) ? url : null,
        place: 'person',
        threadTs: null,
        requestKey: trigger,
      };
      await saySoon(deps, asker, NOT_FOR_STRANGERS);
    }
    if ('ack' in args) await args.ack?.();
  });
  // From now on nothing is answered there for all to see.
  app.event('channel_shared', async ({ body, context }) => {
    const { event } = Shared.parse(body);
    const { workspaceId, teamId } = await teamOf(deps, context.teamId ?? '');
    const channel = { workspaceId, teamId, channelId: event.channel };
    await deps.db.inWorkspace(workspaceId, (tx) => noteMayPost(tx, channel, false));
  });
}
