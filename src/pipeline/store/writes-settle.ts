import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { chunksOf } from './chunks.ts';
import { changeInOrder, neededOf } from './writes-in-order.ts';
import { BY_FIELD } from './writes-insert.ts';
import { lockClaims, lockRows } from './writes-outbox.ts';
import { planAgain } from './writes-planned-again.ts';
import { keepUnwithdrawn } from './writes-withdrawn.ts';
import type { Claim } from './writes-outbox.ts';
import { toStoredJson } from './writes.ts';
import type { WriteState } from './writes.ts';

const idsOf = (rows: readonly Claim[]): number[] => rows.map((row) => row.id);
const clean = (reason: string | null | undefined): string | null => reason?.replaceAll('\0', '') ?? null;

export type Departure = Claim & {
  runId: string | null;
  oldValue: FieldValue;
  baseModifiedAt: string | null;
  /** It is refused once the record was changed after `baseModifiedAt`. */
  conditional: boolean;
};

/**
 * Notes, right before the call, that these values are on their way, with what they replace. The call goes out within `leaseMs`, and
 * the CRM may then be at work on it for `longestWriteMs` (milliseconds). Returns the ids that may go: a row that another flusher
 * took over, that a newer value replaced, or whose run is being undone, may not.
 */
export async function markSending(
  tx: Tx,
  departures: readonly Departure[],
  { leaseMs, longestWriteMs }: { leaseMs: number; longestWriteMs: number },
): Promise<Set<number>> {
  const ours = await lockClaims(tx, await keepUnwithdrawn(tx, departures), ['planned']);
  for (const chunk of chunksOf(ours))
    await tx.query(
      `update writes w set state = 'sending', sent_at = now(), leased_until = now() + $4 * interval '1 millisecond',
         may_land_until = now() + $5 * interval '1 millisecond',
         old_value = mine.old_value::jsonb, base_modified_at = mine.base_modified_at, conditional = mine.conditional
       from unnest($1::bigint[], $2::text[], $3::timestamptz[], $6::boolean[]) as mine (id, old_value, base_modified_at, conditional)
       where w.id = any($1) and w.id = mine.id`,
      [
        idsOf(chunk),
        chunk.map((row) => toStoredJson(row.oldValue)),
        chunk.map((row) => row.baseModifiedAt),
        leaseMs,
        leaseMs + longestWriteMs,
        chunk.map((row) => row.conditional),
      ],
    );
  return new Set(idsOf(ours));
}

export type Settlement = Claim & {
  state: Extract<WriteState, 'applied' | 'skipped' | 'conflicted' | 'rejected'>;
  reason: string | null;
  /** What the CRM holds, where it was read. */
  oldValue?: FieldValue;
  /** What the CRM holds after our write, where that is known already. */
  returnedValue?: FieldValue;
  /** Of a conflict: the CRM's id of who changed the record last. */
  changedBy?: string;
};

/**
 * Settles rows that are in state `from` and still this flusher's; others are left alone. An applied undo marks what it put
 * back as undone, and behind one that is settled, however it ended, goes what was kept for then. Returns the ids that were settled.
 */
export async function settleWrites(
  tx: Tx,
  from: 'planned' | 'sending',
  settlements: readonly Settlement[],
): Promise<Set<number>> {
  if (settlements.length === 0) return new Set();
  const ours = await lockClaims(tx, settlements, [from]);
  const json = (value: FieldValue | undefined): string | null =>
    value === undefined ? null : toStoredJson(value);
  for (const chunk of chunksOf(ours)) {
    const { rows } = await tx.query<{ id: number; isUndo: boolean; undid: boolean }>(
      `update writes w set state = mine.state, reason = mine.reason, settled_at = now(), leased_until = null,
         not_before = null, old_value = coalesce(mine.old_value::jsonb, w.old_value),
         returned_value = coalesce(mine.returned_value::jsonb, w.returned_value), theirs_by = mine.changed_by,
         theirs_of = case when mine.changed_by is not null then 'record' end
       from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         as mine (id, state, reason, old_value, returned_value, changed_by)
       where w.id = any($1) and w.id = mine.id
       returning w.id, w.undoes is not null as "isUndo", w.undoes is not null and w.state = 'applied' as undid`,
      [
        idsOf(chunk),
        chunk.map((row) => row.state),
        chunk.map((row) => clean(row.reason)),
        chunk.map((row) => json(row.oldValue)),
        chunk.map((row) => json(row.returnedValue)),
        chunk.map((row) => row.changedBy ?? null),
      ],
    );
    const undid = rows.flatMap((row) => (row.undid ? [row.id] : []));
    if (undid.length > 0) await markUndone(tx, undid);
    await planAgain(tx, rows.flatMap(({ id, isUndo }) => (isUndo ? [id] : [])), { cancelled: false }); // prettier-ignore
  }
  return new Set(idsOf(ours));
}

async function markUndone(tx: Tx, undoing: readonly number[]): Promise<void> {
  const { rows } = await tx.query<{ id: number }>(
    `select w.id from writes u join writes last on last.id = u.undoes
     cross join lateral (
       select id, run_id, state from writes where connection_id = last.connection_id and object = last.object
         and external_id = last.external_id and field = last.field offset 0) as w
     where u.id = any($1) and w.run_id = last.run_id and w.state = 'applied' and w.id <= last.id`,
    [undoing],
  );
  const ids = rows.map((row) => row.id);
  await lockRows(tx, ids);
  await tx.query(`update writes set state = 'undone', settled_at = now() where id = any($1)`, [ids]);
}

export type Release = Claim & {
  delayMs: number;
  /** The CRM asked us to try again: counts against the tries. */
  failed: boolean;
  reason?: string;
};

/**
 * Lets some go and settles others. All are locked first, in the order of their ids, since somebody may take rows of both kinds in their hands.
 * Returns the ids that were settled.
 * @param others what the transaction is going to change besides
 */
export async function releaseAndSettle(
  tx: Tx,
  from: 'planned' | 'sending',
  {
    releases,
    settlements,
    others = [],
  }: { releases: readonly Release[]; settlements: readonly Settlement[]; others?: readonly Claim[] },
): Promise<Set<number>> {
  const kinds = [releases, settlements, others].filter((rows) => rows.length > 0);
  if (kinds.length > 1) await lockRows(tx, kinds.flatMap(idsOf));
  await releaseWrites(tx, releases);
  return settleWrites(tx, from, settlements);
}

/** Puts claimed rows back into the queue; one that a newer value has replaced meanwhile is settled as cancelled. */
export async function releaseWrites(tx: Tx, releases: readonly Release[]): Promise<void> {
  if (releases.length === 0) return;
  const ours = await sortByField(tx, await lockClaims(tx, releases, ['planned', 'sending']));
  for (const chunk of chunksOf(ours)) {
    const { rows: replaced } = await tx.query<{ id: number }>(
      `select old.id from writes old cross join lateral (
         select id, state from writes where connection_id = old.connection_id and object = old.object
           and external_id = old.external_id and field = old.field offset 0) as newer
       where old.id = any($1) and newer.state = 'planned' and newer.id <> old.id`,
      [idsOf(chunk)],
    );
    await tx.query(
      // One that was on its way comes to be planned: in order, like everything that does.
      changeInOrder(
        `select ${neededOf('w')}, coalesce(mine.reason, w.reason) as reason,
           case when mine.delay > 0 then now() + mine.delay * interval '1 millisecond' end as not_before,
           w.failures + mine.failed::integer as failures,
           case when w.id = any($5) then 'cancelled' else 'planned' end as state,
           case when w.id = any($5) then now() end as settled_at
         from unnest($1::bigint[], $2::float8[], $3::boolean[], $4::text[]) as mine (id, delay, failed, reason)
         join writes w on w.id = mine.id where w.id = any($1)`,
        `leased_until = null, ${RELEASED.map((column) => `${column} = excluded.${column}`).join(', ')}`,
        RELEASED,
      ),
      [
        idsOf(chunk),
        chunk.map((row) => row.delayMs),
        chunk.map((row) => row.failed),
        chunk.map((row) => clean(row.reason)),
        replaced.map((row) => row.id),
      ],
    );
  }
}

const RELEASED = ['reason', 'not_before', 'failures', 'state', 'settled_at'];

async function sortByField<T extends Claim>(tx: Tx, claims: readonly T[]): Promise<T[]> {
  const { rows } = await tx.query<{ id: number }>(
    `select id from writes where id = any($1) order by ${BY_FIELD}`,
    [idsOf(claims)],
  );
  const byId = new Map(claims.map((claim) => [claim.id, claim]));
  return rows.flatMap(({ id }) => byId.get(id) ?? []);
}

/** Closes conflicts that no longer are one, so that their fields are planned again. Returns how many. */
export async function closeConflicts(tx: Tx, ids: readonly number[]): Promise<number> {
  if (ids.length === 0) return 0;
  const locked = await lockRows(tx, ids);
  const closed = locked.flatMap(({ id, state }) => (state === 'conflicted' ? [id] : []));
  await tx.query(
    `update writes set state = 'cancelled', settled_at = now(), reason = 'The field holds again what we left there'
     where id = any($1)`,
    [closed],
  );
  return closed.length;
}
