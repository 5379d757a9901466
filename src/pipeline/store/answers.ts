import { createHash } from 'node:crypto';
import type { Tx } from '../../db.ts';

/** An answer from outside, kept so that it is never bought twice. */
export type StoredAnswer = { answer: unknown; answeredAt: Date };

/** The key of what was asked: SHA-256 over provider, operation and the arguments in fixed order. */
export function answerKey(provider: string, operation: string, question: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([provider, operation, question]))
    .digest('hex');
}

/** The answer under that key unless it has expired. */
export async function findAnswer(tx: Tx, key: string): Promise<StoredAnswer | null> {
  const { rows } = await tx.query<StoredAnswer>(
    `select answer, answered_at as "answeredAt" from answers where key = $1 and (expires_at is null or expires_at > now())`,
    [key],
  );
  return rows[0] ?? null;
}

/** Keeps an answer; a newer one takes the place of an older. `ttlMs` null: it never expires. */
export async function saveAnswer(
  tx: Tx,
  entry: {
    workspaceId: string;
    key: string;
    provider: string;
    operation: string;
    question: unknown;
    answer: unknown;
    ttlMs: number | null;
  },
): Promise<void> {
  await tx.query(
    `insert into answers (workspace_id, key, provider, operation, question, answer, expires_at)
     values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7::double precision))
     on conflict (workspace_id, key) do update
     set answer = excluded.answer, answered_at = now(), expires_at = excluded.expires_at`,
    [
      entry.workspaceId,
      entry.key,
      entry.provider,
      entry.operation,
      toJson(entry.question),
      toJson(entry.answer),
      entry.ttlMs === null ? null : entry.ttlMs / 1000,
    ],
  );
}

// jsonb refuses NUL and lone surrogates, which pages and models do send.
function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'string' ? part.replaceAll('\0', '').toWellFormed() : part,
  );
}

/** Deletes what expired more than a day ago; at most `limit` rows, so that it never holds locks for long. */
export async function deleteExpiredAnswers(tx: Tx, limit = 5000): Promise<number> {
  const { rowCount } = await tx.query(
    `delete from answers where (workspace_id, key) in (
       select workspace_id, key from answers where expires_at < now() - interval '1 day' limit $1)`,
    [limit],
  );
  return rowCount ?? 0;
}
