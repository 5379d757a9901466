import type { Tx } from '../../db.ts';
import type { Sealed } from '../../seal.ts';

/** card: of one company; comparison: of several; pitch: the text of one. */
export type ReplyForm = 'card' | 'comparison' | 'pitch';

/**
 * Where an answer goes. message: in place of the one that was clicked; channel: where everybody in it sees it, if the app may post there;
 * person: where only who asked sees it.
 */
export type ReplyPlace = 'message' | 'channel' | 'person';

/** An answer that somebody in Slack waits for. */
export type SlackReply = {
  workspaceId: string;
  id: string;
  teamId: string;
  channelId: string;
  userId: string;
  /** help: how to ask, since no company was asked for; alerts: how to set what one is told. */
  form: ReplyForm | 'help' | 'alerts';
  companyIds: readonly string[];
  /** A name that fits several companies, so that the answer asks which is meant; null: the companies are known. */
  askedName: string | null;
  /** The run that finds it; null: everything is stored. */
  runId: string | null;
  /** The request that makes the pitch; null: it is no pitch of one company. */
  pitchRequestId: string | null;
  /** The template that was named for it; null: the one that the settings name. */
  template: string | null;
  /** The thread that it goes into, or that its file does where it is for one person's eyes. */
  threadTs: string | null;
  /** What to say instead of an answer; `good`: it is no problem. */
  problem: { what: string; fix?: string; good?: true } | null;
  /** The response_url, sealed; null: there is none, and the answer is a direct message. */
  address: Sealed | null;
  place: ReplyPlace;
  /** Messages that it may have taken by now. */
  uses: number;
  expiresAt: Date;
  /** The progress that stands in Slack. */
  shown: string;
  shownAt: Date;
  /** The channel into which a message of our own may have been posted for it. */
  postedChannel: string | null;
  /** That message, once we know of it. */
  postedTs: string | null;
  /** Whose turn it is: what is said under another number counts no more. */
  attempt: number;
  /** How often in a row Slack did not take it. */
  failures: number;
  askedAt: Date;
};

type Row = Omit<SlackReply, 'address'> & (Sealed | { keyId: null; box: null });

const COLUMNS = `workspace_id as "workspaceId", id, team_id as "teamId", channel_id as "channelId", user_id as "userId", form, thread_ts as "threadTs", pitch_request_id as "pitchRequestId", template,
  company_ids as "companyIds", asked_name as "askedName", run_id as "runId", problem, key_id as "keyId", sealed as box, uses, expires_at as "expiresAt", shown,
  shown_at as "shownAt", place, posted_channel as "postedChannel", posted_ts as "postedTs", attempt, failures, asked_at as "askedAt"`;

/** Stores an answer to come, in the transaction that starts its run. `id`: what its seal is bound to. */
export async function createReply(
  tx: Tx,
  reply: Pick<
    SlackReply,
    | 'workspaceId'
    | 'id'
    | 'teamId'
    | 'channelId'
    | 'userId'
    | 'form'
    | 'companyIds'
    | 'askedName'
    | 'runId'
    | 'problem'
    | 'address'
    | 'place'
    | 'threadTs'
    | 'expiresAt'
    | 'shown'
    | 'pitchRequestId'
    | 'template'
  >,
): Promise<void> {
  await tx.query(
    `insert into slack_replies (workspace_id, id, team_id, channel_id, user_id, form, company_ids, run_id, problem, key_id, sealed,
       expires_at, shown, place, thread_ts, asked_name, pitch_request_id, template)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
    [
      reply.workspaceId,
      reply.id,
      reply.teamId,
      reply.channelId,
      reply.userId,
      reply.form,
      reply.companyIds,
      reply.runId,
      reply.problem === null ? null : JSON.stringify(reply.problem),
      reply.address?.keyId ?? null,
      reply.address?.box ?? null,
      reply.expiresAt,
      reply.shown,
      reply.place,
      reply.threadTs,
      reply.askedName,
      reply.pitchRequestId,
      reply.template,
    ],
  );
}

/** Takes an open answer into one worker's hands for `seconds`. `busy`: another one has it; `closed`: it was given, or is gone. */
export async function takeReply(
  tx: Tx,
  id: string,
  seconds: number,
): Promise<SlackReply | 'busy' | 'closed'> {
  const { rows } = await tx.query<Row>(
    `update slack_replies set attempt = attempt + 1, leased_until = clock_timestamp() + make_interval(secs => $2)
     where id = $1 and state = 'open' and (leased_until is null or leased_until < clock_timestamp()) returning ${COLUMNS}`,
    [id, seconds],
  );
  const [row] = rows;
  if (row !== undefined) {
    const { keyId, box, ...reply } = row;
    return { ...reply, address: keyId === null ? null : { keyId, box } };
  }
  const { rowCount } = await tx.query(`select from slack_replies where id = $1 and state = 'open'`, [id]);
  return rowCount === 1 ? 'busy' : 'closed';
}

type Held = Pick<SlackReply, 'id' | 'attempt'>;
const HELD = `id = $1 and attempt = $2 and state = 'open'`;

/** Counts a message to the response_url before it is sent; `shown`: the progress that it shows. False when it is in other hands. */
export async function countUse(tx: Tx, { id, attempt }: Held, shown: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update slack_replies set uses = uses + 1, shown = $3, shown_at = now() where ${HELD}`,
    [id, attempt, shown],
  );
  return rowCount === 1;
}

/** Notes that a message of our own is about to be posted there. False when it is in other hands. */
export async function notePosting(tx: Tx, { id, attempt }: Held, channel: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update slack_replies set posted_channel = $3, posted_ts = null where ${HELD}`,
    [id, attempt, channel],
  );
  return rowCount === 1;
}

/** Notes what was posted; null: it could not be, and nothing stands there. */
export async function notePosted(tx: Tx, { id, attempt }: Held, ts: string | null): Promise<void> {
  await tx.query(
    `update slack_replies set posted_ts = $3, posted_channel = case when $3::text is not null then posted_channel end
     where ${HELD}`,
    [id, attempt, ts],
  );
}

/** Notes which progress stands in our own message. False when it is in other hands. */
export async function noteShown(tx: Tx, { id, attempt }: Held, shown: string): Promise<boolean> {
  const { rowCount } = await tx.query(`update slack_replies set shown = $3, shown_at = now() where ${HELD}`, [
    id,
    attempt,
    shown,
  ]);
  return rowCount === 1;
}

/** Lets go of an answer that is still to come; `failed`: Slack did not take it. */
export async function releaseReply(tx: Tx, { id, attempt }: Held, failed: boolean): Promise<void> {
  await tx.query(
    `update slack_replies set leased_until = null, failures = case when $3 then failures + 1 else 0 end where ${HELD}`,
    [id, attempt, failed],
  );
}

/** The answer was given; or, with the reason, nobody could be told. */
export async function closeReply(tx: Tx, { id, attempt }: Held, reason: string | null = null): Promise<void> {
  await tx.query(
    `update slack_replies set state = case when $3::text is null then 'answered' else 'given-up' end, reason = $3,
       settled_at = now(), leased_until = null where ${HELD}`,
    [id, attempt, reason],
  );
}

/** Who waits for that run. */
export async function listOpenReplies(tx: Tx, runId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from slack_replies where run_id = $1 and state = 'open' order by asked_at, id`,
    [runId],
  );
  return rows.map(({ id }) => id);
}

/**
 * Makes an answer say that instead of what was asked for, and nothing of what it took to find that. False where it says so already, or was
 * given.
 */
export async function sayInstead(
  tx: Tx,
  id: string,
  problem: { what: string; fix: string },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update slack_replies set problem = $2, run_id = null, pitch_request_id = null, company_ids = '{}', asked_name = null, attempt = attempt + 1, leased_until = null
     where id = $1 and state = 'open' and problem is distinct from $2::jsonb`,
    [id, JSON.stringify(problem)],
  );
  return rowCount === 1;
}

/** Nobody could be told. */
export async function giveUpReply(tx: Tx, id: string, reason: string): Promise<void> {
  await tx.query(
    `update slack_replies set state = 'given-up', reason = $2, settled_at = now(), leased_until = null
     where id = $1 and state = 'open'`,
    [id, reason],
  );
}

const KEPT_DAYS = 30;

/** Forgets answers that were given long ago. */
export async function forgetOldReplies(tx: Tx): Promise<void> {
  await tx.query(
    `delete from slack_replies where state <> 'open' and asked_at < now() - make_interval(days => $1)`,
    [KEPT_DAYS],
  );
}
