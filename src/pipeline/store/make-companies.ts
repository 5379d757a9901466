import { randomUUID } from 'node:crypto';
import type { Tx } from '../../db.ts';
import { attempt } from './attempt.ts';
import { INPUT_HASH } from './company-facts.ts';
import { ACCOUNTS, CONTACTS } from './place-records.ts';
import type { MirroredRecord } from './records.ts';

export type CompaniesFound = {
  /** By domain. */
  ids: ReadonlyMap<string, string>;
  /** Domains of those that are new. */
  made: string[];
  /** Domains of those that leads and contacts say nothing new about: they are due on some day, and an account gives their facts. */
  settled: ReadonlySet<string>;
  /** Domains of those that are due later than now. */
  later: ReadonlySet<string>;
};

/** What rows say of companies: the domains that they mean, and of each the row that knows best. */
export type MeantCompanies = {
  domains: readonly string[];
  facts: ReadonlyMap<string, MirroredRecord>;
};

/** Not for contacts of an account: they belong where it does. Rows are compared here and not in SQL, where each of them would be looked up and sorted. */
export function listMeant(records: readonly MirroredRecord[]): MeantCompanies {
  const facts = new Map<string, MirroredRecord>();
  const domains = new Set<string>();
  for (const record of records) {
    const { domain } = record;
    if (domain === null || record.deleted) continue;
    domains.add(domain);
    if (record.mergedInto !== null || (CONTACTS.includes(record.object) && record.parentId !== null))
      continue;
    const other = facts.get(domain);
    if (other === undefined || knowsBetter(record, other)) facts.set(domain, record);
  }
  return { domains: [...domains], facts };
}

/** The companies that rows mean: those that are there, and those that are made of what the rows say. */
export async function findOrMakeCompanies(
  tx: Tx,
  workspaceId: string,
  { domains, facts }: MeantCompanies,
): Promise<CompaniesFound> {
  const found = await findCompanies(tx, domains);
  const ids = new Map(found.map(({ domain, id }) => [domain, id]));
  const settled = new Set(found.flatMap(({ domain, isSettled }) => (isSettled ? domain : [])));
  const later = new Set(found.flatMap(({ domain, isLater }) => (isLater ? domain : [])));
  // In one order everywhere, so that two connections that sync at once never wait for each other in a circle.
  const missing = [...facts]
    .filter(([domain]) => !ids.has(domain))
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  if (missing.length === 0) return { ids, made: [], settled, later };
  const made = await makeCompanies(tx, workspaceId, missing);
  for (const [domain, id] of made) ids.set(domain, id);
  // Made by another connection in this very moment.
  const late = missing.flatMap(([domain]) => (ids.has(domain) ? [] : domain));
  if (late.length > 0) for (const { domain, id } of await findCompanies(tx, late)) ids.set(domain, id);
  return { ids, made: [...made.keys()], settled, later };
}

/** Accounts decide what a company is called, those with a website first; between equals the first that was made, as in company-facts.ts. */
function knowsBetter(one: MirroredRecord, other: MirroredRecord): boolean {
  // Without a text for each row, thousands of which are compared in a merge.
  const rank = ({ object, website }: MirroredRecord): number =>
    (ACCOUNTS.includes(object) ? 0 : 2) + (website === null ? 1 : 0);
  const byRank = rank(one) - rank(other);
  if (byRank !== 0) return byRank < 0;
  if (one.object !== other.object) return one.object < other.object;
  const byLength = one.externalId.length - other.externalId.length;
  return byLength === 0 ? one.externalId < other.externalId : byLength < 0;
}

type Known = { domain: string; id: string; isSettled: boolean; isLater: boolean };

async function findCompanies(tx: Tx, domains: readonly string[]): Promise<Known[]> {
  if (domains.length === 0) return [];
  const { rows } = await tx.query<Known>(
    `select domain, id, due_at is not null and coalesce(facts_from = any($2), false) as "isSettled",
       coalesce(due_at > now(), false) as "isLater"
     from companies where domain = any($1)`,
    [domains, ACCOUNTS],
  );
  return rows;
}

/** Their ids by domain; not of those that somebody else made in this very moment. */
async function makeCompanies(
  tx: Tx,
  workspaceId: string,
  facts: readonly (readonly [string, MirroredRecord])[],
): Promise<ReadonlyMap<string, string>> {
  const column = <T>(of: (record: MirroredRecord) => T): T[] => facts.map(([, record]) => of(record));
  // Ids of ours, so that none have to be told.
  const ids = new Map(facts.map(([domain]) => [domain, randomUUID()]));
  const values = [
    workspaceId,
    [...ids.values()],
    [...ids.keys()],
    column((record) => (ACCOUNTS.includes(record.object) ? record.name : record.companyName)),
    column((record) => record.website),
    column((record) => record.industry),
    column((record) => record.employees),
    column((record) => record.country),
    column((record) => record.object),
  ];
  const insert = (otherwise: string) =>
    tx.query<{ domain: string }>(
      `insert into companies (workspace_id, id, domain, name, website, industry, employees, country, input_hash, facts_from)
       select $1, id, domain, coalesce(name, domain), coalesce(website, 'https://' || domain), industry, employees, country,
              ${INPUT_HASH}, facts_from
       from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[], $9::text[])
         as made (id, domain, name, website, industry, employees, country, facts_from)
       ${otherwise}`,
      values,
    );
  // Nobody else should make them in this very moment, and looking each up again takes a sixth of the whole.
  if ((await attempt(tx, () => insert(''))) !== null) return ids;
  const { rows } = await insert('on conflict (workspace_id, domain) do nothing returning domain');
  const made = new Set(rows.map(({ domain }) => domain));
  return new Map([...ids].filter(([domain]) => made.has(domain)));
}
