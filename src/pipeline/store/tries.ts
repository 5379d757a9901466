import type { Database } from '../../db.ts';

/** Before the names of buckets that count what one address tries; they come before the tenant is known, like all limits. */
export const TRIES_PREFIX = 'tries:';

// Buckets are full again after a minute.
const KEPT_MINUTES = 10;

/** Forgets addresses that tried nothing lately. */
export async function forgetOldTries(db: Database): Promise<void> {
  await db.directory(
    `delete from limits where starts_with(bucket, $1) and free_at < now() - make_interval(mins => $2)`,
    [TRIES_PREFIX, KEPT_MINUTES],
  );
}
