import type { App, ExpressReceiver, InstallationStore } from '@slack/bolt';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Database } from '../db.ts';
import { UserError } from '../errors.ts';
import {
  claimTeam,
  deleteInstallation,
  findTeamWorkspace,
  releaseTeam,
  saveInstallation,
} from '../pipeline/store/slack-teams.ts';
import type { Seal } from '../seal.ts';
import { readInvitation } from './invitation.ts';
import { boundToTeam } from './teams.ts';

/** What the app asks a Slack workspace for; the manifests name the same. */
export const SCOPES: readonly string[] = [
  'app_mentions:read',
  'channels:history',
  'channels:read',
  'chat:write',
  'commands',
  'files:write',
  'groups:history',
  'groups:read',
  'im:history',
  'im:write',
  'links:read',
  'links:write',
  'users:read',
  'users:read.email',
];

/** Keeps what an installation brings: the bot's token, sealed, for the workspace that invited it. */
export function createInstallationStore({ db, seal }: { db: Database; seal: Seal }): InstallationStore {
  return {
    storeInstallation: async (installation) => {
      const { team, bot, metadata } = installation;
      const workspaceId = z.uuid().safeParse(metadata).data;
      if (team === undefined || bot === undefined || workspaceId === undefined)
        throw new UserError(
          'The app was not installed: this is an installation for a whole organisation, or without an invitation',
          'Install it into one Slack workspace, through the address that "fieldnote connect slack" prints.',
        );
      if (!(await claimTeam(db, { teamId: team.id, workspaceId, name: team.name ?? team.id })))
        throw new UserError(
          'This Slack workspace belongs to another workspace of Fieldnote',
          'Uninstall the app in Slack first.',
        );
      const token = seal.seal(bot.token, boundToTeam(workspaceId, team.id));
      await db.inWorkspace(workspaceId, (tx) =>
        saveInstallation(tx, workspaceId, {
          teamId: team.id,
          botUserId: bot.userId,
          token,
          scopes: bot.scopes,
        }),
      );
    },
    fetchInstallation: async () => {
      throw new Error('tokens are looked up by teams.ts');
    },
    deleteInstallation: async ({ teamId }) => {
      if (teamId !== undefined) await uninstall(db, teamId);
    },
  };
}

/** Forgets a Slack workspace: its token first, since without its place nobody would find that any more. */
async function uninstall(db: Database, teamId: string): Promise<void> {
  const workspaceId = await findTeamWorkspace(db, teamId);
  if (workspaceId === null) return;
  await db.inWorkspace(workspaceId, (tx) => deleteInstallation(tx, teamId));
  await releaseTeam(db, teamId);
}

/** Answers GET /slack/install: to Slack with an invitation, else an explanation. */
export function serveInstall(
  receiver: ExpressReceiver,
  { seal, redirectUri }: { seal: Seal; redirectUri: string },
) {
  return async (request: Request, response: Response): Promise<void> => {
    const { invitation } = request.query;
    const workspaceId = typeof invitation === 'string' ? readInvitation(seal, invitation) : null;
    if (workspaceId === null || receiver.installer === undefined) {
      response
        .status(403)
        .type('text')
        .send(
          'This address needs an invitation, which lasts for an hour. Whoever runs Fieldnote makes one: fieldnote connect slack',
        );
      return;
    }
    await receiver.installer.handleInstallPath(
      request,
      response,
      {},
      { scopes: [...SCOPES], redirectUri, metadata: workspaceId },
    );
  };
}

const Ended = z.object({
  team_id: z.string(),
  event: z.object({ tokens: z.object({ bot: z.array(z.string()).default([]) }).optional() }),
});

/** The app was removed from a Slack workspace, or its token taken away: so is what we keep of it. */
export function listenToUninstalls(app: App, { db }: { db: Database }): void {
  app.event('app_uninstalled', async ({ body }) => uninstall(db, Ended.parse(body).team_id));
  app.event('tokens_revoked', async ({ body }) => {
    const { team_id: teamId, event } = Ended.parse(body);
    if ((event.tokens?.bot.length ?? 0) > 0) await uninstall(db, teamId);
  });
}
