import type { Tx } from '../../db.ts';
import { RUN, WAITING, listOpenRuns } from './writes-due.ts';
import { FREE } from './writes-notes-due.ts';

const OLD = `w.planned_at < now() - make_interval(secs => $2::double precision / 1000)
  and coalesce(w.not_before, '-infinity') <= now() and coalesce(w.leased_until, '-infinity') <= now()`;

/**
 * Has anything that may go now waited for longer than `ms`, in milliseconds? What a paused run, or an undo that is still planned, holds
 * back may not go.
 */
export async function hasWaitedFor(tx: Tx, connectionId: string, ms: number): Promise<boolean> {
  // As a rule nothing is that old, and the index by time says so at once.
  const { rowCount } = await tx.query(
    `select from writes w where w.connection_id = $1 and w.state = 'planned' and ${OLD} limit 1`,
    [connectionId, ms],
  );
  if (rowCount === 0) return false;
  for (const waiting of [WAITING, FREE]) {
    const runs = await listOpenRuns(tx, connectionId, waiting, false);
    const { rowCount: found } = await tx.query(
      `select from unnest($3::uuid[]) as run cross join lateral (
         select from writes w where ${waiting} and ${RUN} = run and ${OLD} order by w.id limit 1) as old limit 1`,
      [connectionId, ms, runs],
    );
    if (found !== 0) return true;
  }
  return false;
}
