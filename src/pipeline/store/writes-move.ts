import type { Tx } from '../../db.ts';
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

/**
 * Planned rows that put a person's value back, claimed by this flusher: they and the writes that they put back become the given
 * record's, and are free to be claimed. What a run planned there gives way; where another person's value is to go back already,
 * that one does. Returns the ids that were moved.
 */
export async function movePutBacks(
  tx: Tx,
  moves: readonly (Claim & { externalId: string })[],
): Promise<number[]> {
  const ours = await lockClaims(tx, moves, ['planned']);
  if (ours.length === 0) return [];
  const values = [ours.map((row) => row.id), ours.map((row) => row.externalId)];
  await tx.query(
    `update writes w set state = 'cancelled', settled_at = now(), leased_until = null,
       reason = 'Somebody changed the field in the moment of our last write; their value goes back first'
     from unnest($1::bigint[], $2::text[]) as moved (id, external_id) join writes mine on mine.id = moved.id
     where w.connection_id = mine.connection_id and w.object = mine.object and w.external_id = moved.external_id
       and w.field = mine.field and w.state = 'planned' and w.run_id is not null`,
    values,
  );
  const { rows } = await tx.query<{ id: number; undoes: number | null; externalId: string }>(
    `update writes w set external_id = moved.external_id, leased_until = null
     from (
       select distinct on (mine.connection_id, mine.object, moved.external_id, mine.field) mine.id, moved.external_id
       from unnest($1::bigint[], $2::text[]) as moved (id, external_id) join writes mine on mine.id = moved.id
       where not exists (
         select from writes there where there.connection_id = mine.connection_id and there.object = mine.object
           and there.external_id = moved.external_id and there.field = mine.field and there.state = 'planned')
       order by mine.connection_id, mine.object, moved.external_id, mine.field, mine.id desc) as moved
     where w.id = moved.id
     returning w.id, w.undoes, w.external_id as "externalId"`,
    values,
  );
  await moveWrites(
    tx,
    rows.flatMap(({ undoes, externalId }) => (undoes === null ? [] : [{ id: undoes, externalId }])),
  );
  return rows.map((row) => row.id);
}
