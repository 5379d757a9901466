import { splitSources } from '../../pipeline/apply-edits.ts';
import type { ShownPitch } from '../../pipeline/apply-edits.ts';
import { mergeParts, splitParts } from '../../pipeline/merge-parts.ts';
import { EDIT_LABELS, nameEditor } from '../../pipeline/name-edits.ts';
import type { EditField } from '../../pipeline/store/pitch-edits.ts';
import type { Pitch } from '../../pipeline/store/pitches.ts';
import { describeMoment } from './format.ts';
import { mergeTyped } from './merge-typed.ts';

/** What stands in the fields of the form. */
export type EditTexts = Record<EditField, string>;

/** What somebody sent that could not be kept. */
export type TypedEdit = {
  /** Of the pitch that their page showed, and its version. */
  revision: string;
  pitchId: string;
  /** The texts that it showed, and theirs. */
  base: EditTexts;
  mine: EditTexts;
  /** What is wrong with them; null: the pitch changed meanwhile. */
  problem: string | null;
};

export const EDIT_FIELDS = ['keyPoints', 'callToAction', 'text'] as const satisfies readonly EditField[];

const FIELDS: Record<EditField, { hint: string; rows: number; most: number }> = {
  keyPoints: { hint: 'One a line, 20 at most.', rows: 5, most: 12_000 },
  callToAction: { hint: '', rows: 2, most: 1_000 },
  text: {
    hint: 'Without the list of sources, which stands below it by itself. Blank lines separate paragraphs.',
    rows: 14,
    most: 20_000,
  },
};

/** A pitch → its fields as a form holds them. */
function textsOf({ keyPoints, callToAction, text }: Pitch): EditTexts {
  return {
    keyPoints: keyPoints.join('\n').trim(),
    callToAction: callToAction.trim(),
    text: splitSources(text).body.trim(),
  };
}

/**
 * The form in which a pitch is edited. Of what could not be kept (`typed`) each field that its writer changed stands as they wrote it, the
 * others as they are now; a field that both changed is shown in both ways.
 */
export function describeEditForm(pitch: ShownPitch, generated: Pitch, typed: TypedEdit | null) {
  const now = textsOf(pitch);
  const ours = textsOf(generated);
  const { base, mine } = typed ?? { base: now, mine: now };
  const { merged, overtaken } = mergeTyped(EDIT_FIELDS, { base, now, mine });
  // An edited call or point stands in the text, too: there it is no change of its own.
  const changed = overtaken.filter(
    ({ field, isMine }) => field !== 'text' || overtaken.length === 1 || isMine,
  );
  // Of what somebody else changed meanwhile, each point and paragraph that the writer left alone is as it is now.
  const valueOf = (field: EditField, value: string, sent: TypedEdit | null): string => {
    const isBoth =
      sent !== null && sent.problem === null && now[field] !== base[field] && mine[field] !== base[field];
    if (field === 'callToAction' || !isBoth) return value;
    const [split, gap] = field === 'text' ? ([splitParts, '\n\n'] as const) : ([splitLines, '\n'] as const);
    const parts = mergeParts(split(base[field]), split(mine[field]), split(now[field]));
    return parts.map(({ text }) => text).join(gap);
  };
  // Only who was shown what stands now saw it.
  const isRefused = typed !== null && typed.problem !== null;
  const seen = isRefused
    ? { revision: typed.revision, pitchId: typed.pitchId, base: JSON.stringify(base) }
    : { revision: pitch.revision, pitchId: pitch.id, base: JSON.stringify(now) };
  return {
    ...seen,
    problem: typed?.problem ?? null,
    isOpen: typed !== null,
    isOvertaken: typed !== null && typed.problem === null,
    overtaken: changed.map((one) => ({ ...one, label: capitalize(EDIT_LABELS[one.field]) })),
    fields: EDIT_FIELDS.map((field) => {
      const edit = pitch.edited.find((one) => one.field === field);
      const { hint, rows, most } = FIELDS[field];
      return {
        name: field,
        label: capitalize(EDIT_LABELS[field]),
        hint,
        rows,
        most,
        value: isRefused ? mine[field] : valueOf(field, merged[field], typed),
        edited:
          edit === undefined
            ? null
            : {
                by: nameEditor(edit.editedBy),
                at: describeMoment(edit.editedAt),
                ours: ours[field],
                theirs: describeParts(field, edit.parts),
              },
      };
    }),
  };
}

function splitLines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** "2 of 7 paragraphs"; empty: all of it. */
function describeParts(field: EditField, { theirs, all }: { theirs: number; all: number }): string {
  if (theirs === all || field === 'callToAction') return '';
  if (theirs === 0) return 'something taken away';
  return `${theirs} of ${all} ${field === 'text' ? 'paragraphs' : 'points'}`;
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
