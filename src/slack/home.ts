import type { App } from '@slack/bolt';
import { z } from 'zod';
import type { Tx } from '../db.ts';
import { saveWishes } from '../pipeline/store/slack-people.ts';
import { claimRequest } from '../pipeline/store/slack-requests.ts';
import { teamOf } from './asker-of.ts';
import { Clicked, valueOf } from './clicked.ts';
import type { SlackDeps } from './deps.ts';
import { ACTIONS, ALERTS, LEAST_MOVES, MUTE_HOURS, patternOf } from './views/actions.ts';
import type { Action } from './views/actions.ts';

const Opened = z.object({
  event_id: z.string(),
  event: z.object({ user: z.string(), tab: z.string().optional() }),
});

type Wishes = Parameters<typeof saveWishes>[2];

const oneOf = (value: string, allowed: readonly number[]): number =>
  z
    .number()
    .refine((number) => allowed.includes(number))
    .parse(Number(value));

// What each element of the Home tab's settings means.
const WISHES: readonly { action: Action; read(value: string): Wishes }[] = [
  { action: ACTIONS.setAlerts, read: (value) => ({ alerts: value === ALERTS.on }) },
  { action: ACTIONS.setLeastMove, read: (value) => ({ leastMove: oneOf(value, LEAST_MOVES) }) },
  { action: ACTIONS.mute, read: (value) => ({ muteHours: oneOf(value, MUTE_HOURS) }) },
  { action: ACTIONS.unmute, read: () => ({ muteHours: 0 }) },
];

/** The Home tab: made by a job when somebody opens it, and again when they change what they want to hear. */
export function listenToHome(app: App, deps: SlackDeps): void {
  const showAgain = async (
    at: { teamId: string; userId: string; key: string },
    act: (tx: Tx, user: { workspaceId: string; teamId: string; userId: string }) => Promise<void>,
  ): Promise<void> => {
    const { workspaceId, teamId } = await teamOf(deps, at.teamId);
    const { userId } = at;
    await deps.db.inWorkspace(workspaceId, async (tx) => {
      if (!(await claimRequest(tx, workspaceId, at.key))) return;
      await act(tx, { workspaceId, teamId, userId });
      await deps.queue.requestSlack(tx, { workspaceId, home: { teamId, userId } });
    });
  };
  app.event('app_home_opened', async ({ body, context }) => {
    const { event_id: key, event } = Opened.parse(body);
    const teamId = context.teamId ?? '';
    if (event.tab === 'home') await showAgain({ teamId, userId: event.user, key }, async () => undefined);
  });
  for (const { action, read } of WISHES)
    app.action(patternOf(action), async ({ ack, body }) => {
      const clicked = Clicked.parse(body);
      const wishes = read(valueOf(clicked));
      const at = { teamId: clicked.team.id, userId: clicked.user.id, key: clicked.trigger_id };
      await showAgain(at, (tx, user) => saveWishes(tx, user, wishes));
      await ack();
    });
}
