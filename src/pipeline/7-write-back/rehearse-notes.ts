import type { Write } from '../store/writes.ts';
import { NOTE } from '../store/writes.ts';
import type { WriteField } from '../store/writes.ts';
import { readNotes } from '../store/writes-notes.ts';
import { decideNote } from './decide-note.ts';
import { lookFor } from './flush-notes.ts';
import type { FlushSession } from './flush-session.ts';
import { toCrmNote } from './note-text.ts';
import type { RehearsedField } from './rehearse.ts';

export const isField = (write: Write<WriteField>): write is Write => write.field !== NOTE;

const VERDICTS = {
  make: 'would-apply',
  remove: 'would-apply',
  again: 'would-apply',
  applied: 'unchanged',
  skipped: 'unchanged',
  conflicted: 'would-conflict',
} as const;

const BAND_STATES = {
  'would-apply': 'applied',
  'would-conflict': 'conflicted',
  'would-reject': 'rejected',
  unchanged: 'skipped',
} as const;

export type RehearsedNotes = {
  /** What would become of the notes among these writes of whole records, given what would become of the records' fields. */
  rehearse(
    writes: readonly Write<WriteField>[],
    fields: readonly RehearsedField[],
  ): Promise<RehearsedField[]>;
  /** The calls that making and removing all of them takes. */
  writeCalls(): number;
  /** Whether notes are made, and whether any are removed: each goes into calls of its own. */
  countKinds(): number;
};

type Count = { make: number; remove: number };

/** Rehearses the notes of one connection, some records at a time. */
export function openNotes(session: FlushSession): RehearsedNotes {
  const count: Count = { make: 0, remove: 0 };
  const batch = session.crm.notes?.batch ?? 1;
  return {
    rehearse: (writes, fields) => rehearseNotes(session, { writes, fields, count }),
    writeCalls: () => Math.ceil(count.make / batch) + Math.ceil(count.remove / batch),
    countKinds: () => Math.min(count.make, 1) + Math.min(count.remove, 1),
  };
}

async function rehearseNotes(
  session: FlushSession,
  page: { writes: readonly Write<WriteField>[]; fields: readonly RehearsedField[]; count: Count },
): Promise<RehearsedField[]> {
  const { writes, fields, count } = page;
  const { notes } = session.crm;
  const ids = writes.flatMap((write) => (isField(write) ? [] : write.id));
  if (notes === undefined || ids.length === 0) return [];
  const rows = await session.inTx((tx) => readNotes(tx, ids));
  const tasks = rows.map((row) => ({
    row,
    note: toCrmNote(session.workspaceId, row),
    id: row.noteId === null ? null : String(row.noteId),
  }));
  const found = await lookFor(session, notes, tasks.filter(({ row }) => row.undoes !== null)); // prettier-ignore
  const bands = new Map(fields.flatMap((one) => (one.field === 'band' ? [[keyOf(one), one.verdict]] : [])));
  return tasks.map(({ row, note }): RehearsedField => {
    const band = bands.get(keyOf(row));
    const decision = decideNote({
      undoes: row.undoes,
      sending: false,
      sentAt: null,
      bandState: band === undefined ? row.bandState : BAND_STATES[band],
      found: found.get(note.key),
    });
    const { verdict } = decision;
    if (verdict === 'make' || verdict === 'remove') count[verdict] += 1;
    const { id, connectionId, object, externalId, companyId, newValue } = row;
    return {
      id,
      connectionId,
      object,
      externalId,
      companyId,
      field: NOTE,
      old: row.undoes === null ? null : row.text,
      new: newValue,
      verdict: VERDICTS[verdict],
      reason: 'reason' in decision ? decision.reason : null,
    };
  });
}

const keyOf = ({ object, externalId }: { object: string; externalId: string }): string =>
  `${object} ${externalId}`;
