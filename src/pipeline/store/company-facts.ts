import type { Tx } from '../../db.ts';

const LIVE = 'not deleted and merged_into is null';
/** What research builds on, as one text for each combination: which value stands in which field tells, and so does an empty one. */
export const INPUT_HASH = 'md5(row(name, website, industry, employees, country)::text)';
const FACTS = (row: string): string =>
  `(${['name', 'website', 'industry', 'employees', 'country'].map((column) => `${row}.${column}`).join(', ')})`;

/**
 * What these companies are called, and their facts, from the rows that point to them, whoever read them and when: an account's before a
 * person's, with a website before without, then the first by object, id and connection. A shorter id is the older one (HubSpot counts):
 * what a duplicate is called changes nothing. Companies that no row points to any more are
 * due on no day and keep what they were called. Counts those that are new, and those that are due again.
 */
export async function recomputeCompanies(
  tx: Tx,
  domains: readonly string[],
): Promise<{ added: number; changed: number }> {
  if (domains.length === 0) return { added: 0, changed: 0 };
  const { rows } = await tx.query<{ added: number; changed: number }>(
    `with facts as (
       select distinct on (domain) domain, object as facts_from,
              case when object in ('Account', 'company') then name else company_name end as name,
              website, industry, employees, country
       from records
       where domain = any($1) and ${LIVE}
       order by domain, (object in ('Account', 'company')) desc, (website is not null) desc, object collate "C",
         length(external_id), external_id collate "C", connection_id
     ), hashed as (
       select *, ${INPUT_HASH} as input_hash from facts
     ), saved as (
       insert into companies (workspace_id, domain, name, website, industry, employees, country, input_hash, facts_from, due_at)
       select current_workspace(), domain, coalesce(name, domain), coalesce(website, 'https://' || domain), industry, employees,
              country, input_hash, facts_from, now()
       from hashed order by domain
       on conflict (workspace_id, domain) do update set
         name = excluded.name, website = excluded.website, industry = excluded.industry, employees = excluded.employees,
         country = excluded.country, input_hash = excluded.input_hash, facts_from = excluded.facts_from,
         -- Not by the hash: the versions before made it in another way, and what they had read is not bought again for that.
         due_at = case when ${FACTS('companies')} is not distinct from ${FACTS('excluded')} then coalesce(companies.due_at, now())
           else now() end
       -- Without a day it was in no CRM any more, or not yet.
       where companies.input_hash is distinct from excluded.input_hash or companies.due_at is null
         or companies.facts_from is distinct from excluded.facts_from
       returning (xmax = 0) as is_new, due_at = now() as is_due
     ), emptied as (
       update companies set due_at = null, facts_from = null
       where domain = any($1) and domain not in (select domain from facts) and (due_at, facts_from) is distinct from (null, null)
     )
     select count(*) filter (where is_new) as added, count(*) filter (where is_due and not is_new) as changed from saved`,
    [domains],
  );
  return rows[0] ?? { added: 0, changed: 0 };
}
