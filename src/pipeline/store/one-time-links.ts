import type { Tx } from '../../db.ts';

/** What a link opens: a company's pitch, or the pitches of several in a ZIP; `template` by its name, null: each company's own. */
export type LinkTarget =
  | { kind: 'pitch'; companyId: string; template: string | null }
  | { kind: 'zip'; companyIds: string[]; template: string | null };

/** The CRM record on which somebody pressed the button. */
export type LinkRecord = { connectionId: string; object: string; id: string };

/** A link that was opened. */
export type OpenedLink = {
  tokenHash: Buffer;
  target: LinkTarget;
  record: LinkRecord | null;
  askedBy: string;
  /** The run that finds the scores which were missing; null: none was begun. */
  runId: string | null;
  /** The request for the pitch of the template that it names; null: none was made. */
  pitchRequestId: string | null;
  /** The same of several companies: the batch of requests. */
  pitchBatchId: string | null;
};

const COLUMNS = `token_hash as "tokenHash", target, record, asked_by as "askedBy", run_id as "runId", pitch_request_id as "pitchRequestId", pitch_batch_id as "pitchBatchId"`;

/** Keeps a link under its token's hash; one that is kept already stays as it is. @returns when it ends */
export async function saveLink(
  tx: Tx,
  workspaceId: string,
  link: Omit<OpenedLink, 'runId' | 'pitchRequestId' | 'pitchBatchId'> & { seconds: number },
): Promise<Date> {
  const { rows } = await tx.query<{ expiresAt: Date }>(
    `insert into one_time_links (workspace_id, token_hash, target, record, asked_by, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
     on conflict (workspace_id, token_hash) do update set token_hash = excluded.token_hash
     returning expires_at as "expiresAt"`,
    [
      workspaceId,
      link.tokenHash,
      JSON.stringify(link.target),
      link.record === null ? null : JSON.stringify(link.record),
      link.askedBy,
      link.seconds,
    ],
  );
  if (rows[0] === undefined) throw new Error('a link was not stored');
  return rows[0].expiresAt;
}

/** Uses a link up: it becomes the page of this hash. Null where there is none, it was used, or it has ended; of two at once one gets it. */
export async function takeLink(
  tx: Tx,
  tokenHash: Buffer,
  page: { hash: Buffer; seconds: number },
): Promise<OpenedLink | null> {
  const { rows } = await tx.query<OpenedLink>(
    `update one_time_links set used_at = now(), page_hash = $2, page_expires_at = now() + make_interval(secs => $3)
     where token_hash = $1 and used_at is null and expires_at > now() returning ${COLUMNS}`,
    [tokenHash, page.hash, page.seconds],
  );
  return rows[0] ?? null;
}

/** What the page of this hash shows; held, so that of two requests for it one begins what is missing. Null where it has ended. */
export async function holdOpenedLink(tx: Tx, pageHash: Buffer): Promise<OpenedLink | null> {
  const { rows } = await tx.query<OpenedLink>(
    `select ${COLUMNS} from one_time_links where page_hash = $1 and page_expires_at > now() for update`,
    [pageHash],
  );
  return rows[0] ?? null;
}

export async function noteLinkRun(tx: Tx, tokenHash: Buffer, runId: string): Promise<void> {
  await tx.query('update one_time_links set run_id = $2 where token_hash = $1', [tokenHash, runId]);
}

export async function noteLinkPitch(tx: Tx, tokenHash: Buffer, requestId: string): Promise<void> {
  await tx.query('update one_time_links set pitch_request_id = $2 where token_hash = $1', [
    tokenHash,
    requestId,
  ]);
}

export async function noteLinkBatch(tx: Tx, tokenHash: Buffer, batchId: string): Promise<void> {
  await tx.query('update one_time_links set pitch_batch_id = $2 where token_hash = $1', [tokenHash, batchId]);
}

// Long enough to be asked who opened what yesterday.
const KEPT_HOURS = 48;

/** Forgets links that ended long ago. */
export async function forgetOldLinks(tx: Tx): Promise<void> {
  await tx.query('delete from one_time_links where expires_at < now() - make_interval(hours => $1)', [
    KEPT_HOURS,
  ]);
}
