import type { Tx } from '../../db.ts';

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
};

const COLUMNS = `id, domain, name, website, industry, employees, country, input_hash as "inputHash",
  enriched_at as "enrichedAt", due_at as "dueAt"`;

export async function findCompany(tx: Tx, id: string): Promise<Company | null> {
  const { rows } = await tx.query<Company>(`select ${COLUMNS} from companies where id = $1`, [id]);
  return rows[0] ?? null;
}

export async function findCompanyByDomain(tx: Tx, domain: string): Promise<Company | null> {
  const { rows } = await tx.query<Company>(`select ${COLUMNS} from companies where domain = $1`, [domain]);
  return rows[0] ?? null;
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
 * Makes the companies that mirrored rows of one connection point to, links the rows, and marks as due what is new or
 * whose CRM fields changed. Accounts and companies decide a company's name and facts; leads and contacts only where
 * no account does. Returns how many companies are new and how many changed.
 */
export async function linkCompanies(
  tx: Tx,
  workspaceId: string,
  connectionId: string,
): Promise<{ added: number; changed: number }> {
  // An account without a website is where most of its contacts' e-mails point to.
  await tx.query(
    `update records as account set domain = found.domain, skipped_because = null
     from (
       select contact.parent_id, contact.object, mode() within group (order by contact.domain) as domain
       from records contact
       where contact.connection_id = $1 and contact.object in ('Contact', 'contact') and contact.domain is not null
         and contact.parent_id is not null and not contact.deleted
       group by 1, 2
     ) as found
     where account.connection_id = $1 and account.external_id = found.parent_id and account.domain is null
       and account.skipped_because = 'no website'
       and account.object = case found.object when 'Contact' then 'Account' else 'company' end`,
    [connectionId],
  );
  // A contact belongs where its account does, whatever its e-mail says.
  await tx.query(
    `update records as contact set domain = account.domain, skipped_because = null
     from records as account
     where contact.connection_id = $1 and contact.object in ('Contact', 'contact') and contact.parent_id is not null
       and account.connection_id = contact.connection_id and account.external_id = contact.parent_id
       and account.object = case contact.object when 'Contact' then 'Account' else 'company' end
       and account.domain is not null and contact.domain is distinct from account.domain and not contact.deleted`,
    [connectionId],
  );
  const { rows } = await tx.query<{ added: number; changed: number }>(
    `with touched as (
       select distinct domain from records
       where connection_id = $2 and domain is not null and not deleted and company_id is null
       union
       select distinct r.domain from records r join companies c on c.id = r.company_id and c.workspace_id = r.workspace_id
       where r.connection_id = $2 and not r.deleted and r.domain is not null
         and (r.domain <> c.domain or (r.synced_at >= coalesce(c.enriched_at, c.created_at)))
     ), facts as (
       select distinct on (r.domain) r.domain,
              case when r.object in ('Account', 'company') then r.name else r.company_name end as name,
              r.website, r.industry, r.employees, r.country
       from records r join touched using (domain)
       where not r.deleted and r.merged_into is null
       order by r.domain, (r.object in ('Account', 'company')) desc, (r.website is not null) desc, r.object, r.external_id
     ), hashed as (
       select *, md5(concat_ws('|', name, website, industry, employees, country)) as input_hash from facts
     ), saved as (
       insert into companies (workspace_id, domain, name, website, industry, employees, country, input_hash, due_at)
       select $1, domain, coalesce(name, domain), coalesce(website, 'https://' || domain), industry, employees, country,
              input_hash, now()
       from hashed
       on conflict (workspace_id, domain) do update set
         name = excluded.name, website = excluded.website, industry = excluded.industry, employees = excluded.employees,
         country = excluded.country, input_hash = excluded.input_hash, due_at = now()
       where companies.input_hash is distinct from excluded.input_hash
       returning (xmax = 0) as is_new
     )
     select count(*) filter (where is_new) as added, count(*) filter (where not is_new) as changed from saved`,
    [workspaceId, connectionId],
  );
  await tx.query(
    `update records r set company_id = c.id from companies c
     where r.connection_id = $1 and c.domain = r.domain and r.company_id is distinct from c.id`,
    [connectionId],
  );
  await tx.query(
    `update records set company_id = null
     where connection_id = $1 and company_id is not null and (domain is null or deleted)`,
    [connectionId],
  );
  return rows[0] ?? { added: 0, changed: 0 };
}

/** Notes that the company was enriched; it is due again at `dueAt`. A change that came meanwhile keeps it due now. */
export async function noteEnriched(tx: Tx, id: string, inputHash: string, dueAt: Date): Promise<void> {
  await tx.query(
    `update companies set enriched_at = now(),
       due_at = case when input_hash = $2 then $3 else due_at end
     where id = $1`,
    [id, inputHash, dueAt],
  );
}

/** Which companies a run takes: those of the given domains, those that are due, or all; by domain, so that it repeats. */
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
       and ($2::text[] is null or c.domain = any($2))
     order by c.domain collate "C" limit $3`,
    [filter.dueOnly ?? false, filter.domains ?? null, filter.limit ?? null],
  );
  return rows.map((row) => row.id);
}
