import type { Tx } from '../../db.ts';
import { chunksOf } from './chunks.ts';
import type { ChangedRecord, RecordKey } from './write-records.ts';

export const CONTACTS: readonly string[] = ['Contact', 'contact'];
export const ACCOUNTS: readonly string[] = ['Account', 'company'];

/** A row that others put elsewhere: `was` and `domain` are where it belonged and belongs. */
export type MovedRecord = RecordKey & {
  was: string | null;
  domain: string | null;
};

/** What a row says itself, wherever others put it. */
const OWN = (row: string): string =>
  `case when ${row}.placed_by is null then ${row}.domain else ${row}.own_domain end`;
const ACCOUNT_OF = `case contact.object when 'Contact' then 'Account' else 'company' end`;

/**
 * An account without a website is where most of its contacts' e-mails point to (of equals the first by name), else where its name was
 * found; a contact belongs where its account does, whatever its e-mail says, and where that is nowhere, where it says. Looks at the
 * families of the rows that changed, those that they left included, so that it comes to the same in any order. Rows that move wait for
 * their link.
 */
export async function placeFamilies(
  tx: Tx,
  connectionId: string,
  changed: readonly ChangedRecord[],
): Promise<MovedRecord[]> {
  const families = new Set<string>();
  for (const { object, externalId, parentId, was } of changed) {
    if (ACCOUNTS.includes(object)) families.add(externalId);
    if (!CONTACTS.includes(object)) continue;
    if (parentId !== null) families.add(parentId);
    if (was !== null && was.parentId !== null) families.add(was.parentId);
  }
  if (families.size === 0 || !(await hasContacts(tx, connectionId))) return [];
  const moved: MovedRecord[] = [];
  for (const portion of chunksOf([...families]))
    moved.push(...(await placePortion(tx, connectionId, portion)));
  return moved;
}

/**
 * Rows that move are found again by where they lie: joined by their keys, without statistics, the table is walked through for each. Nobody
 * else moves them meanwhile.
 */
async function placePortion(
  tx: Tx,
  connectionId: string,
  families: readonly string[],
): Promise<MovedRecord[]> {
  const accounts = await tx.query<MovedRecord>(
    `with family as (
       select account.ctid as place, account.domain as was, account.placed_by, (
         select mode() within group (order by ${OWN('contact')}) from records contact
         where contact.connection_id = $1 and contact.parent_id = account.external_id
           and contact.object = case account.object when 'Account' then 'Contact' else 'contact' end
           and not contact.deleted and contact.merged_into is null) as meant
       from records account
       where account.connection_id = $1 and account.object = any($3) and account.external_id = any($2)
         and not account.deleted
         and (account.placed_by is not null or account.domain is null and account.skipped_because = 'no website')
     ), judged as (
       select *, coalesce(meant, case placed_by when 'name' then was end) as domain,
         case when meant is not null then 'contacts' when placed_by = 'name' then 'name' end as placed_now
       from family
     ), placed as materialized (
       select * from judged where (was, placed_by) is distinct from (domain, placed_now)
     )
     update records account set domain = placed.domain, placed_by = placed.placed_now, company_id = null
     from placed
     where account.ctid = placed.place
     returning account.object, account.external_id as "externalId", placed.was, account.domain`,
    [connectionId, families, ACCOUNTS],
  );
  const contacts = await tx.query<MovedRecord>(
    `with family as (
       select contact.ctid as place, contact.domain as was, contact.placed_by, ${OWN('contact')} as own, (
         select account.domain from records account
         where account.connection_id = $1 and account.object = ${ACCOUNT_OF}
           and account.external_id = contact.parent_id and not account.deleted) as meant
       from records contact
       where contact.connection_id = $1 and contact.parent_id = any($2) and contact.object = any($3) and not contact.deleted
     ), judged as (
       select *, coalesce(meant, own) as domain, case when meant <> coalesce(own, '') then 'account' end as placed_now
       from family
     ), placed as materialized (
       select * from judged where (was, placed_by) is distinct from (domain, placed_now)
     )
     update records contact set domain = placed.domain, placed_by = placed.placed_now,
       own_domain = case when placed.placed_now is not null then placed.own end, company_id = null
     from placed
     where contact.ctid = placed.place
     returning contact.object, contact.external_id as "externalId", placed.was, contact.domain`,
    [connectionId, families, CONTACTS],
  );
  return [...accounts.rows, ...contacts.rows];
}

/** Accounts are read before contacts: a first sync's have no family yet. */
async function hasContacts(tx: Tx, connectionId: string): Promise<boolean> {
  const { rows } = await tx.query<{ some: boolean }>(
    `select exists (select from records where connection_id = $1 and object = 'Contact')
       or exists (select from records where connection_id = $1 and object = 'contact') as some`,
    [connectionId],
  );
  return rows[0]?.some ?? true;
}
