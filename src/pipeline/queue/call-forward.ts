import type { Tx } from '../../db.ts';

/**
 * Brings a job to now that waits in the queue under that key until something is due. One that was put off because something
 * stands in the way (an outage, a day's allowance) stays where it is. A poll takes it up within a second.
 */
export async function callForward(tx: Tx, queue: string, singletonKey: string): Promise<void> {
  await tx.query(
    `update pgboss.job set start_after = now()
     where name = $1 and singleton_key = $2 and state < 'active' and start_after > now() and data ->> 'early' = 'true'`,
    [queue, singletonKey],
  );
}
