import type { Tx } from '../../db.ts';
import { listDueRecords } from './writes-due.ts';
import { readNextNote } from './writes-notes-due.ts';
import { ON_THEIR_WAY } from './writes-outbox.ts';

/** So many at most are counted: nobody needs to know more exactly, and all would have to be read, with each flush. */
export const MOST_COUNTED = 1_000;

type Outbox = {
  /** Fields still to be sent, up to MOST_COUNTED. */
  waiting: number;
  /** How long until something of it may be touched, in milliseconds; null: nothing is open. */
  dueInMs: number | null;
  /** Since when the oldest value that landed waits to be read back; null: none does. */
  unreadSince: Date | null;
};

/** How much of a connection is open. `readBackFirst` as in listDueRecords. */
export async function readOutbox(tx: Tx, connectionId: string, readBackFirst: boolean): Promise<Outbox> {
  const { records, nextMs } = await listDueRecords(tx, connectionId, {
    limit: 1,
    askedOnly: false,
    readBackFirst,
  });
  // A bitmap is made of all rows before the first is counted.
  await tx.query('set local enable_bitmapscan = off');
  const { rows } = await tx.query<Outbox>(
    `select (select count(*) from (
         select from writes where connection_id = $1 and state in ('planned', 'sending') order by id limit $2) as counted) as waiting,
       (select extract(epoch from min(greatest(coalesce(leased_until, '-infinity'), now())) - now()) * 1000 from writes
          where ${ON_THEIR_WAY} and field <> 'note')::float8 as "dueInMs",
       (select min(settled_at) from writes where connection_id = $1 and state = 'applied' and returned_value is null)
         as "unreadSince"`,
    [connectionId, MOST_COUNTED],
  );
  const [found] = rows;
  const ofNotes = await readNextNote(tx, connectionId);
  const known = [found?.dueInMs ?? null, ofNotes, records.length > 0 ? 0 : nextMs].filter(
    (ms) => ms !== null,
  );
  return {
    waiting: found?.waiting ?? 0,
    dueInMs: known.length === 0 ? null : Math.min(...known),
    unreadSince: found?.unreadSince ?? null,
  };
}
