import type { Tx } from '../../db.ts';
import { PITCH_COLUMNS } from './pitches.ts';
import type { Pitch, PitchKey, PitchMaking } from './pitches.ts';

/** A version as a list shows it. */
export type PitchVersion = Pitch &
  Pick<PitchMaking, 'changes' | 'madeWith'> & {
    /** The one that its template and persona show. */
    shown: boolean;
    /** The company's own, which the CRM shows. */
    current: boolean;
  };

/** Versions of the pitch of one template and persona, the newest first. `below`: the version that the page before ended with. */
export async function listVersionsOf(
  tx: Tx,
  { companyId, template, persona }: PitchKey,
  { below, limit }: { below: number | null; limit: number },
): Promise<PitchVersion[]> {
  const { rows } = await tx.query<PitchVersion>(
    `select ${PITCH_COLUMNS}, changes, made_with as "madeWith", shown, current from pitches
     where company_id = $1 and template = $2 and persona = $3 and ($4::int is null or version < $4) order by version desc limit $5`,
    [companyId, template, persona, below, limit],
  );
  return rows;
}

// More than anybody asks for; the rest is found by its template.
const MOST_PITCHES = 60;

/** The pitches that a company has: of each template and persona the version that is shown. */
export async function listShownPitches(
  tx: Tx,
  companyId: string,
): Promise<(Omit<PitchKey, 'companyId'> & { current: boolean })[]> {
  const { rows } = await tx.query<Omit<PitchKey, 'companyId'> & { current: boolean }>(
    `select template, persona, current from pitches where company_id = $1 and shown order by template, persona limit $2`,
    [companyId, MOST_PITCHES],
  );
  return rows;
}

/** The ids of the companies that have a pitch of a template for a persona (empty: for nobody in particular). */
export async function listPitchedCompanies(
  tx: Tx,
  { template, persona }: Omit<PitchKey, 'companyId'>,
): Promise<Set<string>> {
  const { rows } = await tx.query<{ id: string }>(
    'select company_id as id from pitches where template = $1 and persona = $2 and shown',
    [template, persona],
  );
  return new Set(rows.map(({ id }) => id));
}
