import type { Tx } from '../../db.ts';
import { recomputeCompanies } from './company-facts.ts';
import type { CompaniesFound } from './make-companies.ts';
import { ACCOUNTS, CONTACTS, placeFamilies } from './place-records.ts';
import type { MovedRecord } from './place-records.ts';
import { WRITABLE_OBJECTS } from './records.ts';
import type { ChangedRecord, RecordKey, WrittenRows } from './write-records.ts';

export type LinkCounts = { added: number; changed: number };

export type Linked = {
  counts: LinkCounts;
  /** Domains that rows came to, changed at, or left. */
  domains: ReadonlySet<string>;
  /** Records that carry our fields and belong to no company any more, by what was done to them in the CRM. */
  strayed: RecordKey[];
};

type At = { workspaceId: string; connectionId: string };

/** What a page looked up before its rows were written; `later` null: nothing was. */
type Found = Pick<CompaniesFound, 'made' | 'settled'> & { later: ReadonlySet<string> | null };

const NONE: Found = { made: [], settled: new Set(), later: null };

/**
 * Makes the companies that these changed rows of one connection mean, links the rows to them, and marks as due what is new, whose CRM
 * fields changed, or which a record came to that carries our fields. A company that rows left is called what is left says. Touches
 * only what the rows touch, so a page of a sync costs the same whatever the size of the org.
 */
export async function linkRecords(
  tx: Tx,
  at: At,
  { changed, stale }: WrittenRows,
  found: Found = NONE,
): Promise<Linked> {
  // What was made of rows that did nothing is looked at like any other.
  const made = stale === 0 ? found.made : [];
  const suspect = stale === 0 ? [] : found.made;
  if (changed.length === 0 && suspect.length === 0)
    return { counts: { added: made.length, changed: 0 }, domains: new Set(), strayed: [] };
  const moved = await placeFamilies(tx, at.connectionId, changed);
  const touched = await listTouched(tx, changed, moved, { ...found, made }, suspect);
  const counts = await recomputeCompanies(tx, [...touched]);
  // What waits for one that was made is touched, so that where nothing is, nothing waits.
  if (touched.size > 0)
    await tx.query(
      `update records r set company_id = (select c.id from companies c where c.domain = r.domain)
       where r.connection_id = $1 and r.domain = any($2) and r.company_id is null and not r.deleted`,
      [at.connectionId, [...touched, ...made]],
    );
  if (suspect.length > 0)
    await tx.query(
      `delete from companies c where c.domain = any($1) and not exists (select from records r where r.company_id = c.id)`,
      [suspect],
    );
  const due = await makeDue(tx, listJoined(changed, moved, found.later));
  return {
    counts: { added: counts.added + made.length, changed: counts.changed + due },
    domains: listDomains(changed, moved),
    strayed: listStrayed(changed, moved),
  };
}

/**
 * Domains of the companies whose facts these rows may have changed. A lead says nothing new about a company that an account gives its
 * facts, and is looked at no further, unless the company was in no CRM any more (it is due on no day). A company that was made of
 * these rows is as they say, unless others waited for it.
 */
async function listTouched(
  tx: Tx,
  changed: readonly ChangedRecord[],
  moved: readonly MovedRecord[],
  { made, settled }: Pick<CompaniesFound, 'made' | 'settled'>,
  suspect: readonly string[],
): Promise<Set<string>> {
  const isMade = new Set(made);
  const certain = new Set(suspect);
  const doubtful = new Set<string>();
  const look = (object: string, domain: string | null): void => {
    if (domain === null) return;
    if (ACCOUNTS.includes(object)) certain.add(domain);
    else if (!settled.has(domain)) doubtful.add(domain);
  };
  for (const { object, domain, parentId, was } of changed) {
    // A contact of an account made no company; where its account is nowhere, it has a say in one that others made.
    const hadSay = !(CONTACTS.includes(object) && parentId !== null);
    if (domain !== null && !(hadSay && isMade.has(domain))) look(object, domain);
    if (was !== null && was.domain !== domain) look(object, was.domain);
  }
  for (const { was, domain } of moved) for (const each of [was, domain]) if (each !== null) certain.add(each);
  const asked = [...doubtful].filter((domain) => !certain.has(domain));
  if (asked.length === 0 && made.length === 0) return certain;
  const { rows } = await tx.query<{ domain: string }>(
    `select domain from unnest($1::text[]) as people(domain)
     where not coalesce((
       select c.facts_from = any($2) from companies c where c.domain = people.domain and c.due_at is not null), false)
     union
     select domain from records where company_id is null and domain = any($3)`,
    [asked, ACCOUNTS, made],
  );
  for (const { domain } of rows) certain.add(domain);
  return certain;
}

function listDomains(changed: readonly ChangedRecord[], moved: readonly MovedRecord[]): Set<string> {
  const domains = new Set<string>();
  const add = (domain: string | null | undefined): void => {
    if (domain !== null && domain !== undefined) domains.add(domain);
  };
  for (const { domain, was } of changed) {
    add(domain);
    add(was?.domain);
  }
  for (const { domain, was } of moved) {
    add(domain);
    add(was);
  }
  return domains;
}

/** Domains that are due only later and that a record came to which carries our fields: it is to be filled soon. */
function listJoined(
  changed: readonly ChangedRecord[],
  moved: readonly MovedRecord[],
  later: ReadonlySet<string> | null,
): string[] {
  const joined = new Set<string>();
  for (const { domain, writable, was } of changed)
    if (
      writable &&
      domain !== null &&
      (later === null || later.has(domain)) &&
      !(was?.writable === true && was.domain === domain)
    )
      joined.add(domain);
  for (const { object, domain } of moved)
    if (domain !== null && WRITABLE_OBJECTS.includes(object)) joined.add(domain);
  return [...joined];
}

async function makeDue(tx: Tx, domains: readonly string[]): Promise<number> {
  if (domains.length === 0) return 0;
  const { rowCount } = await tx.query(
    'update companies set due_at = now() where domain = any($1) and due_at > now()',
    [domains],
  );
  return rowCount ?? 0;
}

/** Settings that somebody changed, a mapping that forgets the website, say, take no record's values away: only what was done to records does. */
function listStrayed(changed: readonly ChangedRecord[], moved: readonly MovedRecord[]): RecordKey[] {
  const keyOf = (row: RecordKey): string => `${row.object} ${row.externalId}`;
  const strayed = new Map<string, RecordKey>();
  for (const row of changed)
    if (row.writable && row.domain === null && row.was?.changedSince === true && row.was.domain !== null)
      strayed.set(keyOf(row), row);
  const some = changed.some(({ was }) => was?.changedSince === true);
  for (const row of moved)
    if (some && row.domain === null && WRITABLE_OBJECTS.includes(row.object)) strayed.set(keyOf(row), row);
    else strayed.delete(keyOf(row));
  return [...strayed.values()].map(({ object, externalId }) => ({ object, externalId }));
}
