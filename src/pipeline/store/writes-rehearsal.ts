import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { chunksOf } from './chunks.ts';
import { WRITE_COLUMNS, toStoredJson } from './writes.ts';
import type { Write, WriteField } from './writes.ts';

/** The objects of which a dry run planned anything, connection by connection. */
export async function listRehearsedObjects(
  tx: Tx,
  runId: string,
): Promise<{ connectionId: string; object: CrmObject }[]> {
  const { rows } = await tx.query<{ connectionId: string; object: CrmObject }>(
    `select connection_id as "connectionId", object from writes where run_id = $1 and state = 'rehearsed'
     group by connection_id, object order by connection_id, object`,
    [runId],
  );
  return rows;
}

/** What a dry run planned for the next `limit` records of an object `behind` one, in the order of their ids: all of each record. */
export async function listRehearsed(
  tx: Tx,
  runId: string,
  page: { connectionId: string; object: CrmObject; behind: string; limit: number },
): Promise<Write<WriteField>[]> {
  const { rows } = await tx.query<Write<WriteField>>(
    // Both steps along the index of rehearsed rows.
    `with page as materialized (
       select distinct external_id from writes
       where run_id = $1 and state = 'rehearsed' and connection_id = $2 and object = $3 and external_id > $4
       order by external_id limit $5)
     select ${WRITE_COLUMNS} from page cross join lateral (
       select * from writes where run_id = $1 and state = 'rehearsed' and external_id = page.external_id
         and object = $3 and connection_id = $2 offset 0) as w
     order by w.external_id, w.id`,
    [runId, page.connectionId, page.object, page.behind, page.limit],
  );
  return rows;
}

/** What would become of a rehearsed value. */
export const VERDICTS = ['would-apply', 'would-conflict', 'would-reject', 'unchanged'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Where no value has any verdict yet. */
export const countNone = (): Record<Verdict, number> => ({
  'would-apply': 0,
  'would-conflict': 0,
  'would-reject': 0,
  unchanged: 0,
});

/** How many of a dry run's values have each verdict; those that were not read yet have none. */
export async function countVerdicts(tx: Tx, runId: string): Promise<Record<Verdict, number>> {
  const { rows } = await tx.query<{ verdict: Verdict; fields: number }>(
    `select verdict, count(*) as fields from writes where run_id = $1 and state = 'rehearsed' and verdict is not null group by 1`,
    [runId],
  );
  const counts = countNone();
  for (const { verdict, fields } of rows) counts[verdict] = fields;
  return counts;
}

/** Keeps with each rehearsed row what the CRM held and what would have become of it. */
export async function saveRehearsal(
  tx: Tx,
  lines: readonly { id: number; oldValue: FieldValue; verdict: Verdict; reason: string | null }[],
): Promise<void> {
  for (const chunk of chunksOf(lines))
    await tx.query(
      `update writes w set old_value = line.old_value::jsonb, reason = line.reason, verdict = line.verdict
       from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as line (id, old_value, reason, verdict)
       where w.id = any($1) and w.id = line.id and w.state = 'rehearsed'`,
      [
        chunk.map((line) => line.id),
        chunk.map((line) => toStoredJson(line.oldValue)),
        chunk.map((line) => line.reason?.replaceAll('\0', '') ?? null),
        chunk.map((line) => line.verdict),
      ],
    );
}
