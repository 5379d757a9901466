import type { Tx } from '../../db.ts';

/** What is planned for records that belong to no company any more is never sent; what puts old values back is, all the same. */
export async function cancelStrayed(
  tx: Tx,
  connectionId: string,
  records: readonly { object: string; externalId: string }[],
): Promise<void> {
  await tx.query(
    // Locked in the order of their ids, like everyone who locks many of them, so that no two wait for each other.
    `with found as (
       select w.id from unnest($2::text[], $3::text[]) as strayed (object, external_id)
       join writes w on w.connection_id = $1 and w.object = strayed.object and w.external_id = strayed.external_id
       where w.state = 'planned' and w.undoes is null order by w.id for update of w)
     update writes w set state = 'cancelled', settled_at = now(), leased_until = null,
       reason = 'The record belongs to no company any more'
     from found where w.id = found.id and w.state = 'planned'`,
    [connectionId, records.map(({ object }) => object), records.map(({ externalId }) => externalId)],
  );
}

/** What a run planned is sent this much later. */
export async function delayWrites(tx: Tx, runId: string, ms: number): Promise<void> {
  await tx.query(
    `update writes set not_before = now() + $2 * interval '1 millisecond' where run_id = $1 and state = 'planned'`,
    [runId, ms],
  );
}
