import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { chunksOf } from './chunks.ts';
import { toStoredJson } from './writes.ts';

/** Keeps with each rehearsed row what the CRM held and what would have become of it. */
export async function saveRehearsal(
  tx: Tx,
  lines: readonly { id: number; oldValue: FieldValue; reason: string | null }[],
): Promise<void> {
  for (const chunk of chunksOf(lines))
    await tx.query(
      `update writes w set old_value = line.old_value::jsonb, reason = line.reason
       from unnest($1::bigint[], $2::text[], $3::text[]) as line (id, old_value, reason)
       where w.id = any($1) and w.id = line.id and w.state = 'rehearsed'`,
      [
        chunk.map((line) => line.id),
        chunk.map((line) => toStoredJson(line.oldValue)),
        chunk.map((line) => line.reason?.replaceAll('\0', '') ?? null),
      ],
    );
}
