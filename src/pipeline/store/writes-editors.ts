import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { chunksOf } from './chunks.ts';
import { lockRows } from './writes-outbox.ts';

/** Who made the change that stands against ours: of this very field, or of the record as a whole. */
export type Editor = { name: string; of: 'field' | 'record' };

/** An `Editor`, or null: it is no conflict, or nobody knows. */
export const EDITOR = `case when w.theirs_name is not null then json_build_object('name', w.theirs_name, 'of', w.theirs_of) end as "editor"`;

/** A conflict of which nobody asked yet who made the change that stands. */
export type UnnamedConflict = {
  id: number;
  object: CrmObject;
  externalId: string;
  field: FieldKey;
  /** What stands in the CRM. */
  theirs: FieldValue;
  /** The CRM's id of who it was, where that was seen at once. */
  userId: string | null;
  /** What else it was, in words, where that was seen at once. */
  name: string | null;
};

/** The newest conflicts of a connection, notes apart, that are to be asked about. */
export async function listUnnamed(tx: Tx, connectionId: string, limit: number): Promise<UnnamedConflict[]> {
  const { rows } = await tx.query<UnnamedConflict>(
    `select id, object, external_id as "externalId", field, old_value as theirs, theirs_by as "userId", theirs_name as name
     from writes where case when not theirs_asked then connection_id end = $1 and state = 'conflicted' and not theirs_asked
       and field <> 'note'
     order by id desc limit $2`,
    [connectionId, limit],
  );
  return rows;
}

export type NamedEditor = { id: number; userId: string | null; name: string | null; of: 'field' | 'record' };

/** Keeps who it was, null: the CRM does not tell; nobody asks again. */
export async function saveEditors(tx: Tx, editors: readonly NamedEditor[]): Promise<void> {
  // In the order of their ids, like everyone who locks many of them, so that no two wait for each other.
  await lockRows(tx, editors.map(({ id }) => id)); // prettier-ignore
  for (const chunk of chunksOf(editors))
    await tx.query(
      `update writes w set theirs_by = found.by, theirs_name = found.name, theirs_of = coalesce(w.theirs_of, found.of), theirs_asked = true
       from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as found (id, by, name, of)
       where w.id = any($1) and w.id = found.id`,
      [
        chunk.map(({ id }) => id),
        chunk.map(({ userId }) => userId),
        chunk.map(({ name }) => name?.replaceAll('\0', '') ?? null),
        chunk.map(({ of }) => of),
      ],
    );
}
