import type { Tx } from '../../db.ts';
import { lockClaims } from './writes-outbox.ts';
import type { Claim } from './writes-outbox.ts';

/**
 * Notes that the call which carried these rows broke without an answer: they stay on their way, are looked at in `lookAfterMs`,
 * and may still land for `mayLandMs` (milliseconds).
 */
export async function noteUnheard(
  tx: Tx,
  claims: readonly Claim[],
  { lookAfterMs, mayLandMs }: { lookAfterMs: number; mayLandMs: number },
): Promise<void> {
  const ours = await lockClaims(tx, claims, ['sending']);
  await tx.query(
    `update writes set leased_until = now() + $2 * interval '1 millisecond', may_land_until = now() + $3 * interval '1 millisecond'
     where id = any($1)`,
    [ours.map((claim) => claim.id), lookAfterMs, mayLandMs],
  );
}

/**
 * Leaves rows on their way that may still land. They are looked at again after as long as they have been under way, after a minute
 * at most and not before `leastMs`, and once more when nothing can land any more.
 */
export async function lookAgainLater(tx: Tx, claims: readonly Claim[], leastMs: number): Promise<void> {
  if (claims.length === 0) return;
  const ours = await lockClaims(tx, claims, ['sending']);
  await tx.query(
    `update writes set leased_until = least(may_land_until,
       now() + greatest($2 * interval '1 millisecond', least(interval '1 minute', now() - sent_at)))
     where id = any($1)`,
    [ours.map((claim) => claim.id), leastMs],
  );
}
