import type { Tx } from '../../db.ts';
import type { Reason, StoredScore } from './scores.ts';

/** A company as people browse it; `status` null: not scored yet. */
export type ListedCompany = {
  domain: string;
  name: string;
  status: StoredScore['status'] | null;
  score: number | null;
  band: string | null;
  confidence: number | null;
  /** The reason that moved the score most. */
  topReason: Reason | null;
  /** Why there is no score. */
  why: string | null;
  /** Why it is left out of research; what it scored before stands no more. */
  excludedBecause: string | null;
  scoredAt: Date | null;
};

export const STANDINGS = ['A', 'B', 'C', 'D', 'not-enough-evidence', 'not-scored-yet', 'excluded'] as const;
/** Where a company stands: its band, or why it has none. */
export type Standing = (typeof STANDINGS)[number];

export type RankingFilter = {
  /** Part of a name or domain, in any case. */
  search?: string;
  standing?: Standing;
};

const STANDING = `case when c.excluded_because is not null then 'excluded' when s.id is null then 'not-scored-yet' when s.score is null then 'not-enough-evidence' else s.band end`;
const FROM = `from companies c left join scores s on s.company_id = c.id and s.workspace_id = c.workspace_id and s.current
  where ($1::text is null or c.name ilike $1 or c.domain ilike $1) and ($2::text is null or ${STANDING} = $2)`;

const valuesOf = ({ search, standing }: RankingFilter): (string | null)[] => [
  search ? `%${search.replace(/[\\%_]/g, String.raw`\$&`)}%` : null,
  standing ?? null,
];

/** Companies by score, strongest first, then those without one; ties by domain, so that pages neither repeat nor skip. */
export async function listRanking(
  tx: Tx,
  filter: RankingFilter,
  page: { limit: number; offset: number },
): Promise<ListedCompany[]> {
  const { rows } = await tx.query<ListedCompany>(
    `select c.domain, c.name, s.status, s.score, s.band, s.confidence, s.why, s.scored_at as "scoredAt",
       c.excluded_because as "excludedBecause",
       (select reason from jsonb_array_elements(s.reasons) with ordinality as listed (reason, place)
        where reason->>'quote' is not null order by abs((reason->>'points')::numeric) desc, place limit 1) as "topReason"
     ${FROM}
     order by (c.excluded_because is not null), s.score desc nulls last, (s.id is null), c.domain collate "C" limit $3 offset $4`,
    [...valuesOf(filter), page.limit, page.offset],
  );
  return rows;
}

/** How many companies the filter finds. */
export async function countRanking(tx: Tx, filter: RankingFilter): Promise<number> {
  const { rows } = await tx.query<{ companies: number }>(
    `select count(*) as companies ${FROM}`,
    valuesOf(filter),
  );
  return rows[0]?.companies ?? 0;
}

/** Companies by standing; every company counts once. */
export async function countStandings(tx: Tx): Promise<Record<Standing, number>> {
  const { rows } = await tx.query<{ standing: Standing; companies: number }>(
    `select ${STANDING} as standing, count(*) as companies ${FROM} group by 1`,
    valuesOf({}),
  );
  const counts = { A: 0, B: 0, C: 0, D: 0, 'not-enough-evidence': 0, 'not-scored-yet': 0, excluded: 0 };
  for (const { standing, companies } of rows) counts[standing] = companies;
  return counts;
}
