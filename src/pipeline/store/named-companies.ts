import type { Tx } from '../../db.ts';

/** A company that a name may mean. */
export type NamedCompany = {
  companyId: string;
  name: string;
  domain: string;
  score: number | null;
  band: string | null;
};

/**
 * The companies whose name or domain holds these words, in any case: those of exactly that name first, then those that begin with it, then
 * by score. `exact`: how many bear exactly that name; `total`: how many fit.
 */
export async function findCompaniesByName(
  tx: Tx,
  name: string,
  limit: number,
): Promise<{ companies: NamedCompany[]; exact: number; total: number }> {
  const pattern = name.replace(/[\\%_]/g, String.raw`\$&`);
  const { rows } = await tx.query<NamedCompany & { exact: number; total: number }>(
    `select c.id as "companyId", c.name, c.domain, s.score, s.band, count(*) over () as total,
       count(*) filter (where lower(c.name) = lower($1)) over () as exact
     from companies c left join scores s on s.company_id = c.id and s.workspace_id = c.workspace_id and s.current
     where c.name ilike '%' || $2 || '%' or c.domain ilike $2 || '%'
     order by (lower(c.name) = lower($1)) desc, (c.name ilike $2 || '%') desc, s.score desc nulls last, c.domain collate "C"
     limit $3`,
    [name, pattern, limit],
  );
  const [first] = rows;
  return {
    companies: rows.map(({ companyId, name: called, domain, score, band }) => ({
      companyId,
      name: called,
      domain,
      score,
      band,
    })),
    exact: first?.exact ?? 0,
    total: first?.total ?? 0,
  };
}
