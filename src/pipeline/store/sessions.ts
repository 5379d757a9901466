import type { Tx } from '../../db.ts';

/** Somebody who is signed in, in one browser. */
export type Session = { email: string; name: string };

// Away over night: sign in again. And once a week in any case.
const IDLE_HOURS = 12;
const LONGEST_DAYS = 7;
// More browsers than anybody uses; the oldest goes.
const MOST_PER_PERSON = 20;

/** Keeps a new session under its cookie's hash. */
export async function saveSession(
  tx: Tx,
  workspaceId: string,
  { tokenHash, email, name }: Session & { tokenHash: Buffer },
): Promise<void> {
  await tx.query(
    `insert into sessions (workspace_id, token_hash, email, name, expires_at)
     values ($1, $2, $3, $4, now() + make_interval(days => $5))`,
    [workspaceId, tokenHash, email, name, LONGEST_DAYS],
  );
  await tx.query(
    `delete from sessions where email = $1 and token_hash not in
       (select token_hash from sessions where email = $1 order by signed_in_at desc limit $2)`,
    [email, MOST_PER_PERSON],
  );
}

/** Whose session it is, and whether it was last seen more than a minute ago. Null where there is none, or it has ended. */
export async function findSession(tx: Tx, tokenHash: Buffer): Promise<(Session & { stale: boolean }) | null> {
  const { rows } = await tx.query<Session & { stale: boolean }>(
    `select email, name, last_seen_at < now() - interval '1 minute' as stale from sessions
     where token_hash = $1 and expires_at > now() and last_seen_at > now() - make_interval(hours => $2)`,
    [tokenHash, IDLE_HOURS],
  );
  return rows[0] ?? null;
}

/** The same; noted as seen, at most once a minute. */
export async function seeSession(tx: Tx, tokenHash: Buffer): Promise<Session | null> {
  const found = await findSession(tx, tokenHash);
  if (found === null) return null;
  if (found.stale)
    await tx.query('update sessions set last_seen_at = now() where token_hash = $1', [tokenHash]);
  return { email: found.email, name: found.name };
}

/** Signs out. */
export async function endSession(tx: Tx, tokenHash: Buffer): Promise<void> {
  await tx.query('delete from sessions where token_hash = $1', [tokenHash]);
}

/** Forgets sessions that have ended. */
export async function forgetOldSessions(tx: Tx): Promise<void> {
  await tx.query(
    `delete from sessions where expires_at <= now() or last_seen_at <= now() - make_interval(hours => $1)`,
    [IDLE_HOURS],
  );
}
