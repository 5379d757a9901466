import type { Tx } from '../db.ts';
import { applyEdits } from './apply-edits.ts';
import type { ShownPitch } from './apply-edits.ts';
import { listShownEdits } from './store/pitch-edits.ts';
import { findCurrentPitch } from './store/pitches.ts';
import type { Pitch } from './store/pitches.ts';

/** A version of a pitch with the edits that people made in pitches of its template and persona. */
export async function withEdits(tx: Tx, pitch: Pitch): Promise<ShownPitch> {
  return applyEdits(pitch, await listShownEdits(tx, pitch));
}

/** The company's own pitch as people see it, which the CRM shows; null: there is none. */
export async function readCurrentPitch(tx: Tx, companyId: string): Promise<ShownPitch | null> {
  const pitch = await findCurrentPitch(tx, companyId);
  return pitch === null ? null : withEdits(tx, pitch);
}
