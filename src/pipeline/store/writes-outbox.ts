import type { QueryResultRow } from 'pg';
import type { Tx } from '../../db.ts';
import type { OpenRecord } from './writes-due.ts';
import { planAgain } from './writes-planned-again.ts';
import { withdrawn } from './writes-withdrawn.ts';
import { WRITE_COLUMNS } from './writes.ts';
import type { Write, WriteState } from './writes.ts';

/** One row in one flusher's hands: results count only while the row still carries this attempt. */
export type Claim = { id: number; attempt: number };

/**
 * Settles up to `limit` fields that cancelled runs had planned for this connection: they are never sent. What an undo among them had
 * taken the place of may go again. Returns how many.
 */
export async function cancelPlanned(tx: Tx, connectionId: string, limit: number): Promise<number> {
  const { rows: found } = await tx.query<{ id: number }>(
    // "offset 0" is a fence: each cancelled run's writes are looked up by their own index, not all that wait. No index knows what is
    // "not distinct", so that the connection's own can't be taken for as good.
    `select w.id from runs r cross join lateral (
       select id from writes where run_id = r.id and state = 'planned' and connection_id is not distinct from $1 offset 0) as w
     where r.state = 'cancelled' limit $2`,
    [connectionId, limit],
  );
  if (found.length === 0) return 0;
  const locked = await lockRows(
    tx,
    found.map((row) => row.id),
  );
  const ids = locked.flatMap((row) => (row.state === 'planned' ? [row.id] : []));
  const { rows } = await tx.query<{ id: number; undoes: number | null }>(
    `update writes set state = 'cancelled', settled_at = now(), reason = 'Its run was cancelled before it was sent'
     where id = any($1) returning id, undoes`,
    [ids],
  );
  await planAgain(tx, rows.flatMap(({ id, undoes }) => (undoes === null ? [] : [id])), { cancelled: true }); // prettier-ignore
  return ids.length;
}

/**
 * Only one flusher at a time chooses rows of a connection; held until the transaction ends. Returns how many records one of its
 * write calls may carry; null: as many as the platform takes.
 */
export async function lockConnection(tx: Tx, connectionId: string): Promise<{ writeGroup: number | null }> {
  const { rows } = await tx.query<{ writeGroup: number | null }>(
    'select write_group as "writeGroup" from connections where id = $1 for no key update',
    [connectionId],
  );
  return rows[0] ?? { writeGroup: null };
}

type LockedRow = Claim & { state: WriteState; leased: boolean };

/**
 * Locks rows in the order of their ids, as everyone does who changes many, so that no two wait for each other. What they
 * are is checked on the result: told the state as well, the planner would read all rows of that state instead of these.
 */
export async function lockRows(tx: Tx, ids: readonly number[]): Promise<LockedRow[]> {
  const { rows } = await tx.query<LockedRow>(
    `select id, attempt, state, coalesce(leased_until > now(), false) as leased from writes
     where id = any($1) order by id for update`,
    [ids],
  );
  return rows;
}

/**
 * Locks claimed rows until the transaction ends, and with them others that it is going to change. Returns the claims that are still this
 * flusher's and in one of the states.
 */
export async function lockClaims<T extends Claim>(
  tx: Tx,
  claims: readonly T[],
  states: readonly WriteState[],
  others: readonly number[] = [],
): Promise<T[]> {
  const locked = await lockRows(tx, [...claims.map(({ id }) => id), ...others]);
  const found = new Map(locked.map((row) => [row.id, row]));
  return claims.filter(({ id, attempt }) => {
    const row = found.get(id);
    return row !== undefined && row.attempt === attempt && states.includes(row.state);
  });
}

export async function claimRows<Row extends QueryResultRow>(
  tx: Tx,
  ids: readonly number[],
  leaseMs: number,
  columns: string,
): Promise<Row[]> {
  const { rows } = await tx.query<Row>(
    `with claimed as (
       update writes w set attempt = w.attempt + 1, leased_until = now() + $2 * interval '1 millisecond'
       where w.id = any($1) returning w.*)
     select ${columns} from claimed w order by w.id`,
    [ids, leaseMs],
  );
  return rows;
}

/** Takes every planned field of the given records into one flusher's hands, for `leaseMs`. In id order. */
export async function claimPlanned(
  tx: Tx,
  connectionId: string,
  records: readonly OpenRecord[],
  leaseMs: number,
): Promise<Write[]> {
  // "offset 0" is a fence: each record is looked up by its own index, whatever the planner believes about the table.
  const { rows: mine } = await tx.query<{ id: number }>(
    `select w.id from unnest($2::text[], $3::text[]) as chosen (object, external_id) cross join lateral (
       select id, run_id, state, field from writes where connection_id = $1 and object = chosen.object
         and external_id = chosen.external_id offset 0) as w
     where w.state = 'planned' and w.field <> 'note' and not exists (select from runs r where r.id = w.run_id and r.state in ('planning', 'paused', 'cancelled'))
       and not ${withdrawn('w')}`,
    [connectionId, records.map((record) => record.object), records.map((record) => record.externalId)],
  );
  const locked = await lockRows(
    tx,
    mine.map((row) => row.id),
  );
  const ids = locked.flatMap((row) => (row.state === 'planned' ? [row.id] : []));
  return claimRows<Write>(tx, ids, leaseMs, WRITE_COLUMNS);
}

// Word for word as the index has it, and no other one; `$1` is the connection.
export const ON_THEIR_WAY = `case when state = 'sending' then connection_id end = $1 and state = 'sending'`;

/** Asked for when rows are claimed, so before the record is read. */
export const MAY_STILL_LAND = `coalesce(w.may_land_until > now(), false) as "mayStillLand"`;

export type UnresolvedWrite = Write & {
  baseModifiedAt: Date | null;
  /** It went out to be refused once the record was changed after `baseModifiedAt`. */
  conditional: boolean;
  /** The CRM may still be at work on the call: only a value that is there tells anything. */
  mayStillLand: boolean;
};

/** Takes over fields that another flusher left on their way: a call may or may not have reached the CRM. */
export async function claimUnresolved(
  tx: Tx,
  connectionId: string,
  limit: number,
  leaseMs: number,
): Promise<UnresolvedWrite[]> {
  const { rows: mine } = await tx.query<{ id: number }>(
    `select unnest(ids) as id from (
       select array_agg(id) as ids, min(id) as first from writes where ${ON_THEIR_WAY} and field <> 'note'
       group by object, external_id having max(leased_until) <= now() order by first limit $2) as records`,
    [connectionId, limit],
  );
  if (mine.length === 0) return [];
  const locked = await lockRows(
    tx,
    mine.map((row) => row.id),
  );
  const ids = locked.flatMap((row) => (row.state === 'sending' && !row.leased ? [row.id] : []));
  return claimRows<UnresolvedWrite>(
    tx,
    ids,
    leaseMs,
    `${WRITE_COLUMNS}, w.base_modified_at as "baseModifiedAt", w.conditional, ${MAY_STILL_LAND}`,
  );
}

/**
 * Keeps claimed rows for another `leaseMs` from now; what is sent of them may then land so much later, too. Returns those that are
 * still this flusher's.
 */
export async function renewLeases(tx: Tx, claims: readonly Claim[], leaseMs: number): Promise<Set<number>> {
  const ids = (await lockClaims(tx, claims, ['planned', 'sending'])).map((claim) => claim.id);
  await tx.query(
    `update writes set leased_until = now() + $2 * interval '1 millisecond',
       may_land_until = may_land_until + (now() + $2 * interval '1 millisecond' - leased_until)
     where id = any($1)`,
    [ids, leaseMs],
  );
  return new Set(ids);
}
