import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** What was told of a record: its content changed, it was deleted, or it took part in a merge. */
export type HintKind = 'changed' | 'gone' | 'merged';

/** What somebody outside told us about one record: look at it. */
export type RecordHint = {
  object: CrmObject;
  externalId: string;
  kind: HintKind;
};

/** A hint that waits, and what is known of its record before it is read. */
export type WaitingHint = RecordHint & {
  /** How often it was told by now: a read settles no later telling. */
  times: number;
  /** When the mirrored row was last changed in the CRM, ISO; null: none is mirrored, or it is known to be gone. */
  knownModifiedAt: string | null;
};

type At = { workspaceId: string; connectionId: string };

/** Keeps hints; what is told again moves to the end. */
export async function saveHints(tx: Tx, at: At, hints: readonly RecordHint[]): Promise<void> {
  const told = new Map(hints.map((hint) => [`${hint.object} ${hint.externalId}`, hint]));
  // One that is gone stays gone until it was looked at, in whatever order it was told.
  for (const hint of hints) if (hint.kind === 'gone') told.set(`${hint.object} ${hint.externalId}`, hint);
  const rows = [...told.values()];
  await tx.query(
    // In one order everywhere, so that no two wait for each other in a circle.
    `insert into record_hints (workspace_id, connection_id, object, external_id, kind)
     select $1, $2, object, external_id, kind from unnest($3::text[], $4::text[], $5::text[]) as told (object, external_id, kind)
     order by object collate "C", external_id collate "C"
     on conflict (workspace_id, connection_id, object, external_id) do update set
       kind = case when record_hints.kind = 'gone' then 'gone' else excluded.kind end,
       told_at = excluded.told_at, times = record_hints.times + 1`,
    [
      at.workspaceId,
      at.connectionId,
      rows.map(({ object }) => object),
      rows.map(({ externalId }) => externalId),
      rows.map(({ kind }) => kind),
    ],
  );
}

/** How many records of a connection wait to be looked at. */
export async function countHints(tx: Tx, connectionId: string): Promise<number> {
  const { rows } = await tx.query<{ n: number }>(
    'select count(*) as n from record_hints where connection_id = $1',
    [connectionId],
  );
  return rows[0]?.n ?? 0;
}

/** Do records of that connection wait to be looked at, told by then? */
export async function hasHints(tx: Tx, connectionId: string, toldBy: Date | null = null): Promise<boolean> {
  const { rowCount } = await tx.query(
    'select from record_hints where connection_id = $1 and ($2::timestamptz is null or told_at <= $2) limit 1',
    [connectionId, toldBy],
  );
  return rowCount === 1;
}

/** The database's clock, by which hints are told; whole milliseconds, none of them too early. */
export async function readClock(tx: Tx): Promise<Date> {
  const { rows } = await tx.query<{ now: Date }>(
    `select date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond' as now`,
  );
  if (rows[0] === undefined) throw new Error('the database has no clock');
  return rows[0].now;
}

/** Hints of one object told by then, first told first. */
export async function listHints(
  tx: Tx,
  {
    connectionId,
    object,
    toldBy,
    limit,
  }: { connectionId: string; object: CrmObject; toldBy: Date; limit: number },
): Promise<WaitingHint[]> {
  const { rows } = await tx.query<Omit<WaitingHint, 'knownModifiedAt'> & { known: Date | null }>(
    `select h.object, h.external_id as "externalId", h.kind, h.times, (
       select r.modified_at from records r where r.workspace_id = h.workspace_id and r.connection_id = h.connection_id
         and r.object = h.object and r.external_id = h.external_id and not r.deleted) as known
     from record_hints h where h.connection_id = $1 and h.object = $2 and h.told_at <= $3
     order by h.told_at, h.external_id limit $4`,
    [connectionId, object, toldBy, limit],
  );
  return rows.map(({ known, ...hint }) => ({ ...hint, knownModifiedAt: known?.toISOString() ?? null }));
}

// Whoever settles hints skips one that is being told at the moment, since that one has to stay: so nobody waits in a circle.
const NOT_BEING_TOLD = 'for update skip locked';

/** Their records were read: they go, unless something was told of them meanwhile. In the transaction that stores the records. */
export async function settleHints(
  tx: Tx,
  connectionId: string,
  hints: readonly WaitingHint[],
): Promise<void> {
  await tx.query(
    `delete from record_hints where (workspace_id, connection_id, object, external_id) in (
       select h.workspace_id, h.connection_id, h.object, h.external_id
       from record_hints h join unnest($2::text[], $3::text[], $4::integer[]) as done (object, external_id, times)
         on h.object = done.object and h.external_id = done.external_id and h.times = done.times
       where h.connection_id = $1 for update of h skip locked)`,
    [
      connectionId,
      hints.map(({ object }) => object),
      hints.map(({ externalId }) => externalId),
      hints.map(({ times }) => times),
    ],
  );
}

/** A sync came by these records after that moment: what had been told of them before is done. */
export async function settleSeen(
  tx: Tx,
  connectionId: string,
  records: readonly { object: CrmObject; externalId: string }[],
  toldBefore: Date,
): Promise<void> {
  // As a rule none wait, and thousands of rows need not be compared with nothing.
  if (!(await hasHints(tx, connectionId, toldBefore))) return;
  await tx.query(
    `delete from record_hints where (workspace_id, connection_id, object, external_id) in (
       select workspace_id, connection_id, object, external_id from record_hints
       where connection_id = $1 and told_at < $4
         and (object, external_id) in (select * from unnest($2::text[], $3::text[])) ${NOT_BEING_TOLD})`,
    [
      connectionId,
      records.map(({ object }) => object),
      records.map(({ externalId }) => externalId),
      toldBefore,
    ],
  );
}

type Failed = { toldBy: Date; giveUpAfter: number };

const THEIRS = `(workspace_id, connection_id, object, external_id) in (
  select workspace_id, connection_id, object, external_id from record_hints
  where connection_id = $1 and told_at <= $2 ${NOT_BEING_TOLD})`;

/** Notes that reading failed. True when it did that often for some of them. */
export async function noteHintsFailed(
  tx: Tx,
  connectionId: string,
  { toldBy, giveUpAfter }: Failed,
): Promise<boolean> {
  const { rows } = await tx.query<{ failures: number }>(
    `update record_hints set failures = failures + 1 where ${THEIRS} returning failures`,
    [connectionId, toldBy],
  );
  return rows.some(({ failures }) => failures >= giveUpAfter);
}

/** Gives up those that reading failed for that often; returns how many. */
export async function dropHints(
  tx: Tx,
  connectionId: string,
  { toldBy, giveUpAfter }: Failed,
): Promise<number> {
  const { rowCount } = await tx.query(`delete from record_hints where ${THEIRS} and failures >= $3`, [
    connectionId,
    toldBy,
    giveUpAfter,
  ]);
  return rowCount ?? 0;
}
