import type { Author } from '../../connectors/crm-users.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { BY_FIELD } from './writes-insert.ts';
import { toStoredJson } from './writes.ts';

/** A write of ours that fell on a value which a person typed after we looked. */
export type LostRace = {
  id: number;
  /** What they had typed. */
  theirs: FieldValue;
  /** Who typed it; null: not known. */
  by: Author | null;
  /** Our value is what the field holds now. */
  stands: boolean;
  reason: string;
};

// Putting a value back is a race as well. Nobody types this often in a row; an automation might, for ever.
const MOST_PUT_BACKS = 3;

/**
 * Turns applied writes into conflicts: they landed on a person's value. Keeps that value, and ours as one that may have
 * stood there; where ours still stands, plans in the same transaction to put theirs back. Returns how many were turned.
 */
export async function concedeWrites(tx: Tx, lost: readonly LostRace[]): Promise<number> {
  if (lost.length === 0) return 0;
  const { rows } = await tx.query<{ id: number }>(
    `update writes w set state = 'conflicted', old_value = lost.theirs::jsonb, returned_value = w.new_value, reason = lost.reason,
       theirs_by = lost.user_id, theirs_name = lost.what, theirs_of = 'field'
     from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) as lost (id, theirs, reason, user_id, what)
     where w.id = any($1) and w.id = lost.id and w.state = 'applied' returning w.id`,
    [
      lost.map((row) => row.id),
      lost.map((row) => toStoredJson(row.theirs)),
      lost.map((row) => row.reason.replaceAll('\0', '')),
      lost.map((row) => row.by?.userId ?? null),
      lost.map((row) => row.by?.what ?? null),
    ],
  );
  const conceded = new Set(rows.map((row) => row.id));
  await planPutBacks(
    tx,
    lost.flatMap(({ id, stands }) => (stands && conceded.has(id) ? [id] : [])),
  );
  return conceded.size;
}

/**
 * Plans for each conceded write one that puts the person's value back, of no run, so that no run's end can stop it. Where several
 * fell on one field (of records that were merged in that moment), the last of them is the one that is put back.
 */
async function planPutBacks(tx: Tx, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await tx.query<{ id: number; again: boolean }>(
    `with recursive chain (id, up, depth) as (
       select id, undoes, 0 from writes where id = any($1)
       union all
       select chain.id, w.undoes, depth + 1 from chain join writes w on w.id = chain.up where depth < $2)
     select id, max(depth) < $2 as again from chain group by id`,
    [ids, MOST_PUT_BACKS],
  );
  const tried = rows.flatMap((row) => (row.again ? [] : [row.id]));
  await tx.query(
    `update writes set reason = 'Somebody, or an automation, changes the field each time that we put it back; what they had is kept here'
     where id = any($1)`,
    [tried],
  );
  const open = rows.flatMap((row) => (row.again ? [row.id] : []));
  // A newer value of ours that waits gives way: the field is a person's now.
  await tx.query(
    // Locked in the order of their ids, like everyone who locks many of them, so that no two wait for each other.
    `with found as (
       select w.id from writes conceded join writes w on w.connection_id = conceded.connection_id and w.object = conceded.object
         and w.external_id = conceded.external_id and w.field = conceded.field
       where conceded.id = any($1) and w.state = 'planned' order by w.id for update of w)
     update writes w set state = 'cancelled', settled_at = now(), leased_until = null,
       reason = 'Somebody changed the field in the moment of our last write; their value goes back first'
     from found where w.id = found.id and w.state = 'planned'`,
    [open],
  );
  await tx.query(
    `insert into writes as w (workspace_id, run_id, connection_id, object, external_id, field, company_id, new_value, reason,
       undoes, state)
     select distinct on (${BY_FIELD})
       workspace_id, null, connection_id, object, external_id, field, company_id, old_value,
       'Puts back what somebody typed in the moment of our write', id, 'planned'
     from writes where id = any($1) order by ${BY_FIELD}, id desc
     on conflict (workspace_id, connection_id, object, external_id, field) where state = 'planned'
     do update set run_id = null, new_value = excluded.new_value, undoes = excluded.undoes, reason = excluded.reason,
       planned_at = now(), attempt = w.attempt + 1, leased_until = null, failures = 0, not_before = null`,
    [open],
  );
}
