import type { Tx } from '../../db.ts';

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
