import type { QueryResultRow } from 'pg';
import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldKey } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { WRITE_COLUMNS } from './writes.ts';
import type { Write, WriteState } from './writes.ts';

/** One row in one flusher's hands: results count only while the row still carries this attempt. */
export type Claim = { id: number; attempt: number };

export type OpenRecord = {
  object: CrmObject;
  externalId: string;
  fields: FieldKey[];
  /** Something is to be put back: nobody should have to wait for that. */
  urgent: boolean;
};

// Due: everything of the record that is open may be touched now. Rows of paused and cancelled runs are not looked at,
// except those that may have gone out already.
const OPEN_RECORDS = `select w.object, w.external_id, min(w.id) as first, array_agg(w.field) as fields,
    bool_or(w.state = 'sending') as unresolved, bool_or(w.undoes is not null) as urgent,
    coalesce(bool_or(r.kind = 'interactive' or w.run_id is null), false) as asked,
    max(greatest(coalesce(w.not_before, '-infinity'), coalesce(w.leased_until, '-infinity'))) as due
  from writes w left join runs r on r.workspace_id = w.workspace_id and r.id = w.run_id
  where w.connection_id = $1 and w.state in ('planned', 'sending') and w.field <> 'note'
    and (w.state = 'sending' or r.state is null or r.state not in ('paused', 'cancelled'))
  group by w.object, w.external_id`;

/** Settles up to `limit` fields that cancelled runs had planned for this connection: they are never sent. Returns how many. */
export async function cancelPlanned(tx: Tx, connectionId: string, limit: number): Promise<number> {
  const { rowCount } = await tx.query(
    // "offset 0" is a fence: each cancelled run's writes are looked up by their own index, not all that wait.
    `update writes set state = 'cancelled', settled_at = now(), reason = 'Its run was cancelled before it was sent'
     where state = 'planned' and id = any(array(
       select w.id from runs r cross join lateral (
         select id from writes where run_id = r.id and state = 'planned' and connection_id = $1 offset 0) as w
       where r.state = 'cancelled' limit $2))`,
    [connectionId, limit],
  );
  return rowCount ?? 0;
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

/** Locks claimed rows until the transaction ends. Returns those that are still this flusher's and in one of the states. */
export async function lockClaims<T extends Claim>(
  tx: Tx,
  claims: readonly T[],
  states: readonly WriteState[],
): Promise<T[]> {
  const locked = await lockRows(
    tx,
    claims.map((claim) => claim.id),
  );
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

/**
 * Records with planned fields that may be sent now, oldest plan first. `askedOnly`: only where a person's own request planned
 * one, or a person's value is to go back. With `readBackFirst` a record waits until what landed on it before was read back:
 * until then nobody knows whether it fell on a person's value.
 */
export async function listDueRecords(
  tx: Tx,
  connectionId: string,
  options: { limit: number; askedOnly: boolean; readBackFirst: boolean },
): Promise<OpenRecord[]> {
  const { rows } = await tx.query<OpenRecord>(
    `select object, external_id as "externalId", fields, urgent from (${OPEN_RECORDS}) as open
     where not unresolved and due <= now() and (asked or not $3) and (not $4 or not exists (
       select from writes w where w.connection_id = $1 and w.object = open.object and w.external_id = open.external_id
         and w.state = 'applied' and w.returned_value is null))
     order by first limit $2`,
    [connectionId, options.limit, options.askedOnly, options.readBackFirst],
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
     where w.state = 'planned' and w.field <> 'note' and not exists (select from runs r where r.id = w.run_id and r.state in ('paused', 'cancelled'))`,
    [connectionId, records.map((record) => record.object), records.map((record) => record.externalId)],
  );
  const locked = await lockRows(
    tx,
    mine.map((row) => row.id),
  );
  const ids = locked.flatMap((row) => (row.state === 'planned' ? [row.id] : []));
  return claimRows<Write>(tx, ids, leaseMs, WRITE_COLUMNS);
}

/** Asked for when rows are claimed, so before the record is read. */
export const MAY_STILL_LAND = `coalesce(w.may_land_until > now(), false) as "mayStillLand"`;

export type UnresolvedWrite = Write & {
  baseModifiedAt: Date | null;
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
       select array_agg(id) as ids, min(id) as first from writes where connection_id = $1 and state = 'sending' and field <> 'note'
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
    `${WRITE_COLUMNS}, w.base_modified_at as "baseModifiedAt", ${MAY_STILL_LAND}`,
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

type Outbox = {
  waiting: number;
  /** How long until something of it may be touched, in milliseconds; null: nothing is open. */
  dueInMs: number | null;
  /** Since when the oldest value that landed waits to be read back; null: none does. */
  unreadSince: Date | null;
};

/**
 * A note goes out after the band that it tells of, and only then; `$1` is the connection. "offset 0" is a fence: the record's
 * rows are looked up by their own index.
 */
export const OPEN_NOTES = `select w.id, r.kind,
    greatest(coalesce(w.not_before, '-infinity'), coalesce(w.leased_until, '-infinity')) as due
  from writes w left join runs r on r.workspace_id = w.workspace_id and r.id = w.run_id
  where w.connection_id = $1 and w.field = 'note' and w.state in ('planned', 'sending')
    and (w.state = 'sending' or r.state is null or r.state not in ('paused', 'cancelled'))
    and not exists (
      select from (select field, state from writes where connection_id = w.connection_id and object = w.object
        and external_id = w.external_id offset 0) as band
      where band.field = 'band' and band.state in ('planned', 'sending'))`;

/** How much of a connection is open. */
export async function readOutbox(tx: Tx, connectionId: string): Promise<Outbox> {
  const { rows } = await tx.query<Outbox>(
    `select (select count(*) from writes where connection_id = $1 and state in ('planned', 'sending')) as waiting,
       (select extract(epoch from min(greatest(due, now())) - now()) * 1000
        from (select due from (${OPEN_RECORDS}) as open union all select due from (${OPEN_NOTES}) as note) as waiting)::float8 as "dueInMs",
       (select min(settled_at) from writes where connection_id = $1 and state = 'applied' and returned_value is null)
         as "unreadSince"`,
    [connectionId],
  );
  return rows[0] ?? { waiting: 0, dueInMs: null, unreadSince: null };
}
