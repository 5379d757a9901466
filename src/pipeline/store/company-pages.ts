import type { Tx } from '../../db.ts';
import type { Reason, StoredScore } from './scores.ts';
import type { Standing } from './ranking.ts';
import type { Source } from './sources.ts';

/** Where a company stands in the list: with a score (0), without (1) or left out (2); its score; its domain. */
export type RankPlace = { group: number; score: number; domain: string };

export type PagedCompany = {
  place: RankPlace;
  name: string;
  standing: Standing;
  status: StoredScore['status'] | null;
  score: number | null;
  band: string | null;
  confidence: number | null;
  topReason: Reason | null;
  why: string | null;
  scoredAt: Date | null;
};

/** Companies by score, strongest first, those without one and those left out behind; from `after` on, whatever was scored meanwhile. */
export async function listCompaniesAfter(
  tx: Tx,
  filter: { standing?: Standing; after: RankPlace | null; limit: number },
): Promise<PagedCompany[]> {
  const { rows } = await tx.query<Omit<PagedCompany, 'place'> & RankPlace>(
    `with standings as (
       select c.id, c.domain, c.name, s.id as score_id,
         case when c.excluded_because is not null then 'excluded' when s.id is null then 'not-scored-yet'
              when s.score is null then 'not-enough-evidence' else s.band end as standing,
         case when c.excluded_because is not null then 2 when s.score is null then 1 else 0 end as "group",
         case when c.excluded_because is null then coalesce(s.score, 0) else 0 end as rank
       from companies c left join scores s on s.company_id = c.id and s.workspace_id = c.workspace_id and s.current
     ), page as (
       select * from standings
       where ($1::text is null or standing = $1)
         and ($2::integer is null or ("group", -rank, domain collate "C") > ($2, -$3::numeric, $4::text))
       order by "group", rank desc, domain collate "C" limit $5
     )
     select p."group", p.rank as score, p.domain, p.name, p.standing, s.status, s.band, s.confidence, s.why,
       s.scored_at as "scoredAt",
       (select reason from jsonb_array_elements(s.reasons) with ordinality as listed (reason, place)
        where reason->>'quote' is not null order by abs((reason->>'points')::numeric) desc, place limit 1) as "topReason"
     from page p left join scores s on s.id = p.score_id
     order by p."group", p.rank desc, p.domain collate "C"`,
    [
      filter.standing ?? null,
      filter.after?.group ?? null,
      filter.after?.score ?? null,
      filter.after?.domain ?? null,
      filter.limit,
    ],
  );
  return rows.map(({ group, score, domain, ...row }) => ({
    ...row,
    score: group === 0 ? score : null,
    place: { group, score: score ?? 0, domain },
  }));
}

/** A company's current sources without their texts, from `after` on. */
export async function listSourcesAfter(
  tx: Tx,
  companyId: string,
  { after, limit }: { after: { kind: string; url: string } | null; limit: number },
): Promise<(Omit<Source, 'text' | 'companyId' | 'fetchedAt'> & { fetchedAt: Date })[]> {
  const { rows } = await tx.query<Omit<Source, 'text' | 'companyId' | 'fetchedAt'> & { fetchedAt: Date }>(
    `select id, url, kind, title, published, fetched_at as "fetchedAt", content_hash as "contentHash", credibility, quality
     from sources where company_id = $1 and current
       and ($2::text is null or (kind, url collate "C") > ($2, $3::text))
     order by kind, url collate "C" limit $4`,
    [companyId, after?.kind ?? null, after?.url ?? null, limit],
  );
  return rows;
}
