import type { Database, Tx } from '../../db.ts';
import type { Sealed } from '../../seal.ts';

/** The app's token in a Slack workspace, sealed. */
export type SlackInstallation = { teamId: string; botUserId: string; token: Sealed };

/** The workspace that a Slack workspace belongs to; null: none. */
export async function findTeamWorkspace(db: Database, teamId: string): Promise<string | null> {
  const { rows } = await db.directory<{ workspaceId: string }>(
    'select workspace_id as "workspaceId" from slack_teams where team_id = $1',
    [teamId],
  );
  return rows[0]?.workspaceId ?? null;
}

/** Gives a Slack workspace to a workspace. False where it belongs to another one. */
export async function claimTeam(
  db: Database,
  team: { teamId: string; workspaceId: string; name: string },
): Promise<boolean> {
  const { rowCount } = await db.directory(
    `insert into slack_teams (team_id, workspace_id, name) values ($1, $2, $3)
     on conflict (team_id) do update set name = excluded.name, installed_at = now()
       where slack_teams.workspace_id = excluded.workspace_id`,
    [team.teamId, team.workspaceId, team.name],
  );
  return rowCount === 1;
}

/** Takes a Slack workspace away from its workspace. */
export async function releaseTeam(db: Database, teamId: string): Promise<void> {
  await db.directory('delete from slack_teams where team_id = $1', [teamId]);
}

export async function findInstallation(tx: Tx, teamId: string): Promise<SlackInstallation | null> {
  const { rows } = await tx.query<{ botUserId: string; keyId: string; box: Buffer }>(
    'select bot_user_id as "botUserId", key_id as "keyId", sealed as box from slack_installations where team_id = $1',
    [teamId],
  );
  const [row] = rows;
  return row === undefined
    ? null
    : { teamId, botUserId: row.botUserId, token: { keyId: row.keyId, box: row.box } };
}

/** Keeps the token in place of the one before. */
export async function saveInstallation(
  tx: Tx,
  workspaceId: string,
  { teamId, botUserId, token, scopes }: SlackInstallation & { scopes: readonly string[] },
): Promise<void> {
  await tx.query(
    `insert into slack_installations (workspace_id, team_id, bot_user_id, scopes, key_id, sealed) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id, team_id) do update set bot_user_id = excluded.bot_user_id, scopes = excluded.scopes,
       key_id = excluded.key_id, sealed = excluded.sealed, installed_at = now()`,
    [workspaceId, teamId, botUserId, scopes, token.keyId, token.box],
  );
}

/** Forgets the token and what is kept of the Slack workspace's people; what was still to be told there never will be. */
export async function deleteInstallation(tx: Tx, teamId: string): Promise<void> {
  for (const table of ['slack_alerts', 'slack_files'])
    await tx.query(
      `update ${table} set state = 'dropped', reason = 'the app was removed from the Slack workspace', settled_at = now(), leased_until = null
       where team_id = $1 and state = 'open'`,
      [teamId],
    );
  for (const table of [
    'slack_installations',
    'slack_people',
    'slack_watches',
    'slack_channels',
    'slack_channel_alerts',
    'slack_refusals',
  ])
    await tx.query(`delete from ${table} where team_id = $1`, [teamId]);
}
