import type { Tx } from '../../db.ts';

/**
 * Takes up what Slack asked, in the transaction that sees to it. False when it was taken up before: Slack repeats what it heard no
 * answer to, and whoever caught a signed request may send it again.
 */
export async function claimRequest(tx: Tx, workspaceId: string, key: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    'insert into slack_requests (workspace_id, key) values ($1, $2) on conflict do nothing',
    [workspaceId, key],
  );
  return rowCount === 1;
}

// A request is good for five minutes after it was signed; Slack repeats an event for up to an hour.
const KEPT_HOURS = 24;

/** Forgets what is too old to come again. */
export async function forgetOldRequests(tx: Tx): Promise<void> {
  await tx.query(`delete from slack_requests where asked_at < now() - make_interval(hours => $1)`, [
    KEPT_HOURS,
  ]);
}
