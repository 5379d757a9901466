import type { Tx } from '../../db.ts';

/** A Slack workspace whose token Slack refuses. */
export type SlackRefusal = {
  teamId: string;
  /** Slack's own code: token_revoked, account_inactive … */
  reason: string;
  since: Date;
};

type Token = { workspaceId: string; teamId: string; mark: string };

// A token may be good again, as after a workspace's bill was paid; one call asks.
const LOOK_AGAIN_MINUTES = 10;

/** The refusal of that Slack workspace; `holds`: it is of this very token, and it is not time to look again. Null: there is none. */
export async function findRefusal(
  tx: Tx,
  { teamId, mark }: Token,
): Promise<(SlackRefusal & { holds: boolean }) | null> {
  const { rows } = await tx.query<SlackRefusal & { holds: boolean }>(
    `select team_id as "teamId", reason, since, mark = $2 and looked_at > now() - make_interval(mins => $3) as holds
     from slack_refusals where team_id = $1`,
    [teamId, mark, LOOK_AGAIN_MINUTES],
  );
  return rows[0] ?? null;
}

/** Keeps that Slack refused a token. True where that is news: it did not refuse this one before. */
export async function noteRefusal(
  tx: Tx,
  { workspaceId, teamId, mark }: Token,
  reason: string,
): Promise<boolean> {
  const { rows } = await tx.query<{ isNews: boolean }>(
    `insert into slack_refusals as r (workspace_id, team_id, mark, reason) values ($1, $2, $3, $4)
     on conflict (workspace_id, team_id) do update set mark = excluded.mark, reason = excluded.reason, looked_at = now(),
       since = case when r.mark = excluded.mark then r.since else now() end
     returning since = now() as "isNews"`,
    [workspaceId, teamId, mark, reason],
  );
  return rows[0]?.isNews ?? false;
}

/** Slack takes the token again, or another one: what was learned of channels meanwhile was learned without any. */
export async function forgetRefusal(tx: Tx, teamId: string): Promise<void> {
  const { rows } = await tx.query<{ since: Date }>(
    'delete from slack_refusals where team_id = $1 returning since',
    [teamId],
  );
  const [ended] = rows;
  if (ended !== undefined)
    await tx.query('delete from slack_channels where team_id = $1 and learned_at >= $2', [
      teamId,
      ended.since,
    ]);
}

/** Those of a workspace, the oldest first. */
export async function listRefusals(tx: Tx): Promise<SlackRefusal[]> {
  const { rows } = await tx.query<SlackRefusal>(
    'select team_id as "teamId", reason, since from slack_refusals order by since, team_id',
  );
  return rows;
}
