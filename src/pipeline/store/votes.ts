import type { Tx } from '../../db.ts';

/** What somebody says of a company's score. */
export type Vote = {
  reason: string;
  note: string | null;
  /** An e-mail address, or what Slack calls them. */
  voter: string;
  votedAt: Date;
  /** The score that it is about. */
  score: number | null;
};

/** Keeps a vote on the company's current score. */
export async function saveVote(
  tx: Tx,
  workspaceId: string,
  vote: { companyId: string; reason: string; note: string | null; voter: string },
): Promise<void> {
  await tx.query(
    `insert into votes (workspace_id, company_id, reason, note, voter, score_id)
     select $1, $2, $3, $4, $5, (select id from scores where company_id = $2 and current limit 1)
     where exists (select from companies where id = $2)`,
    [workspaceId, vote.companyId, vote.reason, vote.note, vote.voter],
  );
}

/** The latest votes on a company; at most `limit`. */
export async function listVotes(tx: Tx, companyId: string, limit: number): Promise<Vote[]> {
  const { rows } = await tx.query<Vote>(
    `select v.reason, v.note, v.voter, v.voted_at as "votedAt", s.score
     from votes v left join scores s on s.id = v.score_id and s.workspace_id = v.workspace_id
     where v.company_id = $1 order by v.voted_at desc, v.id limit $2`,
    [companyId, limit],
  );
  return rows;
}
