import { createHash } from 'node:crypto';
import type { Tx } from '../../db.ts';

/** The key of what was asked: SHA-256 over provider, operation and the arguments in fixed order. */
export function answerKey(provider: string, operation: string, question: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([provider, operation, question]))
    .digest('hex');
}

/** Answers by key, of those that are stored and have not expired; with `since` only those that came then or later. */
export async function findAnswers(
  tx: Tx,
  keys: readonly string[],
  since: Date | null = null,
): Promise<Map<string, unknown>> {
  const { rows } = await tx.query<{ key: string; answer: unknown }>(
    `select key, answer from answers where key = any($1) and (expires_at is null or expires_at > now())
       and ($2::timestamptz is null or answered_at >= $2)`,
    [keys, since],
  );
  return new Map(rows.map((row) => [row.key, row.answer]));
}

export type NewAnswer = {
  workspaceId: string;
  key: string;
  provider: string;
  operation: string;
  question: unknown;
  answer: unknown;
  /** Null: it never expires. */
  ttlMs: number | null;
};

/** Keeps answers; a newer one takes the place of an older. */
export async function saveAnswers(tx: Tx, answers: readonly NewAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  // In key order, so that two workers that keep the same answers never wait for each other in a circle; one key once.
  const byKey = new Map(answers.map((entry) => [entry.key, entry]));
  const entries = [...byKey.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  await tx.query(
    `insert into answers (workspace_id, key, provider, operation, question, answer, expires_at)
     select workspace_id, key, provider, operation, question::jsonb, answer::jsonb, now() + make_interval(secs => ttl)
     from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::double precision[])
       as new(workspace_id, key, provider, operation, question, answer, ttl)
     on conflict (workspace_id, key) do update
     set answer = excluded.answer, answered_at = now(), expires_at = excluded.expires_at`,
    [
      entries.map((entry) => entry.workspaceId),
      entries.map((entry) => entry.key),
      entries.map((entry) => entry.provider),
      entries.map((entry) => entry.operation),
      entries.map((entry) => toJson(entry.question)),
      entries.map((entry) => toJson(entry.answer)),
      entries.map((entry) => (entry.ttlMs === null ? null : entry.ttlMs / 1000)),
    ],
  );
}

// jsonb refuses NUL and lone surrogates, which pages and models do send.
function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'string' ? part.replaceAll('\0', '').toWellFormed() : part,
  );
}

/**
 * Deletes what expired more than a day ago; at most `limit` rows, so that it never holds locks for long. One that is being bought again at
 * the moment stays: waited for, it would be deleted as it is new.
 */
export async function deleteExpiredAnswers(tx: Tx, limit = 5000): Promise<number> {
  const { rowCount } = await tx.query(
    `delete from answers where (workspace_id, key) in (
       select workspace_id, key from answers where expires_at < now() - interval '1 day' limit $1 for update skip locked)`,
    [limit],
  );
  return rowCount ?? 0;
}
