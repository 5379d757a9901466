import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import type { Tx } from '../../db.ts';
import { findOrMakeCompanies } from './make-companies.ts';
import { linkRecords } from './company-links.ts';
import type { LinkCounts } from './company-links.ts';
import { updateExclusions } from './exclusions.ts';
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
 * only contacts wait for the company of their account. A row that was read before the one that is here does nothing: several read
 * at once. What a row is compared with is looked up by scalar subqueries: a first
 * sync fills tables long before their statistics are taken, and without them the planner turns joins into walks over tables.
 * @param options fresh: no row should be there yet; touch: a row whose hash is unchanged still says when it was modified, which
 *   keeps what was read in between from counting as newer (a write per row, so not for whole syncs)
 * @returns how many rows are new or changed, and how many companies
 */
export async function mergeRecords(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
  records: readonly PreparedRecord[],
  { fresh = false, touch = false }: { fresh?: boolean; touch?: boolean } = {},
): Promise<{ changed: number; companies: LinkCounts }> {
  if (records.length === 0) return { changed: 0, companies: { added: 0, changed: 0 } };
  // Two syncs of one connection at once (a person's and the schedule's) take turns, page by page. A server that crashes may
  // forget the last pages, and forgets their cursor with them: none waits for the disk.
  await tx.query(
    `select pg_advisory_xact_lock(hashtextextended($1, 0)), set_config('synchronous_commit', 'off', true)`,
    [at.connectionId],
  );
  const latest = latestOf(records);
  const companies = await findOrMakeCompanies(
    tx,
    at.workspaceId,
    latest.map(({ record }) => record),
  );
  await tx.query(
    `create temporary table if not exists incoming (${INCOMING}, company_id uuid) on commit delete rows`,
  );
  const copy = tx.client.query(copyFrom(`copy incoming (${COLUMNS.join(', ')}, company_id) from stdin`));
  await pipeline(Readable.from(linesOf(latest, companies.ids)), copy);
  const changed = (fresh ? await insertFresh(tx, at, latest) : null) ?? (await writeRows(tx, at));
  if (touch) await touchRows(tx, at);
  const linked = await linkRecords(tx, at, changed, companies);
  const left = new Set(
    latest.flatMap(({ record }) => (record.excludedBecause === null ? [] : keyOf(record))),
  );
  await updateExclusions(
    tx,
    at.connectionId,
    changed,
    changed.filter((row) => left.has(keyOf(row))),
  );
  return { changed: changed.length, companies: linked };
}

async function writeRows(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
): Promise<ChangedRecord[]> {
  const insert = `insert into records (workspace_id, connection_id, company_id, ${COLUMNS.join(', ')})
    select $1, $2, company_id, ${COLUMNS.join(', ')} from found`;
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
       where records.modified_at <= excluded.modified_at
       ${returning}
     )
     select * from added union all select * from renewed`,
    [at.workspaceId, at.connectionId],
  );
  return rows;
}

async function touchRows(tx: Tx, at: { workspaceId: string; connectionId: string }): Promise<void> {
  await tx.query(
    `update records r set modified_at = i.modified_at from incoming i
     where r.workspace_id = $1 and r.connection_id = $2 and r.object = i.object and r.external_id = i.external_id
       and r.row_hash = i.row_hash and r.modified_at < i.modified_at`,
    [at.workspaceId, at.connectionId],
  );
}

/**
 * The same for rows none of which should be there: they are not looked up, nor told again. Null when one was, and nothing has
 * happened then.
 */
async function insertFresh(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
  rows: readonly PreparedRecord[],
): Promise<ChangedRecord[] | null> {
  await tx.query('savepoint fresh');
  try {
    await tx.query(
      `insert into records (workspace_id, connection_id, company_id, ${COLUMNS.join(', ')})
       select $1, $2, company_id, ${COLUMNS.join(', ')} from incoming`,
      [at.workspaceId, at.connectionId],
    );
    return rows.map(({ record }) => record);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    await tx.query('rollback to savepoint fresh');
    return null;
  }
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

const keyOf = ({ object, externalId }: Pick<ChangedRecord, 'object' | 'externalId'>): string =>
  `${object} ${externalId}`;

/** The last of several versions of one row. */
function latestOf(rows: readonly PreparedRecord[]): readonly PreparedRecord[] {
  const latest = new Map(rows.map((row) => [keyOf(row.record), row]));
  return latest.size === rows.length ? rows : [...latest.values()];
}

/** A row as it goes to the database, its company apart. */
export type PreparedRecord = { record: MirroredRecord; line: string };

/** Done while the database is busy with the rows before. */
export const prepareRecord = (record: MirroredRecord): PreparedRecord => ({
  record,
  line: valuesOf(record).map(encodeValue).join('\t'),
});

function* linesOf(
  rows: readonly PreparedRecord[],
  companies: ReadonlyMap<string, string>,
): Generator<string> {
  // Chunks of about 64 kB keep the stream's overhead per row small.
  let chunk = '';
  for (const { record, line } of rows) {
    const company = record.deleted ? undefined : companies.get(record.domain ?? '');
    chunk += `${line}\t${company ?? '\\N'}\n`;
    if (chunk.length > 65_536) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}
