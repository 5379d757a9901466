import type { Tx } from '../../db.ts';
import { notePortions } from './rehearsed-lines.ts';
import type { Verdict } from './writes-rehearsal.ts';

/** What a run would cost in calls to the CRMs. */
export type RehearsedCalls = {
  /** The fewest that read the records before, write them, and read them back. */
  read: number;
  write: number;
  readBack: number;
  /** The most that read them before, and read them back, while calls succeed and nobody else changes the records; null: not reckoned (an older rehearsal). */
  mostRead: number | null;
  mostReadBack: number | null;
  /** Write calls that each full five minutes of a run may add, since no value waits longer for its call to be full; 0: none. */
  writeEachFiveMinutes: number;
  /** The same of calls to read, and again of calls to read back. */
  readEachFiveMinutes: number;
};

/** A connection that could not be read to the end, and why. */
export type UnreadConnection = { connectionId: string; because: string };

/** The reading of the CRMs for a dry run. `readAt` null: it is still to be done, unless `failedBecause` says why not. */
export type StoredRehearsal = {
  readAt: Date | null;
  calls: RehearsedCalls | null;
  unread: UnreadConnection[] | null;
  /** How many values have each verdict; null: it is not read yet, or older than the column. */
  counts: Record<Verdict, number> | null;
  failedBecause: string | null;
};

/** Notes that a dry run's values are to be held against what the CRMs hold. May be called again. */
export async function askForRehearsal(tx: Tx, runId: string): Promise<void> {
  await tx.query(
    `insert into rehearsals (workspace_id, run_id) values (current_workspace(), $1) on conflict do nothing`,
    [runId],
  );
}

/** Null where nobody asked for one. */
export async function findRehearsal(tx: Tx, runId: string): Promise<StoredRehearsal | null> {
  const { rows } = await tx.query<StoredRehearsal>(
    // An older one was not reckoned to the end.
    `select read_at as "readAt", '{"mostRead": null, "mostReadBack": null, "readEachFiveMinutes": 0}'::jsonb || calls as calls, unread, counts, failed_because as "failedBecause" from rehearsals where run_id = $1`,
    [runId],
  );
  return rows[0] ?? null;
}

/** Keeps what the reading came to; a later one takes its place. */
export async function endRehearsal(
  tx: Tx,
  runId: string,
  { calls, unread }: { calls: RehearsedCalls; unread: readonly UnreadConnection[] },
): Promise<void> {
  await tx.query(
    `insert into rehearsals (workspace_id, run_id, read_at, calls, unread, counts)
     values (current_workspace(), $1, now(), $2, $3, $4)
     on conflict (workspace_id, run_id) do update set read_at = now(), calls = excluded.calls, unread = excluded.unread,
       counts = excluded.counts, failed_because = null`,
    [
      runId,
      JSON.stringify(calls),
      JSON.stringify(unread).replaceAll(String.raw`\u0000`, ''),
      JSON.stringify(await notePortions(tx, runId)),
    ],
  );
}

/** Nobody reads it any more, for this reason. */
export async function failRehearsal(tx: Tx, runId: string, because: string): Promise<void> {
  await tx.query(`update rehearsals set failed_because = $2 where run_id = $1 and read_at is null`, [
    runId,
    because,
  ]);
}
