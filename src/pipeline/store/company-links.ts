import type { Tx } from '../../db.ts';
import type { CompaniesFound } from './make-companies.ts';
import type { ChangedRecord } from './merge-records.ts';

export type LinkCounts = { added: number; changed: number };

type At = { workspaceId: string; connectionId: string };

const CONTACTS: readonly string[] = ['Contact', 'contact'];
const ACCOUNTS: readonly string[] = ['Account', 'company'];

/**
 * Makes the companies that these changed rows of one connection mean, links the rows to them, and marks as due what is new
 * or whose CRM fields changed. Touches only what the rows touch, so a page of a sync costs the same whatever the size of
 * the org. Accounts and companies decide a company's name and facts; leads and contacts only where no account does.
 * `made`: domains of companies that were made of these very rows.
 */
export async function linkRecords(
  tx: Tx,
  at: At,
  changed: readonly ChangedRecord[],
  { made, settled }: Pick<CompaniesFound, 'made' | 'settled'> = { made: [], settled: new Set() },
): Promise<LinkCounts> {
  if (changed.length === 0) return { added: made.length, changed: 0 };
  const moved = await followFamilies(tx, at.connectionId, changed);
  const domains = await listTouchedDomains(tx, changed, moved, { made, settled });
  const counts = await saveCompanies(tx, at.workspaceId, domains);
  await tx.query(
    `update records r set company_id = (select c.id from companies c where c.domain = r.domain)
     where r.connection_id = $1 and r.domain = any($2) and r.company_id is null and not r.deleted`,
    [at.connectionId, [...domains, ...made]],
  );
  return { ...counts, added: counts.added + made.length };
}

/**
 * An account without a website is where most of its contacts' e-mails point to; a contact belongs where its account does,
 * whatever its e-mail says. Answers the domains that rows were moved to; those rows wait for their link.
 */
async function followFamilies(
  tx: Tx,
  connectionId: string,
  changed: readonly ChangedRecord[],
): Promise<string[]> {
  const families = new Set(
    changed.flatMap(({ object, externalId, parentId }) => {
      if (CONTACTS.includes(object)) return parentId ?? [];
      return ACCOUNTS.includes(object) ? externalId : [];
    }),
  );
  if (families.size === 0) return [];
  const accounts = await tx.query<{ domain: string }>(
    `update records as account set domain = found.domain, company_id = null, skipped_because = null
     from (
       select contact.parent_id, contact.object, mode() within group (order by contact.domain) as domain
       from records contact
       where contact.connection_id = $1 and contact.parent_id = any($2) and contact.object = any($3)
         and contact.domain is not null and not contact.deleted
       group by 1, 2
     ) as found
     where account.connection_id = $1 and account.external_id = found.parent_id and account.domain is null
       and not account.deleted and account.skipped_because = 'no website'
       and account.object = case found.object when 'Contact' then 'Account' else 'company' end
     returning account.domain`,
    [connectionId, [...families], CONTACTS],
  );
  const contacts = await tx.query<{ domain: string }>(
    `update records as contact set domain = account.domain, company_id = null, skipped_because = null
     from records as account
     where contact.connection_id = $1 and contact.parent_id = any($2) and contact.object = any($3)
       and account.connection_id = $1 and account.external_id = contact.parent_id
       and account.object = case contact.object when 'Contact' then 'Account' else 'company' end
       and account.domain is not null and contact.domain is distinct from account.domain and not contact.deleted
     returning contact.domain`,
    [connectionId, [...families], CONTACTS],
  );
  return [...accounts.rows, ...contacts.rows].map((row) => row.domain);
}

/**
 * Domains of the companies whose facts these rows may have changed. A lead says nothing new about a company that has an
 * account, and is looked at no further, unless the company was in no CRM any more (it is due on no day). A company that was
 * made of these rows is as they say, unless others waited for it.
 */
async function listTouchedDomains(
  tx: Tx,
  changed: readonly ChangedRecord[],
  moved: readonly string[],
  { made, settled }: Pick<CompaniesFound, 'made' | 'settled'>,
): Promise<string[]> {
  const isMade = new Set(made);
  const certain = new Set(moved);
  const doubtful = new Set<string>();
  for (const { object, domain } of changed) {
    if (domain === null || isMade.has(domain)) continue;
    if (ACCOUNTS.includes(object)) certain.add(domain);
    else if (!settled.has(domain)) doubtful.add(domain);
  }
  const { rows } = await tx.query<{ domain: string }>(
    `select domain from unnest($1::text[]) as people(domain)
     where not coalesce((
       select exists (
         select from records a
         where a.domain = c.domain and a.object = any($2) and not a.deleted and a.merged_into is null)
       from companies c where c.domain = people.domain and c.due_at is not null), false)
     union
     select domain from records where company_id is null and domain = any($3)`,
    [[...doubtful].filter((domain) => !certain.has(domain)), ACCOUNTS, made],
  );
  return [...new Set([...certain, ...rows.map((row) => row.domain)])];
}

async function saveCompanies(tx: Tx, workspaceId: string, domains: readonly string[]): Promise<LinkCounts> {
  if (domains.length === 0) return { added: 0, changed: 0 };
  const { rows } = await tx.query<LinkCounts>(
    `with facts as (
       select distinct on (domain) domain,
              case when object in ('Account', 'company') then name else company_name end as name,
              website, industry, employees, country
       from records
       where domain = any($2) and not deleted and merged_into is null
       order by domain, (object in ('Account', 'company')) desc, (website is not null) desc, object collate "C", external_id collate "C"
     ), hashed as (
       select *, md5(concat_ws('|', name, website, industry, employees, country)) as input_hash from facts
     ), saved as (
       insert into companies (workspace_id, domain, name, website, industry, employees, country, input_hash, due_at)
       select $1, domain, coalesce(name, domain), coalesce(website, 'https://' || domain), industry, employees, country,
              input_hash, now()
       from hashed
       -- In one order everywhere, so that two connections that sync at once never wait for each other in a circle.
       order by domain
       on conflict (workspace_id, domain) do update set
         name = excluded.name, website = excluded.website, industry = excluded.industry, employees = excluded.employees,
         country = excluded.country, input_hash = excluded.input_hash, due_at = now()
       -- Without a day it was in no CRM any more, or not yet.
       where companies.input_hash is distinct from excluded.input_hash or companies.due_at is null
       returning (xmax = 0) as is_new
     )
     select count(*) filter (where is_new) as added, count(*) filter (where not is_new) as changed from saved`,
    [workspaceId, domains],
  );
  return rows[0] ?? { added: 0, changed: 0 };
}
