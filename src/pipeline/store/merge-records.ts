import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import type { Tx } from '../../db.ts';
import { linkRecords } from './company-links.ts';
import { updateExclusions } from './exclusions.ts';
import type { LinkCounts } from './company-links.ts';
import type { MirroredRecord } from './records.ts';

const COLUMNS = [
  'object',
  'external_id',
  'domain',
  'skipped_because',
  'excluded_because',
  'name',
  'company_name',
  'website',
  'email',
  'title',
  'industry',
  'employees',
  'country',
  'owner_id',
  'parent_id',
  'modified_at',
  'deleted',
  'merged_into',
  'converted_to',
  'row_hash',
] as const;

const INCOMING = COLUMNS.map((column) => {
  if (column === 'employees') return `${column} integer`;
  if (column === 'modified_at') return `${column} timestamptz`;
  if (column === 'deleted') return `${column} boolean`;
  return `${column} text`;
}).join(', ');

const valuesOf = (record: MirroredRecord): (string | number | boolean | null)[] => [
  record.object,
  record.externalId,
  record.domain,
  record.skippedBecause,
  record.excludedBecause,
  record.name,
  record.companyName,
  record.website,
  record.email,
  record.title,
  record.industry,
  record.employees,
  record.country,
  record.ownerId,
  record.parentId,
  record.modifiedAt,
  record.deleted,
  record.mergedInto,
  record.convertedTo,
  record.rowHash,
];

// COPY's text format: tab between columns, \N for null; backslash, tab and line ends escaped. NUL has no place in a text column.
const encodeValue = (value: string | number | boolean | null): string => {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return String(value);
  return value.replace(/[\\\t\n\r\0]/g, (found) => ESCAPES[found] ?? '');
};
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '' };

/** A row that a merge added or changed. */
export type ChangedRecord = Pick<MirroredRecord, 'object' | 'externalId' | 'domain' | 'parentId'>;

/**
 * Merges one page of rows through COPY into a temporary table, and what follows from it for companies. Rows whose hash is
 * unchanged are not touched. The companies that rows mean are there before them, so that a row is written once, link and all;
 * only contacts wait for the company of their account. What a row is compared with is looked up by scalar subqueries: a first
 * sync fills tables long before their statistics are taken, and without them the planner turns joins into walks over tables.
 * @returns how many rows are new or changed, and how many companies
 */
export async function mergeRecords(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
  records: readonly MirroredRecord[],
): Promise<{ changed: number; companies: LinkCounts }> {
  if (records.length === 0) return { changed: 0, companies: { added: 0, changed: 0 } };
  // Two syncs of one connection at once (a person's and the schedule's) take turns, page by page. A server that crashes may
  // forget the last pages, and forgets their cursor with them: none waits for the disk.
  await tx.query(
    `select pg_advisory_xact_lock(hashtextextended($1, 0)), set_config('synchronous_commit', 'off', true)`,
    [at.connectionId],
  );
  await tx.query(`create temporary table if not exists incoming (${INCOMING}) on commit delete rows`);
  const copy = tx.client.query(copyFrom(`copy incoming (${COLUMNS.join(', ')}) from stdin`));
  await pipeline(Readable.from(encodeRows(latestOf(records))), copy);
  const made = await makeCompanies(tx, at.workspaceId);
  const changed = await writeRows(tx, at);
  const companies = await linkRecords(tx, at, changed, made);
  const left = new Set(records.flatMap((record) => (record.excludedBecause === null ? [] : keyOf(record))));
  await updateExclusions(
    tx,
    at.connectionId,
    changed,
    changed.filter((row) => left.has(keyOf(row))),
  );
  return { changed: changed.length, companies };
}

/** The companies that rows mean and that are not there yet, with what the rows say of them. Answers their domains. */
async function makeCompanies(tx: Tx, workspaceId: string): Promise<string[]> {
  const { rows } = await tx.query<{ domain: string }>(
    `with facts as (
       select distinct on (domain) domain, case when object in ('Account', 'company') then name else company_name end as name,
              website, industry, employees, country
       from incoming
       where domain is not null and not deleted and merged_into is null
         and (object not in ('Contact', 'contact') or parent_id is null)
         and (select c.id from companies c where c.domain = incoming.domain) is null
       order by domain, (object in ('Account', 'company')) desc, (website is not null) desc, object, external_id
     )
     insert into companies (workspace_id, domain, name, website, industry, employees, country, input_hash)
     select $1, domain, coalesce(name, domain), coalesce(website, 'https://' || domain), industry, employees, country,
            md5(concat_ws('|', name, website, industry, employees, country))
     from facts
     -- In one order everywhere, so that two connections that sync at once never wait for each other in a circle.
     order by domain
     on conflict (workspace_id, domain) do nothing
     returning domain`,
    [workspaceId],
  );
  return rows.map((row) => row.domain);
}

async function writeRows(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
): Promise<ChangedRecord[]> {
  const insert = `insert into records (workspace_id, connection_id, company_id, ${COLUMNS.join(', ')})
    select $1, $2, (select c.id from companies c where c.domain = f.domain and not f.deleted), ${COLUMNS.join(', ')} from found f`;
  const returning = 'returning object, external_id as "externalId", domain, parent_id as "parentId"';
  const { rows } = await tx.query<ChangedRecord>(
    // What is new is inserted plainly: "on conflict" would look it up again, at half the price of the whole.
    `with found as materialized (
       select i.*, (
         select r.row_hash from records r
         where r.workspace_id = $1 and r.connection_id = $2 and r.object = i.object and r.external_id = i.external_id
       ) as known
       from incoming i
     ), added as (
       ${insert} where known is null ${returning}
     ), renewed as (
       ${insert} where known <> row_hash
       on conflict (workspace_id, connection_id, object, external_id) do update set
         ${COLUMNS.slice(2)
           .map((column) => `${column} = excluded.${column}`)
           .join(', ')}, company_id = excluded.company_id, synced_at = now()
       ${returning}
     )
     select * from added union all select * from renewed`,
    [at.workspaceId, at.connectionId],
  );
  return rows;
}

const keyOf = ({ object, externalId }: Pick<ChangedRecord, 'object' | 'externalId'>): string =>
  `${object} ${externalId}`;

/** The last of several versions of one row. */
function latestOf(records: readonly MirroredRecord[]): Iterable<MirroredRecord> {
  const latest = new Map(records.map((record) => [keyOf(record), record]));
  return latest.size === records.length ? records : latest.values();
}

function* encodeRows(records: Iterable<MirroredRecord>): Generator<string> {
  // Chunks of about 64 kB keep the stream's overhead per row small.
  let chunk = '';
  for (const record of records) {
    chunk += `${valuesOf(record).map(encodeValue).join('\t')}\n`;
    if (chunk.length > 65_536) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}
