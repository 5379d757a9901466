import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { chunksOf } from './chunks.ts';
import { moveWrites } from './writes-move.ts';
import { lockRows } from './writes-outbox.ts';
import { concedeWrites } from './writes-put-back.ts';
import type { LostRace } from './writes-put-back.ts';
import { WRITE_COLUMNS, toStoredJson } from './writes.ts';
import type { Write } from './writes.ts';

export type UnreadWrite = Write & { baseModifiedAt: Date | null };

/** Applied writes whose result nobody has read back, settled at least `olderThanMs` ago, in the order of their ids `behind` one. */
export async function listUnread(
  tx: Tx,
  connectionId: string,
  { behind, limit, olderThanMs }: { behind: number; limit: number; olderThanMs: number },
): Promise<UnreadWrite[]> {
  const { rows } = await tx.query<UnreadWrite>(
    `select ${WRITE_COLUMNS}, w.base_modified_at as "baseModifiedAt" from writes w where w.connection_id = $1 and w.state = 'applied' and w.returned_value is null
       and w.settled_at <= now() - $3 * interval '1 millisecond' and w.id > $4 order by w.id limit $2`,
    [connectionId, limit, olderThanMs, behind],
  );
  return rows;
}

type Returned = { id: number; value: FieldValue; reason: string | null };

/**
 * Stores what reading back has told of applied writes: what the CRM held after them, where `reason` says when that was not what we sent; and
 * those that fell on a person's value, which become conflicts of the record that they fell on. Returns how many these were.
 */
export async function saveReadBack(
  tx: Tx,
  { found, lost }: { found: readonly Returned[]; lost: readonly (LostRace & { fellOn: string })[] },
): Promise<number> {
  // At once, in the order of their ids: another flusher that reads the same ones back may have been told otherwise of each.
  await lockRows(tx, [...found, ...lost].map(({ id }) => id)); // prettier-ignore
  await saveReturned(tx, found);
  await moveWrites(tx, lost.map(({ id, fellOn }) => ({ id, externalId: fellOn }))); // prettier-ignore
  return concedeWrites(tx, lost);
}

async function saveReturned(tx: Tx, found: readonly Returned[]): Promise<void> {
  for (const chunk of chunksOf(found))
    await tx.query(
      `update writes w set returned_value = found.value::jsonb, reason = coalesce(found.reason, w.reason)
       from unnest($1::bigint[], $2::text[], $3::text[]) as found (id, value, reason)
       where w.id = any($1) and w.id = found.id and w.state = 'applied' and w.returned_value is null`,
      [
        chunk.map((row) => row.id),
        chunk.map((row) => toStoredJson(row.value)),
        chunk.map((row) => row.reason),
      ],
    );
}
