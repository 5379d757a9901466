import { ProviderError, UserError } from '../errors.ts';
import type { JobResult } from '../pipeline/queue/jobs.ts';
import { closeAlert, noteSending, releaseAlert, takeAlert } from '../pipeline/store/slack-alerts.ts';
import type { SlackAlert } from '../pipeline/store/slack-alerts.ts';
import type { SlackDeps } from './deps.ts';
import { openDirectMessage } from './direct-message.ts';
import { isTokenRefused } from './guard-tokens.ts';
import { waitAfter } from './patience.ts';
import { postOnce } from './post-once.ts';
import { readCard } from './read-card.ts';
import { showAlert } from './views/alert.ts';

// Longer than the calls of one try take.
const LEASE_SECONDS = 45;
const BUSY_MS = 5_000;

type Deps = Pick<SlackDeps, 'db' | 'teams' | 'clients' | 'crmOf' | 'publicUrl' | 'onError'>;

/** Tells somebody, once, that a company's score moved. A limit of Slack's puts off this alert alone; after three days it is no news. */
export function createAlertJob(deps: Deps) {
  const { db } = deps;
  return async ({ workspaceId, alertId }: { workspaceId: string; alertId: string }): Promise<JobResult> => {
    const alert = await db.inWorkspace(workspaceId, (tx) => takeAlert(tx, alertId, LEASE_SECONDS));
    if (alert === 'closed') return 'done';
    if (alert === 'busy') return { againInMs: BUSY_MS };
    try {
      const reason = await send(deps, alert);
      await db.inWorkspace(workspaceId, (tx) => closeAlert(tx, alert, reason));
      return 'done';
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const wait = waitAfter(error, alert);
      if (wait === null) {
        await db.inWorkspace(workspaceId, (tx) => closeAlert(tx, alert, error.message));
        if (!isTokenRefused(error)) deps.onError(error, 'an alert to somebody in Slack');
        return 'done';
      }
      await db.inWorkspace(workspaceId, (tx) => releaseAlert(tx, alert, alert.sending || error.maybeApplied));
      return wait;
    }
  };
}

/** @returns why it can't be sent; null: it was. @throws ProviderError */
async function send(deps: Deps, alert: SlackAlert): Promise<string | null> {
  const team = await deps.teams.find(alert.teamId);
  if (team === null) return 'the Slack workspace is not connected any more';
  const client = deps.clients.of(team.token);
  try {
    const card = await readCard(deps, alert, alert.companyId);
    const channel = await openDirectMessage(client, alert.userId);
    if (!(await deps.db.inWorkspace(alert.workspaceId, (tx) => noteSending(tx, alert)))) return null;
    await postOnce(client, {
      channel,
      key: `alert ${alert.id}`,
      message: showAlert({ card, before: alert.before }),
      mayHaveBeenSent: alert.sending,
      botUserId: team.botUserId,
    });
    return null;
  } catch (error) {
    // Its score was taken away meanwhile.
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
