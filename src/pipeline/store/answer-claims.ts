import type { Tx } from '../../db.ts';

/** A question that nobody else pays for meanwhile. */
export type AnswerClaim = { key: string; holder: string };

/**
 * Claims a question that is about to be paid for, for `forMs` milliseconds; null while somebody else has it. Look for the answer afterwards,
 * in the same transaction: whoever had the claim before may have stored it. A claim lies among the answers, and expires like them
 * where its process was killed.
 */
export async function claimAnswer(
  tx: Tx,
  workspaceId: string,
  key: string,
  forMs: number,
): Promise<AnswerClaim | null> {
  const { rows } = await tx.query<AnswerClaim>(
    `insert into answers as a (workspace_id, key, provider, operation, question, answer, expires_at)
     values ($1, 'claim ' || $2, '', 'claim', to_jsonb($2::text), to_jsonb(gen_random_uuid()),
       clock_timestamp() + $3 * interval '1 millisecond')
     on conflict (workspace_id, key) do update set answer = excluded.answer, expires_at = excluded.expires_at
     where a.expires_at < clock_timestamp()
     returning key, answer as holder`,
    [workspaceId, key, forMs],
  );
  return rows[0] ?? null;
}

/** Keeps a claim for `forMs` milliseconds from now on; one that ended meanwhile stays whoever's it is. */
export async function renewClaim(tx: Tx, { key, holder }: AnswerClaim, forMs: number): Promise<void> {
  await tx.query(
    `update answers set expires_at = clock_timestamp() + $3 * interval '1 millisecond' where key = $1 and answer = to_jsonb($2::text)`,
    [key, holder, forMs],
  );
}

/** Gives a claim back, with the answer or without one. */
export async function releaseClaim(tx: Tx, { key, holder }: AnswerClaim): Promise<void> {
  await tx.query('delete from answers where key = $1 and answer = to_jsonb($2::text)', [key, holder]);
}
