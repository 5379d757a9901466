import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { listDueNotes } from './writes-notes-due.ts';
import { MAY_STILL_LAND, claimRows, lockRows } from './writes-outbox.ts';
import { NOTE, WRITE_COLUMNS } from './writes.ts';
import type { Write, WriteState } from './writes.ts';

/** A note that is to be made, or to be removed again, with what is known of it. */
export type NoteWrite = Write<typeof NOTE> & {
  /** The row that asked for the note: this one, or the one that it undoes. */
  madeBy: number;
  text: FieldValue;
  plannedText: Date;
  /** The CRM's id of the note; null where it was never heard that it was made. */
  noteId: FieldValue;
  /** The CRM may still be at work on the call that carried it. */
  mayStillLand: boolean;
  /** What became of the band that was wanted last when the note was; null: there is none. */
  bandState: WriteState | null;
};

const NOTE_COLUMNS = `${WRITE_COLUMNS}, ${MAY_STILL_LAND}, made.id as "madeBy", made.new_value as text, made.planned_at as "plannedText",
  made.returned_value as "noteId", (
    select band.state from writes band where band.connection_id = w.connection_id and band.object = w.object
      and band.external_id = w.external_id and band.field = 'band' and band.id < w.id and band.undoes is null
      and band.state <> 'rehearsed'
    order by band.id desc limit 1) as "bandState"`;

/**
 * Takes up to `limit` notes that may be made or removed now into one flusher's hands; nothing where fewer than `least` are.
 * `askedOnly`: only those of a person's own request. Includes what another flusher left on its way. `more`: not all that wait were looked at yet.
 */
export async function claimNotes(
  tx: Tx,
  connectionId: string,
  options: { limit: number; least: number; askedOnly: boolean; leaseMs: number },
): Promise<{ notes: NoteWrite[]; more: boolean }> {
  const { ids, more } = await listDueNotes(tx, connectionId, options);
  if (ids.length === 0 || ids.length < options.least) return { notes: [], more };
  const locked = await lockRows(tx, ids);
  const open = locked.filter((row) => (row.state === 'planned' || row.state === 'sending') && !row.leased);
  const claimed = await claimRows<{ id: number }>(tx, open.map((row) => row.id), options.leaseMs, 'w.id'); // prettier-ignore
  return { notes: await readNotes(tx, claimed.map((row) => row.id)), more }; // prettier-ignore
}

/** Rows of notes, by id. */
export async function readNotes(tx: Tx, ids: readonly number[]): Promise<NoteWrite[]> {
  if (ids.length === 0) return [];
  const { rows } = await tx.query<NoteWrite>(
    // Not "coalesce", by which nothing is looked up under row-level security: it would read all writes of the workspace.
    `select ${NOTE_COLUMNS} from writes w join writes made on made.id = case when w.undoes is null then w.id else w.undoes end
     where w.id = any($1) and w.field = $2 order by w.id`,
    [ids, NOTE],
  );
  return rows;
}
