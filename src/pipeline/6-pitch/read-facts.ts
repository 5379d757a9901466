import { z } from 'zod';
import type { Tx } from '../../db.ts';
import { findCompany } from '../store/companies.ts';
import { findCurrentExtraction, listCompetitors } from '../store/extractions.ts';
import { listPersonas } from '../store/personas.ts';
import { readPitchSettings } from '../store/pitch-settings.ts';
import { findCurrentScore } from '../store/scores.ts';
import { readSeller } from '../store/sellers.ts';
import type { PitchFacts } from './pitch-data.ts';

const Profile = z.object({ profile: z.object({ quote: z.string(), url: z.string() }).nullable() });

/** What a company's pitch is made from, as stored; null when it has no score: there is nothing to say that could be proven. */
export async function readPitchFacts(tx: Tx, companyId: string): Promise<PitchFacts | null> {
  const company = await findCompany(tx, companyId);
  const score = await findCurrentScore(tx, companyId);
  const extraction = await findCurrentExtraction(tx, companyId);
  if (company === null || score === null || extraction === null || score.status !== 'scored') return null;
  const overview = Profile.safeParse(extraction.overview);
  return {
    company,
    score,
    personas: await listPersonas(tx, companyId),
    competitors: await listCompetitors(tx, extraction.id),
    profile: overview.success ? overview.data.profile : null,
    // The day of the score, not today's: a pitch changes because something happened.
    asOf: score.asOf,
    seller: await readSeller(tx),
    settings: await readPitchSettings(tx),
  };
}
