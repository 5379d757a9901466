import { formatDay } from './format.ts';
import type { EditField } from './store/pitch-edits.ts';

/** The fields of a pitch that a person may edit, as people call them. */
export const EDIT_LABELS: Record<EditField, string> = {
  keyPoints: 'key points',
  callToAction: 'call to action',
  text: 'text',
};

// In the order in which a pitch shows them.
const FIELDS = ['keyPoints', 'callToAction', 'text'] as const satisfies readonly EditField[];

// Where nobody has to sign in: the machine is known, who sits at it is not.
const UNKNOWN = new Set(['', 'this machine', 'the command line']);

/** Who edited, for people to read: a name where it is known. */
export function nameEditor(editedBy: string): string {
  return UNKNOWN.has(editedBy) ? 'a person' : editedBy;
}

/**
 * What people wrote in a pitch → one line for each of them and day, as "key points and text edited by Ada on 3 Mar 2026": an edit is
 * not checked against sources, and says whose it is.
 */
export function nameEdits(
  edited: readonly { field: EditField; editedBy: string; editedAt: Date }[],
): string[] {
  const groups = Map.groupBy(
    edited,
    ({ editedBy, editedAt }) => `${nameEditor(editedBy)} on ${formatDay(editedAt.toISOString())}`,
  );
  return [...groups].map(([who, fields]) => {
    const names = FIELDS.filter((each) => fields.some(({ field }) => field === each)).map(
      (each) => EDIT_LABELS[each],
    );
    const last = names.pop() ?? '';
    return `${names.length === 0 ? last : `${names.join(', ')} and ${last}`} edited by ${who}`;
  });
}
