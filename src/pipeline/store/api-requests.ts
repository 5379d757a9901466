import type { Tx } from '../../db.ts';

type AskedBefore = { fingerprint: Buffer; answer: unknown };

/**
 * Takes up what was asked under a key, in the transaction that sees to it: who asks at the same time waits for its end. Null where
 * it is new; else what was asked and answered.
 */
export async function claimApiRequest(
  tx: Tx,
  workspaceId: string,
  asked: { caller: string; key: string; fingerprint: Buffer },
): Promise<AskedBefore | null> {
  const { rowCount } = await tx.query(
    `insert into api_requests (workspace_id, caller, key, fingerprint) values ($1, $2, $3, $4) on conflict do nothing`,
    [workspaceId, asked.caller, asked.key, asked.fingerprint],
  );
  if (rowCount === 1) return null;
  const { rows } = await tx.query<AskedBefore>(
    'select fingerprint, answer from api_requests where caller = $1 and key = $2',
    [asked.caller, asked.key],
  );
  return rows[0] ?? null;
}

/** Keeps what it led to, for who asks again. */
export async function saveApiAnswer(
  tx: Tx,
  { caller, key }: { caller: string; key: string },
  answer: unknown,
): Promise<void> {
  await tx.query('update api_requests set answer = $3 where caller = $1 and key = $2', [
    caller,
    key,
    JSON.stringify(answer),
  ]);
}

const KEPT_HOURS = 24;

/** Forgets what is too old to be asked again. */
export async function forgetOldApiRequests(tx: Tx): Promise<void> {
  await tx.query(`delete from api_requests where asked_at < now() - make_interval(hours => $1)`, [
    KEPT_HOURS,
  ]);
}
