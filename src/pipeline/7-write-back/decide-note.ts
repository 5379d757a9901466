import type { FoundNote } from '../../connectors/crm-notes.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { WriteState } from '../store/writes.ts';

export type NoteDecision =
  | { verdict: 'make' | 'remove' }
  /** A call of ours that was never heard of has left nothing there so far: sent again, once it can leave nothing any more. */
  | { verdict: 'again' }
  | { verdict: 'applied'; noteId: FieldValue }
  | { verdict: 'skipped' | 'conflicted'; reason: string };

/** Looked for before anything is done: what is to be removed, and what may have been made by a call that was never heard of. */
export const mustLook = (row: { undoes: number | null; sentAt: Date | null }): boolean =>
  row.undoes !== null || row.sentAt !== null;

/** Whether a note may be made, only after the band that it tells of has arrived, or removed, only as we made it. Pure. */
export function decideNote(question: {
  undoes: number | null;
  /** A call may have gone out, and nobody knows whether it arrived. */
  sending: boolean;
  sentAt: Date | null;
  bandState: WriteState | null;
  /** What the timeline holds; undefined: no such note, or it was not looked for. */
  found: FoundNote | undefined;
}): NoteDecision {
  const { undoes, sending, sentAt, bandState, found } = question;
  if (undoes === null) {
    if (found?.deleted === true)
      return { verdict: 'skipped', reason: 'Somebody deleted the note; it is not made again' };
    if (found !== undefined) return { verdict: 'applied', noteId: found.id };
    if (sending) return { verdict: 'again' };
    return bandState === 'applied' || bandState === 'skipped'
      ? { verdict: 'make' }
      : { verdict: 'skipped', reason: 'The band was not written, so there is nothing to tell' };
  }
  if (found === undefined || found.deleted)
    return sentAt === null
      ? { verdict: 'skipped', reason: 'The note is not there any more' }
      : { verdict: 'applied', noteId: null };
  if (!found.asMade) return { verdict: 'conflicted', reason: 'Somebody changed the note; it stays' };
  return { verdict: sending ? 'again' : 'remove' };
}
