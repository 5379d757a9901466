import type { Tx } from '../../db.ts';
import type { ChangedRecord } from './records.ts';

export type LinkCounts = { added: number; changed: number };

const CONTACTS = ['Contact', 'contact'];

/**
 * Makes the companies that these changed rows of one connection mean, links the rows to them, and marks as due what is new
 * or whose CRM fields changed. Touches only what the rows touch, so a page of a sync costs the same whatever the size of
 * the org. Accounts and companies decide a company's name and facts; leads and contacts only where no account does.
 * `companiesMade`: how many of the companies the merge of these rows has made already.
 */
export async function linkRecords(
  tx: Tx,
  workspaceId: string,
  connectionId: string,
  changed: readonly ChangedRecord[],
  companiesMade = 0,
): Promise<LinkCounts> {
  if (changed.length === 0) return { added: companiesMade, changed: 0 };
  const families = new Set(
    changed.flatMap((row) => (CONTACTS.includes(row.object) ? (row.parentId ?? []) : row.externalId)),
  );
  const moved = await followFamilies(tx, connectionId, [...families]);
  const domains = [...new Set([...changed.flatMap((row) => row.domain ?? []), ...moved])];
  const counts = await saveCompanies(tx, workspaceId, domains);
  await tx.query(
    `update records r set company_id = c.id from companies c
     where r.connection_id = $1 and r.domain = any($2) and c.domain = r.domain and not r.deleted
       and r.company_id is distinct from c.id`,
    [connectionId, domains],
  );
  await tx.query(
    `update records set company_id = null
     where connection_id = $1 and external_id = any($2) and company_id is not null and (domain is null or deleted)`,
    [connectionId, changed.map((row) => row.externalId)],
  );
  // A company that came with these rows was made empty and filled just now.
  return { added: counts.added + companiesMade, changed: Math.max(0, counts.changed - companiesMade) };
}

/**
 * An account without a website is where most of its contacts' e-mails point to; a contact belongs where its account does,
 * whatever its e-mail says. Answers the domains that rows were moved to.
 */
async function followFamilies(
  tx: Tx,
  connectionId: string,
  accountIds: readonly string[],
): Promise<string[]> {
  if (accountIds.length === 0) return [];
  const accounts = await tx.query<{ domain: string }>(
    `update records as account set domain = found.domain, skipped_because = null
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
    [connectionId, accountIds, CONTACTS],
  );
  const contacts = await tx.query<{ domain: string }>(
    `update records as contact set domain = account.domain, skipped_because = null
     from records as account
     where contact.connection_id = $1 and contact.parent_id = any($2) and contact.object = any($3)
       and account.connection_id = $1 and account.external_id = contact.parent_id
       and account.object = case contact.object when 'Contact' then 'Account' else 'company' end
       and account.domain is not null and contact.domain is distinct from account.domain and not contact.deleted
     returning contact.domain`,
    [connectionId, accountIds, CONTACTS],
  );
  return [...accounts.rows, ...contacts.rows].map((row) => row.domain);
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
       order by domain, (object in ('Account', 'company')) desc, (website is not null) desc, object, external_id
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
