import type { Tx } from '../../db.ts';

/** What a run planned is sent this much later. */
export async function delayWrites(tx: Tx, runId: string, ms: number): Promise<void> {
  await tx.query(
    `update writes set not_before = now() + $2 * interval '1 millisecond' where run_id = $1 and state = 'planned'`,
    [runId, ms],
  );
}
