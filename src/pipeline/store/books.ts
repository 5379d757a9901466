import type { Database, Tx } from '../../db.ts';
import type { StoredScore } from './scores.ts';

type Basis = Pick<StoredScore, 'reasons' | 'modelVersion'>;

/** A company of somebody's book: one of whose records they own, in whichever CRM. */
export type BookCompany = {
  companyId: string;
  name: string;
  domain: string;
  score: number | null;
  band: string | null;
  /** Points since the score before this one; null: there is none to compare with. */
  trend: number | null;
};

// Records of the owner whose address this is. $1: the address, in lower case.
const BOOK = `book as (
  select distinct r.workspace_id, r.company_id from crm_users u
    join records r on r.workspace_id = u.workspace_id and r.connection_id = u.connection_id and r.owner_id = u.external_id
  where u.email = $1 and r.company_id is not null and not r.deleted and r.merged_into is null and r.excluded_because is null
)`;

// The score before `s`, by the same model.
const BEFORE = `select o.score, o.model_version, o.reasons from scores o
  where o.workspace_id = s.workspace_id and o.company_id = s.company_id and o.model = s.model
    and o.as_of < s.as_of and o.score is not null and not o.current order by o.as_of desc, o.id desc limit 1`;

const MINE = `mine as (
  select c.id, c.name, c.domain, s.score, s.band, s.scored_at, s.score - (select score from (${BEFORE}) b) as trend
  from book join companies c on c.id = book.company_id and c.workspace_id = book.workspace_id
    left join scores s on s.company_id = c.id and s.workspace_id = c.workspace_id and s.current
  where c.excluded_because is null
)`;

const SHOWN = `id as "companyId", name, domain, score, band, trend`;

/** Does any connected CRM know a user by that address? */
export async function isOwner(tx: Tx, email: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    // A sync that was under way when its connection was removed may have stored users since.
    `select from crm_users u join connections c on c.workspace_id = u.workspace_id and c.id = u.connection_id
     where u.email = lower($1) and c.status <> 'removed' limit 1`,
    [email],
  );
  return rowCount === 1;
}

/** The workspaces in which that is so, all looked through in one statement. */
export async function listWorkspacesOfOwner(db: Database, email: string): Promise<Set<string>> {
  return db.inDirectory(async (tx) => {
    const { rows } = await tx.query<{ id: string }>('select workspaces_of_owner($1) as id', [email]);
    return new Set(rows.map(({ id }) => id));
  });
}

/** The companies of a person's book by score, the best first, and how many there are in all. */
export async function listBook(
  tx: Tx,
  email: string,
  limit: number,
): Promise<{ companies: BookCompany[]; total: number }> {
  const { rows } = await tx.query<BookCompany & { total: number }>(
    `with ${BOOK}, ${MINE} select ${SHOWN}, count(*) over () as total from mine
     order by score desc nulls last, domain collate "C" limit $2`,
    [email.toLowerCase(), limit],
  );
  const companies = rows.map(({ companyId, name, domain, score, band, trend }) => ({
    companyId,
    name,
    domain,
    score,
    band,
    trend,
  }));
  return { companies, total: rows[0]?.total ?? 0 };
}

/** A company that moved, and what its score rested on before and rests on now. */
export type MovedCompany = BookCompany & { was: Basis; is: Basis };

/** The companies of a person's book whose score moved within these days, the largest move first. */
export async function listMoved(tx: Tx, email: string, days: number, limit: number): Promise<MovedCompany[]> {
  const { rows } = await tx.query<MovedCompany>(
    `with ${BOOK}, ${MINE}, moved as (
       select * from mine where trend <> 0 and scored_at > now() - make_interval(days => $2)
       order by abs(trend) desc, domain collate "C" limit $3)
     select moved.id as "companyId", name, domain, moved.score, moved.band, trend,
       jsonb_build_object('modelVersion', s.model_version, 'reasons', s.reasons) as "is",
       jsonb_build_object('modelVersion', b.model_version, 'reasons', b.reasons) as was
     from moved join scores s on s.company_id = moved.id and s.current
       cross join lateral (${BEFORE}) b
     order by abs(trend) desc, domain collate "C"`,
    [email.toLowerCase(), days, limit],
  );
  return rows;
}

/** Where a company stands among the scored ones of a person's book; null: it is none of them. */
export async function rankInBook(
  tx: Tx,
  email: string,
  companyId: string,
): Promise<{ place: number; of: number } | null> {
  const { rows } = await tx.query<{ place: number; of: number }>(
    `with ${BOOK}, scored as (
       select s.company_id, rank() over (order by s.score desc) as place, count(*) over () as of
       from book join scores s on s.company_id = book.company_id and s.workspace_id = book.workspace_id
         and s.current and s.score is not null)
     select place, of from scored where company_id = $2`,
    [email.toLowerCase(), companyId],
  );
  return rows[0] ?? null;
}
