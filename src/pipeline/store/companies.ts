import type { Tx } from '../../db.ts';
import { chunksOf } from './chunks.ts';
import { WRITABLE_OBJECTS } from './records.ts';
import { takeTurn } from './turns.ts';

/** One real company in a workspace, keyed by registrable domain. */
export type Company = {
  id: string;
  domain: string;
  name: string;
  website: string;
  industry: string | null;
  employees: number | null;
  country: string | null;
  inputHash: string;
  enrichedAt: Date | null;
  dueAt: Date | null;
  /** Why it is left out of research; null: it is not. */
  excludedBecause: string | null;
};

const COLUMNS = `id, domain, name, website, industry, employees, country, input_hash as "inputHash",
  enriched_at as "enrichedAt", due_at as "dueAt", excluded_because as "excludedBecause"`;

export async function findCompany(tx: Tx, id: string): Promise<Company | null> {
  const { rows } = await tx.query<Company>(`select ${COLUMNS} from companies where id = $1`, [id]);
  return rows[0] ?? null;
}

export async function findCompanyByDomain(tx: Tx, domain: string): Promise<Company | null> {
  const { rows } = await tx.query<Company>(`select ${COLUMNS} from companies where domain = $1`, [domain]);
  return rows[0] ?? null;
}

/** Names and domains by id, of those that are there. */
export async function nameCompanies(
  tx: Tx,
  ids: readonly string[],
): Promise<Map<string, Pick<Company, 'name' | 'domain'>>> {
  if (ids.length === 0) return new Map();
  const { rows } = await tx.query<Pick<Company, 'id' | 'name' | 'domain'>>(
    'select id, name, domain from companies where id = any($1)',
    [[...new Set(ids)]],
  );
  return new Map(rows.map(({ id, name, domain }) => [id, { name, domain }]));
}

/** The company of that domain, made if need be (it may be in no CRM). */
export async function ensureCompany(
  tx: Tx,
  workspaceId: string,
  company: { domain: string; name?: string },
): Promise<Company> {
  await tx.query(
    `insert into companies (workspace_id, domain, name, website, due_at) values ($1, $2, $3, $4, null)
     on conflict (workspace_id, domain) do nothing`,
    [workspaceId, company.domain, company.name ?? company.domain, `https://${company.domain}`],
  );
  const found = await findCompanyByDomain(tx, company.domain);
  if (found === null) throw new Error(`company ${company.domain} vanished while it was being made`);
  return found;
}

/**
 * The ids of the companies of these domains in that order, each once, made where need be: they may be in no CRM. Where some are new it
 * takes the workspace's turn: a sync makes companies in two steps, and so in no one order.
 */
export async function ensureCompanies(
  tx: Tx,
  workspaceId: string,
  domains: readonly string[],
): Promise<string[]> {
  const named = [...new Set(domains)];
  const found = await findIds(tx, named);
  const missing = named.filter((domain) => !found.has(domain));
  if (missing.length > 0) {
    await takeTurn(tx, workspaceId);
    for (const chunk of chunksOf(missing))
      await tx.query(
        `insert into companies (workspace_id, domain, name, website, due_at)
         select $1, domain, domain, 'https://' || domain, null from unnest($2::text[]) as domain
         on conflict (workspace_id, domain) do nothing`,
        [workspaceId, chunk],
      );
    for (const [domain, id] of await findIds(tx, missing)) found.set(domain, id);
  }
  return named.flatMap((domain) => found.get(domain) ?? []);
}

async function findIds(tx: Tx, domains: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const chunk of chunksOf(domains)) {
    const { rows } = await tx.query<{ id: string; domain: string }>(
      'select id, domain from companies where domain = any($1)',
      [chunk],
    );
    for (const { id, domain } of rows) found.set(domain, id);
  }
  return found;
}

/**
 * Notes that the company was enriched; it is due again at `dueAt`, if a record of a CRM still points to it: one that somebody
 * only asked about once would cost money every week. A change that came meanwhile keeps it due now, and so does a record that carries our
 * fields and came to it since the work began: what was to be written may have been decided without it.
 */
export async function noteEnriched(
  tx: Tx,
  id: string,
  { inputHash, startedAt, dueAt }: { inputHash: string; startedAt: Date; dueAt: Date },
): Promise<void> {
  await tx.query(
    `update companies set enriched_at = now(),
       due_at = case when input_hash <> $2 then due_at
         when exists (select from records r where r.company_id = companies.id and r.workspace_id = companies.workspace_id
           and r.synced_at >= $4 and r.object = any($5) and not r.deleted) then now()
         when exists (select from records r where r.company_id = companies.id and r.workspace_id = companies.workspace_id) then $3
       end
     where id = $1`,
    [id, inputHash, dueAt, startedAt, WRITABLE_OBJECTS],
  );
}

/** Which companies a run takes: those of the given domains, those that are due, or all, but for those left out; by domain, so that it repeats. */
export async function listCompanyIds(
  tx: Tx,
  filter: { dueOnly?: boolean; domains?: readonly string[]; limit?: number },
): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `select c.id from companies c
     where (not $1 or (c.due_at <= now() and not exists (
              select from run_items i join runs r on r.id = i.run_id and r.workspace_id = i.workspace_id
              where i.company_id = c.id and i.workspace_id = c.workspace_id and i.state in ('queued', 'working')
                and r.state in ('running', 'paused'))))
       and ($2::text[] is null or c.domain = any($2)) and c.excluded_because is null
     order by c.domain collate "C" limit $3`,
    [filter.dueOnly ?? false, filter.domains ?? null, filter.limit ?? null],
  );
  return rows.map((row) => row.id);
}
