import type { Tx } from '../../db.ts';

type At = { workspaceId: string; teamId: string; channelId: string };

// Apps are invited and removed; what was learned is believed for a day.
const BELIEVED_HOURS = 24;

/** May the app post there? Null where nobody tried lately. */
export async function findMayPost(tx: Tx, { teamId, channelId }: At): Promise<boolean | null> {
  const { rows } = await tx.query<{ mayPost: boolean }>(
    `select may_post as "mayPost" from slack_channels
     where team_id = $1 and channel_id = $2 and learned_at > now() - make_interval(hours => $3)`,
    [teamId, channelId, BELIEVED_HOURS],
  );
  return rows[0]?.mayPost ?? null;
}

/** Keeps what was learned by trying. */
export async function noteMayPost(tx: Tx, at: At, mayPost: boolean): Promise<void> {
  await tx.query(
    `insert into slack_channels (workspace_id, team_id, channel_id, may_post) values ($1, $2, $3, $4)
     on conflict (workspace_id, team_id, channel_id) do update set may_post = excluded.may_post, learned_at = now()`,
    [at.workspaceId, at.teamId, at.channelId, mayPost],
  );
}
