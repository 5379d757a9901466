import type { Tx } from '../../db.ts';

/** A pitch that is to be put into Slack as a PDF. */
export type SlackFile = {
  workspaceId: string;
  id: string;
  teamId: string;
  userId: string;
  companyId: string;
  /** The version of the pitch; null: the company's own. */
  pitchId: string | null;
  /** Null: a direct message to who asked. */
  channelId: string | null;
  threadTs: string | null;
  /** Slack's id of the file that may stand there already. */
  fileId: string | null;
  attempt: number;
  askedAt: Date;
};

/**
 * Plans the file that belongs to a pitch, in the transaction that closes its answer: into the thread of the message that tells it, or of
 * the one that was clicked; as a direct message where neither stands in a channel.
 * @returns its id; null where the answer is no pitch of one company, there is none, or the answer is in other hands
 */
export async function planFile(tx: Tx, reply: { id: string; attempt: number }): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into slack_files (workspace_id, team_id, user_id, company_id, pitch_id, channel_id, thread_ts)
     select workspace_id, team_id, user_id, company_ids[1], (select p.pitch_id from pitch_requests p where p.id = r.pitch_request_id),
       case when own then posted_channel when thread_ts is not null then channel_id end,
       case when own then coalesce(case when posted_channel = channel_id then thread_ts end, posted_ts) else thread_ts end
     from (select *, posted_ts is not null as own from slack_replies) r
     where id = $1 and attempt = $2 and state = 'open' and form = 'pitch' and cardinality(company_ids) = 1 and problem is null
       and not exists (select from pitch_requests p where p.id = r.pitch_request_id and p.pitch_id is null)
     returning id`,
    [reply.id, reply.attempt],
  );
  return rows[0]?.id ?? null;
}

/** Takes a file into one worker's hands for `seconds`. `busy`: another one has it; `closed`: it was sent, or is gone. */
export async function takeFile(tx: Tx, id: string, seconds: number): Promise<SlackFile | 'busy' | 'closed'> {
  const { rows } = await tx.query<SlackFile>(
    `update slack_files set attempt = attempt + 1, leased_until = clock_timestamp() + make_interval(secs => $2)
     where id = $1 and state = 'open' and (leased_until is null or leased_until < clock_timestamp())
     returning workspace_id as "workspaceId", id, team_id as "teamId", user_id as "userId", company_id as "companyId",
       pitch_id as "pitchId", channel_id as "channelId", thread_ts as "threadTs", file_id as "fileId", attempt, asked_at as "askedAt"`,
    [id, seconds],
  );
  const [row] = rows;
  if (row !== undefined) return row;
  const { rowCount } = await tx.query(`select from slack_files where id = $1 and state = 'open'`, [id]);
  return rowCount === 1 ? 'busy' : 'closed';
}

type Held = Pick<SlackFile, 'id' | 'attempt'>;
const HELD = `id = $1 and attempt = $2 and state = 'open'`;

/** Notes which file is about to be shown there; null: none is. False when it is in other hands. */
export async function noteFile(tx: Tx, { id, attempt }: Held, fileId: string | null): Promise<boolean> {
  const { rowCount } = await tx.query(`update slack_files set file_id = $3 where ${HELD}`, [
    id,
    attempt,
    fileId,
  ]);
  return rowCount === 1;
}

/** It can't go where it was to: it becomes a direct message. */
export async function sendFileToPerson(tx: Tx, { id, attempt }: Held): Promise<void> {
  await tx.query(`update slack_files set channel_id = null, thread_ts = null, file_id = null where ${HELD}`, [
    id,
    attempt,
  ]);
}

/** Lets go of a file that is still to be sent. */
export async function releaseFile(tx: Tx, { id, attempt }: Held): Promise<void> {
  await tx.query(`update slack_files set leased_until = null where ${HELD}`, [id, attempt]);
}

/** It was sent; or, with the reason, it can't be. */
export async function closeFile(tx: Tx, { id, attempt }: Held, reason: string | null): Promise<void> {
  await tx.query(
    `update slack_files set state = case when $3::text is null then 'sent' else 'dropped' end, reason = $3,
       settled_at = now(), leased_until = null where ${HELD}`,
    [id, attempt, reason],
  );
}

const KEPT_DAYS = 30;

/** Forgets files that were sent long ago. */
export async function forgetOldFiles(tx: Tx): Promise<void> {
  await tx.query(
    `delete from slack_files where state <> 'open' and asked_at < now() - make_interval(days => $1)`,
    [KEPT_DAYS],
  );
}
