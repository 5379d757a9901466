import { createHash } from 'node:crypto';
import type { Database } from '../db.ts';
import { ProviderError } from '../errors.ts';
import { findRefusal, forgetRefusal, noteRefusal } from '../pipeline/store/slack-refusals.ts';
import type { SlackRefusal } from '../pipeline/store/slack-refusals.ts';
import type { SlackClients } from './clients.ts';
import type { SlackTeam, Teams } from './teams.ts';

// Slack's codes (docs.slack.dev, each method's errors) for a token that is no good for anything, until a person acts.
const REFUSED =
  /^(invalid_auth|not_authed|account_inactive|token_revoked|token_expired|org_login_required|team_access_not_granted)$/;

/** Did Slack refuse the token itself? That is said once, where it is found out. */
export function isTokenRefused(error: unknown): boolean {
  return error instanceof ProviderError && REFUSED.test(error.code ?? '');
}

/**
 * Teams and clients that remember whose token Slack refuses, for all processes. That Slack workspace alone is left in peace, but for a look
 * every ten minutes; a new token is used at once. `onRefused` hears of each refused token once.
 */
export function guardTokens(options: {
  db: Database;
  teams: Teams;
  clients: SlackClients;
  onRefused(error: ProviderError, teamId: string): void;
}): { teams: Teams; clients: SlackClients } {
  const { db, teams, clients, onRefused } = options;
  /** By token, as of the last time that somebody asked for the team. */
  const seen = new Map<string, { team: SlackTeam; refusal: (SlackRefusal & { holds: boolean }) | null }>();

  return {
    teams: {
      find: async (teamId) => {
        const team = await teams.find(teamId);
        if (team === null) return null;
        const at = { workspaceId: team.workspaceId, teamId, mark: markOf(team.token) };
        const refusal = await db.inWorkspace(team.workspaceId, (tx) => findRefusal(tx, at));
        seen.set(team.token, { team, refusal });
        return team;
      },
    },
    clients: {
      of: (token) => ({
        call: async (operation, act) => {
          const held = seen.get(token);
          if (held === undefined) return clients.of(token).call(operation, act);
          const { workspaceId, teamId } = held.team;
          if (held.refusal?.holds === true) throw refuse(operation, held.refusal);
          try {
            const answer = await clients.of(token).call(operation, act);
            if (held.refusal !== null) await db.inWorkspace(workspaceId, (tx) => forgetRefusal(tx, teamId));
            held.refusal = null;
            return answer;
          } catch (error) {
            if (!(error instanceof ProviderError) || !isTokenRefused(error)) throw error;
            const at = { workspaceId, teamId, mark: markOf(token) };
            const reason = error.code ?? error.message;
            const isNews = await db.inWorkspace(workspaceId, (tx) => noteRefusal(tx, at, reason));
            held.refusal = { teamId, reason, since: new Date(), holds: true };
            if (isNews) onRefused(error, teamId);
            throw error;
          }
        },
      }),
    },
  };
}

function markOf(token: string): string {
  return createHash('sha256').update(`slack token ${token}`).digest('base64url');
}

function refuse(operation: string, { reason, since }: SlackRefusal): ProviderError {
  return new ProviderError({
    provider: 'slack',
    operation,
    kind: 'unauthorized',
    code: reason,
    message: `Slack refuses the token since ${since.toISOString()}: ${reason}`,
    fix: 'Install the Slack app again.',
  });
}
