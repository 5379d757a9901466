import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import type { LedgerEntry } from './writes-ledger.ts';
import { lockMoves, movePlanned, moveWrites } from './writes-move.ts';
import type { Claim } from './writes-outbox.ts';

export type UndoneWrite = Pick<LedgerEntry, 'id' | 'value' | 'returned' | 'readBack'>;

/** Writes that are to be undone, by their ids, as the ledger tells of them. */
export async function listUndoneWrites(tx: Tx, ids: readonly number[]): Promise<Map<number, UndoneWrite>> {
  const { rows } = await tx.query<UndoneWrite>(
    `select id, new_value as value, coalesce(returned_value, new_value) as returned, returned_value is not null as "readBack"
     from writes where id = any($1) and state = 'applied'`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * By the id of a write: what it left in its field, and later ones there and on the record that its own was merged into, also where they
 * were put back since.
 */
export async function listValuesSince(
  tx: Tx,
  writes: readonly { undoes: number; survivorId: string }[],
): Promise<Map<number, FieldValue[]>> {
  const { rows } = await tx.query<{ id: number; values: FieldValue[] }>(
    `select first.id, jsonb_agg(coalesce(w.returned_value, w.new_value)) as values
     from unnest($1::bigint[], $2::text[]) as asked (id, survivor_id) join writes first on first.id = asked.id
     cross join lateral (
       select id, state, new_value, returned_value from writes where connection_id = first.connection_id and object = first.object
         and external_id in (first.external_id, asked.survivor_id) and field = first.field offset 0) as w
     where w.id >= first.id and w.state in ('applied', 'undone')
     group by first.id`,
    [writes.map(({ undoes }) => undoes), writes.map(({ survivorId }) => survivorId)],
  );
  return new Map(rows.map(({ id, values }) => [id, values]));
}

type RunField = {
  runId: string;
  connectionId: string;
  object: CrmObject;
  externalId: string;
  field: FieldKey;
};

/** Which of these fields a run has a line for, whatever became of it, as `${runId} ${externalId} ${field}`. */
export async function listRunFields(tx: Tx, fields: readonly RunField[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ key: string }>(
    // "offset 0" is a fence: each field is looked up by its own index, whatever the planner believes about the table.
    `select distinct asked.run_id || ' ' || asked.external_id || ' ' || asked.field as key
     from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[]) as asked (run_id, connection_id, object, external_id, field)
     cross join lateral (
       select run_id from writes where connection_id = asked.connection_id and object = asked.object
         and external_id = asked.external_id and field = asked.field offset 0) as w
     where w.run_id = asked.run_id`,
    [
      fields.map((one) => one.runId),
      fields.map((one) => one.connectionId),
      fields.map((one) => one.object),
      fields.map((one) => one.externalId),
      fields.map((one) => one.field),
    ],
  );
  return new Set(rows.map(({ key }) => key));
}

/**
 * Planned rows of undos, claimed by this flusher, whose records were merged into the given ones: they and what their run wrote to
 * that field become those records', and are free to be claimed. A value that a run planned there gives way, and goes behind it; where another one is to go
 * back already, it stays. Returns the ids that were moved.
 * @param others what the transaction is going to change besides
 */
export async function moveUndos(
  tx: Tx,
  moves: readonly (Claim & { externalId: string })[],
  others: readonly Claim[] = [],
): Promise<number[]> {
  const undone = await listUndone(tx, moves);
  const { ours, there } = await lockMoves(tx, moves, [...others, ...undone]);
  if (ours.length === 0) return [];
  const replaced = there.filter(({ undoes }) => undoes === null);
  await tx.query(
    `update writes w set state = 'cancelled', settled_at = now(), leased_until = null, gave_way_to = other.id,
       reason = 'The value before goes back first: an undo of a record that was merged into this one'
     from unnest($1::bigint[], $2::bigint[]) as other (of, id) where w.id = any($1) and w.id = other.of and w.state = 'planned'`,
    [replaced.map(({ id }) => id), replaced.map(({ gaveWayTo }) => gaveWayTo)],
  );
  const moved = await movePlanned(tx, ours);
  const ids = moved.map(({ id }) => id);
  const survivorOf = new Map(moved.map(({ id, externalId }) => [id, externalId]));
  await moveWrites(
    tx,
    undone.flatMap(({ id, by }) => {
      const externalId = survivorOf.get(by);
      return externalId === undefined ? [] : [{ id, externalId }];
    }),
  );
  return ids;
}

/** What a run wrote to the fields that these rows put back: it stands on their records, wherever these go. */
async function listUndone(tx: Tx, undoing: readonly { id: number }[]): Promise<{ id: number; by: number }[]> {
  const { rows } = await tx.query<{ id: number; by: number }>(
    `select w.id, undo.id as by
     from writes undo join writes last on last.id = undo.undoes
     cross join lateral (
       select id, run_id, state, undoes from writes where connection_id = last.connection_id and object = last.object
         and external_id = last.external_id and field = last.field offset 0) as w
     where undo.id = any($1) and w.run_id = last.run_id and w.state = 'applied' and w.undoes is null and w.id <= last.id`,
    [undoing.map(({ id }) => id)],
  );
  return rows;
}
