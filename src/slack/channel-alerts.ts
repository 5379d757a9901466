import type { App } from '@slack/bolt';
import { z } from 'zod';
import {
  deleteChannelAlerts,
  findChannelAlerts,
  findTimeZone,
  saveChannelAlerts,
} from '../pipeline/store/slack-channel-alerts.ts';
import { findPerson } from '../pipeline/store/slack-people.ts';
import { openSettingsPost } from '../pipeline/store/slack-posts.ts';
import { claimRequest } from '../pipeline/store/slack-requests.ts';
import { requestPosts } from '../pipeline/tell-channels.ts';
import { teamOf } from './asker-of.ts';
import { readChannelForm } from './channel-form.ts';
import { Clicked, valueOf } from './clicked.ts';
import type { SlackDeps } from './deps.ts';
import { ACTIONS, CHANNEL_FORM, NO_CHANNEL, patternOf } from './views/actions.ts';
import { showChannelModal } from './views/channel-modal.ts';

const Submitted = z.object({
  user: z.object({ id: z.string() }),
  view: z.object({ id: z.string(), state: z.object({ values: z.unknown() }) }),
});

const FALLBACK_ZONE = 'UTC';

/** What a channel hears: a button and a command open the form, which sets it. */
export function listenToChannelAlerts(app: App, deps: SlackDeps): void {
  app.action(patternOf(ACTIONS.channelAlerts), async ({ ack, body }) => {
    const clicked = Clicked.parse(body);
    const value = valueOf(clicked);
    await openChannelForm(deps, {
      teamId: clicked.team.id,
      userId: clicked.user.id,
      channelId: value === NO_CHANNEL ? null : value,
      triggerId: clicked.trigger_id,
    });
    await ack();
  });

  app.view(CHANNEL_FORM.callbackId, async ({ ack, body, context }) => {
    const { user, view } = Submitted.parse(body);
    const at = { teamId: context.teamId ?? '', userId: user.id, view };
    const problem = await setChannelAlerts(deps, at);
    if (problem === null) await ack();
    else await ack({ response_action: 'errors', errors: { [CHANNEL_FORM.fields.timeZone]: problem } });
  });
}

/** Opens the form, filled with what the channel hears by now. At once, since the permission to open it lasts three seconds. */
export async function openChannelForm(
  deps: SlackDeps,
  at: { teamId: string; userId: string; channelId: string | null; triggerId: string },
): Promise<void> {
  const { workspaceId, teamId, token } = await teamOf(deps, at.teamId);
  const { userId, channelId } = at;
  const found = await deps.db.inWorkspace(workspaceId, async (tx) => ({
    current: channelId === null ? null : await findChannelAlerts(tx, { workspaceId, teamId, channelId }),
    person: await findPerson(tx, { workspaceId, teamId, userId }),
  }));
  const view = showChannelModal({
    channelId,
    current: found.current,
    timeZone: found.person?.timeZone ?? FALLBACK_ZONE,
  });
  await deps.clients
    .of(token)
    .call('views.open', (api) => api.views.open({ trigger_id: at.triggerId, view }));
}

/** Stores what the form says and has the channel told. @returns what is wrong with the time zone; null: it is stored */
async function setChannelAlerts(
  deps: SlackDeps,
  { view, userId, ...at }: { teamId: string; userId: string; view: z.infer<typeof Submitted>['view'] },
): Promise<string | null> {
  const { workspaceId, teamId } = await teamOf(deps, at.teamId);
  const { channelId, wishes, muteHours } = readChannelForm(view.state.values);
  const channel = { workspaceId, teamId, channelId };
  return deps.db.inWorkspace(workspaceId, async (tx) => {
    const timeZone = await findTimeZone(tx, wishes.timeZone);
    if (timeZone === null) return 'No time zone is called so. Such as Europe/Berlin or America/New_York.';
    if (!(await claimRequest(tx, workspaceId, `view ${view.id}`))) return null;
    if (wishes.reachedA || wishes.moved || wishes.runs || wishes.budget) {
      await saveChannelAlerts(tx, channel, { ...wishes, timeZone, setBy: userId, muteHours });
      await requestPosts(tx, deps, workspaceId, await openSettingsPost(tx, channel));
    } else await deleteChannelAlerts(tx, channel);
    await deps.queue.requestSlack(tx, { workspaceId, home: { teamId, userId } });
    return null;
  });
}
