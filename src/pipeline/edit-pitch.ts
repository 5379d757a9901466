import { z } from 'zod';
import type { Tx } from '../db.ts';
import { applyEdits, citesOf, splitSources } from './apply-edits.ts';
import type { ShownPitch } from './apply-edits.ts';
import { describeStarter } from './describe-starter.ts';
import { splitParts } from './merge-parts.ts';
import { cleanLine, cleanText } from './plain-text.ts';
import type { Queue } from './queue/queue.ts';
import { withEdits } from './read-pitch.ts';
import { startRewriteWithin } from './runs.ts';
import { holdCompany } from './store/asked-work.ts';
import { listShownEdits, saveEdit, undoEdit } from './store/pitch-edits.ts';
import type { EditValue, PitchEdit } from './store/pitch-edits.ts';
import { findCurrentPitch, findPitch } from './store/pitches.ts';
import type { Pitch } from './store/pitches.ts';
import type { Starter } from './store/runs.ts';

const FIELDS = ['keyPoints', 'callToAction', 'text'] as const;
const line = (most: number) => z.string().max(most).transform(cleanLine);

/** What a person wants to stand in a pitch: each field's new content; null takes its edit back. */
export const PitchEdits = z.strictObject({
  keyPoints: z
    .array(line(600).pipe(z.string().min(1)))
    .max(20)
    .nullish(),
  callToAction: line(1_000).nullish(),
  text: z.string().max(20_000).transform(cleanText).nullish(),
});
export type PitchEdits = z.output<typeof PitchEdits>;

/**
 * Keeps what a person changed in a pitch, or takes it back, and has the CRM told where it is the company's own.
 * @param request `revision`: of the pitch that they saw; unset: whatever it was
 * @returns the pitch as it is shown from now on; `conflict`: it is not the one that they saw, and nothing was changed. What stands there
 *   already is no conflict: a button was pressed twice, or a request was sent again whose answer was lost
 */
export async function editPitch(
  tx: Tx,
  queue: Queue,
  request: {
    workspaceId: string;
    /** The scoring model. */
    model: string;
    pitchId: string;
    companyId: string;
    edits: PitchEdits;
    by: Starter;
    revision?: string | undefined;
  },
): Promise<ShownPitch | 'conflict'> {
  const { workspaceId, model, companyId, edits } = request;
  const by = describeStarter(request.by);
  // One at a time for each company, and no new version meanwhile.
  await holdCompany(tx, companyId);
  const pitch = await findPitch(tx, request.pitchId);
  if (pitch === null) return 'conflict';
  const shown = await listShownEdits(tx, pitch);
  const before = applyEdits(pitch, shown);
  if (request.revision !== undefined && request.revision !== before.revision)
    return isDone(before, edits) ? before : 'conflict';
  for (const field of FIELDS) {
    const value = edits[field];
    if (value === null) await undoEdit(tx, pitch, field, by);
    const edit = value === undefined || value === null ? null : toEdit(field, value);
    if (edit === null || isShown(before, edit)) continue;
    const cites = citesOf([edit.value].flat().join('\n'), before);
    const was = partsBefore(edit.field, pitch, shown);
    await saveEdit(tx, workspaceId, pitch, { ...edit, was, cites, editedBy: by });
  }
  const after = await withEdits(tx, pitch);
  // An edit stands in every version of its template and persona: another one than they saw may be the company's own.
  const own = await findCurrentPitch(tx, companyId);
  const isOwn = own?.template === pitch.template && own.persona === pitch.persona;
  if (after.revision !== before.revision && isOwn)
    await startRewriteWithin(tx, queue, {
      workspaceId,
      model,
      companyIds: [companyId],
      startedBy: request.by,
    });
  return after;
}

/** The points or paragraphs that would stand there without edits of the field itself. */
function partsBefore(field: EditValue['field'], pitch: Pitch, edits: readonly PitchEdit[]): string[] | null {
  if (field === 'callToAction') return null;
  if (field === 'keyPoints') return pitch.keyPoints.map(cleanLine);
  const others = applyEdits(
    pitch,
    edits.filter((edit) => edit.field !== 'text'),
  );
  return splitParts(cleanText(splitSources(others.text).body).trim());
}

function toEdit(field: EditValue['field'], value: string | readonly string[]): EditValue | null {
  if (field === 'keyPoints') return typeof value === 'string' ? null : { field, value };
  if (typeof value !== 'string') return null;
  // The sources below a text are listed by us.
  return { field, value: field === 'text' ? splitSources(value).body.trim() : value };
}

/** Nothing was changed in it: what stands there stays what was generated. */
function isShown(pitch: ShownPitch, edit: EditValue): boolean {
  if (edit.field === 'callToAction') return edit.value.trim() === pitch.callToAction.trim();
  const [mine, shown] =
    edit.field === 'keyPoints'
      ? [edit.value, pitch.keyPoints]
      : [splitParts(edit.value), splitParts(splitSources(pitch.text).body.trim())];
  return JSON.stringify(mine) === JSON.stringify(shown);
}

/** All of it stands there already. */
function isDone(pitch: ShownPitch, edits: PitchEdits): boolean {
  return FIELDS.every((field) => {
    const value = edits[field];
    if (value === undefined) return true;
    if (value === null) return !pitch.edited.some((edit) => edit.field === field);
    const edit = toEdit(field, value);
    return edit === null || isShown(pitch, edit);
  });
}
