import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** A real person of a CRM whose title fits the role. */
export type PersonaMatch = {
  connectionId: string;
  object: CrmObject;
  externalId: string;
  name: string;
  title: string;
};

/** A buyer role at the company. Everything but the matches is inferred and labelled so. */
export type Persona = {
  role: string;
  title: string;
  pains: readonly string[];
  motives: readonly string[];
  style: string;
  decisionFactors: readonly string[];
  buyingSignals: readonly string[];
  matches: readonly PersonaMatch[];
};

/** Makes these the company's personas, in their order. */
export async function replacePersonas(
  tx: Tx,
  workspaceId: string,
  companyId: string,
  personas: readonly Persona[],
): Promise<void> {
  await tx.query('delete from personas where company_id = $1', [companyId]);
  const rows = personas.map(({ role, matches, ...persona }, position) => ({
    role,
    matches,
    persona,
    position,
  }));
  await tx.query(
    `insert into personas (workspace_id, company_id, role, position, persona, matches)
     select $1, $2, role, position, persona, matches
     from jsonb_to_recordset($3) as p(role text, position integer, persona jsonb, matches jsonb)`,
    [workspaceId, companyId, JSON.stringify(rows)],
  );
}

export async function listPersonas(tx: Tx, companyId: string): Promise<Persona[]> {
  const { rows } = await tx.query<{
    role: string;
    persona: Omit<Persona, 'role' | 'matches'>;
    matches: PersonaMatch[];
  }>('select role, persona, matches from personas where company_id = $1 order by position', [companyId]);
  return rows.map(({ role, persona, matches }) => ({ ...persona, role, matches }));
}
