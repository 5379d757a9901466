import type { Tx } from '../../db.ts';
import { changeInOrder, neededOf } from './writes-in-order.ts';
import { lockClaims } from './writes-outbox.ts';
import type { Claim } from './writes-outbox.ts';

/** Settled writes that fell on another record, since theirs was merged into it: from now on they are that record's. */
export async function moveWrites(
  tx: Tx,
  moves: readonly { id: number; externalId: string }[],
): Promise<void> {
  if (moves.length === 0) return;
  await tx.query(
    `update writes w set external_id = moved.external_id
     from unnest($1::bigint[], $2::text[]) as moved (id, external_id)
     where w.id = any($1) and w.id = moved.id and w.state not in ('planned', 'sending')`,
    [moves.map((move) => move.id), moves.map((move) => move.externalId)],
  );
}

type Move = Claim & { externalId: string };

/** What a run planned for a field that a claimed row is to move to. */
export type PlannedThere = { id: number; undoes: number | null; gaveWayTo: number };

/**
 * Locks planned rows that are to move to other records, and what runs planned for the same fields there: at once, in the order of their
 * ids, like everyone who locks many of them. Returns the rows that are still this flusher's, and what is in their way.
 * @param others what the transaction is going to change besides
 */
export async function lockMoves<T extends Move>(
  tx: Tx,
  moves: readonly T[],
  others: readonly { id: number }[] = [],
): Promise<{ ours: T[]; there: PlannedThere[] }> {
  const { rows } = await tx.query<PlannedThere>(
    // "offset 0" is a fence: each field is looked up by its own index, whatever the planner believes about the table.
    `select w.id, w.undoes, mine.id as "gaveWayTo"
     from unnest($1::bigint[], $2::text[]) as moved (id, external_id) join writes mine on mine.id = moved.id
     cross join lateral (
       select id, state, run_id, undoes from writes where connection_id = mine.connection_id and object = mine.object
         and external_id = moved.external_id and field = mine.field offset 0) as w
     where w.state = 'planned' and w.run_id is not null`,
    [moves.map(({ id }) => id), moves.map(({ externalId }) => externalId)],
  );
  const ours = await lockClaims(tx, moves, ['planned'], [...rows, ...others].map(({ id }) => id)); // prettier-ignore
  const kept = new Set(ours.map(({ id }) => id));
  return { ours, there: rows.filter(({ gaveWayTo }) => kept.has(gaveWayTo)) };
}

type Moved = { id: number; undoes: number | null; externalId: string };

/** Planned rows become the given records', and are free to be claimed; where a field has one that is planned there, it stays. Returns those that were moved. */
export async function movePlanned(tx: Tx, moves: readonly Move[]): Promise<Moved[]> {
  const { rows } = await tx.query<Moved>(
    `${changeInOrder(
      `select distinct on (mine.connection_id, mine.object, moved.external_id, mine.field) ${neededOf('mine', 'moved.external_id')}
       from unnest($1::bigint[], $2::text[]) as moved (id, external_id) join writes mine on mine.id = moved.id
       where mine.id = any($1) and not exists (
         select from writes there where there.connection_id = mine.connection_id and there.object = mine.object
           and there.external_id = moved.external_id and there.field = mine.field and there.state = 'planned')
       order by mine.connection_id, mine.object, moved.external_id, mine.field, mine.id desc`,
      'external_id = excluded.external_id, leased_until = null',
    )} returning w.id, w.undoes, w.external_id as "externalId"`,
    [moves.map(({ id }) => id), moves.map(({ externalId }) => externalId)],
  );
  return rows;
}

/**
 * Planned rows that put a person's value back, claimed by this flusher: they and the writes that they put back become the given
 * record's, and are free to be claimed. What a run planned there gives way; where another person's value is to go back already,
 * that one does. Returns the ids that were moved.
 */
export async function movePutBacks(tx: Tx, moves: readonly Move[]): Promise<number[]> {
  const { rows: conceded } = await tx.query<{ id: number }>(
    'select undoes as id from writes where id = any($1) and undoes is not null',
    [moves.map(({ id }) => id)],
  );
  const { ours, there } = await lockMoves(tx, moves, conceded);
  if (ours.length === 0) return [];
  await tx.query(
    `update writes set state = 'cancelled', settled_at = now(), leased_until = null,
       reason = 'Somebody changed the field in the moment of our last write; their value goes back first'
     where id = any($1) and state = 'planned'`,
    [there.map(({ id }) => id)],
  );
  const rows = await movePlanned(tx, ours);
  await moveWrites(
    tx,
    rows.flatMap(({ undoes, externalId }) => (undoes === null ? [] : [{ id: undoes, externalId }])),
  );
  return rows.map((row) => row.id);
}
