import type { Database } from '../db.ts';
import { describeError } from '../errors.ts';
import { findInstallation, findTeamWorkspace } from '../pipeline/store/slack-teams.ts';
import type { Seal } from '../seal.ts';
import type { SlackClients } from './clients.ts';

/** A Slack workspace that belongs to one of ours. */
export type SlackTeam = {
  teamId: string;
  workspaceId: string;
  /** The bot's token there. */
  token: string;
  botUserId: string;
};

export type Teams = {
  /** Null where that Slack workspace is not connected here. @throws ProviderError when Slack can't say whose the token is */
  find(teamId: string): Promise<SlackTeam | null>;
};

/**
 * The one Slack workspace that a token belongs to, which Slack itself says. Another one may have the same app, and its requests bear the
 * same signature.
 */
export function createTokenTeams(options: {
  token: string;
  workspaceId: string;
  clients: SlackClients;
}): Teams {
  const { token, workspaceId, clients } = options;
  let asked: Promise<SlackTeam> | null = null;
  const ask = async (): Promise<SlackTeam> => {
    const said = await clients.of(token).call('auth.test', (client) => client.auth.test());
    const { team_id: teamId, user_id: botUserId } = said;
    if (teamId === undefined || botUserId === undefined)
      throw new Error(`Slack did not say whose SLACK_BOT_TOKEN is: ${describeError(said.error)}`);
    return { teamId, botUserId, token, workspaceId };
  };
  return {
    find: async (teamId) => {
      asked ??= ask();
      try {
        const team = await asked;
        return team.teamId === teamId ? team : null;
      } catch (error) {
        asked = null;
        throw error;
      }
    },
  };
}

/** The Slack workspaces that have installed the app, their tokens sealed. */
export function createStoredTeams({ db, seal }: { db: Database; seal: Seal }): Teams {
  return {
    find: async (teamId) => {
      const workspaceId = await findTeamWorkspace(db, teamId);
      if (workspaceId === null) return null;
      const found = await db.inWorkspace(workspaceId, (tx) => findInstallation(tx, teamId));
      if (found === null) return null;
      const token = seal.open(
        found.token,
        boundToTeam(workspaceId, teamId),
        'The token of a Slack workspace',
      );
      return { teamId, workspaceId, token, botUserId: found.botUserId };
    },
  };
}

/** Several kinds of them, the first that knows a Slack workspace. */
export function joinTeams(all: readonly Teams[]): Teams {
  return {
    find: async (teamId) => {
      for (const teams of all) {
        const team = await teams.find(teamId);
        if (team !== null) return team;
      }
      return null;
    },
  };
}

/** What the seal of a token is bound to: it opens for no other Slack workspace. */
export function boundToTeam(workspaceId: string, teamId: string): string {
  return `slack team|${workspaceId}|${teamId}`;
}
