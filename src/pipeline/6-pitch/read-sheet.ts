import { z } from 'zod';
import type { Tx } from '../../db.ts';
import type { Company } from '../store/companies.ts';
import { findCurrentExtraction, listCompetitors } from '../store/extractions.ts';
import { listPersonas } from '../store/personas.ts';
import { readCurrentPitch, withEdits } from '../read-pitch.ts';
import type { ShownPitch } from '../apply-edits.ts';
import type { Pitch } from '../store/pitches.ts';
import { readSeller } from '../store/sellers.ts';
import { findCurrentScore } from '../store/scores.ts';
import { listSources } from '../store/sources.ts';
import { buildSheet } from './build-sheet.ts';
import type { Sheet } from './sheet.ts';

const Profile = z.object({ profile: z.object({ quote: z.string(), url: z.string() }).nullable() });

/** Who prints: the seller's name where the workspace has no profile, and where our pages are. */
export type SheetFrame = { seller: string | null; publicUrl: string };

/**
 * A company's stored result with its pitch, or another one of its pitches, as a sheet to print; null when it was never scored. A version comes
 * with people's edits, unless it is given as it is to be shown. Calls nobody and makes nothing.
 */
export async function readSheet(
  tx: Tx,
  company: Company,
  frame: SheetFrame,
  pitch: Pitch | ShownPitch | null = null,
): Promise<Sheet | null> {
  const score = await findCurrentScore(tx, company.id);
  const extraction = await findCurrentExtraction(tx, company.id);
  if (score === null || extraction === null) return null;
  const overview = Profile.safeParse(extraction.overview);
  // What was inferred and written while there was evidence must not outlive it.
  const isScored = score.status === 'scored';
  return buildSheet({
    company,
    score,
    profile: overview.success ? overview.data.profile : null,
    personas: isScored ? await listPersonas(tx, company.id) : [],
    competitors: await listCompetitors(tx, extraction.id),
    pitch: isScored ? await readShown(tx, company, pitch) : null,
    sources: await listSources(tx, company.id),
    seller: (await readSeller(tx))?.name ?? frame.seller,
    page: `${frame.publicUrl}/companies/${encodeURIComponent(company.domain)}`,
  });
}

async function readShown(
  tx: Tx,
  company: Company,
  pitch: Pitch | ShownPitch | null,
): Promise<ShownPitch | null> {
  if (pitch === null) return readCurrentPitch(tx, company.id);
  return 'edited' in pitch ? pitch : withEdits(tx, pitch);
}
