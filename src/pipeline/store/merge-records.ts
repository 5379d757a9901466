import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import type { Tx } from '../../db.ts';
import { findOrMakeCompanies, listMeant } from './make-companies.ts';
import type { MeantCompanies } from './make-companies.ts';
import { linkRecords } from './company-links.ts';
import type { LinkCounts } from './company-links.ts';
import { updateExclusions } from './exclusions.ts';
import { planAnew } from './plan-anew.ts';
import type { MirroredRecord } from './records.ts';
import { COLUMNS, insertFresh, writeRows } from './write-records.ts';
import type { RecordKey } from './write-records.ts';

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
  return SPECIAL.test(value) ? value.replace(/[\\\t\n\r\0]/g, (found) => ESCAPES[found] ?? '') : value;
};
const SPECIAL = /[\\\t\n\r\0]/;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '' };

export type Merged = {
  changed: number;
  companies: LinkCounts;
  /** Records that carry our fields and belong to no company any more: what was planned for them is cancelled. */
  strayed: RecordKey[];
};

export const NOTHING_MERGED: Merged = { changed: 0, companies: { added: 0, changed: 0 }, strayed: [] };

/**
 * Merges one page of rows through COPY into a temporary table, and what follows from it for companies; in its workspace's turn. Rows whose hash is
 * unchanged keep what they say. The companies that rows mean are there before them, so that a row is written once, link and all;
 * only contacts wait for the company of their account. What a row is compared with is looked up by scalar subqueries: a first
 * sync fills tables long before their statistics are taken, and without them the planner turns joins into walks over tables.
 * @param options fresh: no row should be there yet
 * @returns how many rows are new or changed, how many companies, and which records lost theirs
 */
export async function mergeRecords(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
  { latest, mirrored, meant }: GatheredRecords,
  { fresh = false }: { fresh?: boolean } = {},
): Promise<Merged> {
  if (latest.length === 0) return NOTHING_MERGED;
  const companies = await findOrMakeCompanies(tx, at.workspaceId, meant);
  await planAnew(tx, companies.made.length);
  await tx.query(
    `create temporary table if not exists incoming (${INCOMING}, company_id uuid) on commit delete rows`,
  );
  const copy = tx.client.query(copyFrom(`copy incoming (${COLUMNS.join(', ')}, company_id) from stdin`));
  await pipeline(Readable.from(linesOf(latest, companies.ids)), copy);
  const written = (fresh ? await insertFresh(tx, at, mirrored) : null) ?? (await writeRows(tx, at));
  const linked = await linkRecords(tx, at, written, companies);
  await updateExclusions(tx, at.connectionId, {
    domains: linked.domains,
    excluding: written.changed.filter(({ excluded }) => excluded),
    strayed: linked.strayed,
  });
  return { changed: written.changed.length, companies: linked.counts, strayed: linked.strayed };
}

/** The latest of several versions of one row; of those with one stamp the last that was read. */
function latestOf(rows: readonly PreparedRecord[]): readonly PreparedRecord[] {
  const latest = new Map<string, PreparedRecord>();
  for (const row of rows) {
    const key = `${row.record.object} ${row.record.externalId}`;
    const other = latest.get(key);
    if (other === undefined || other.record.modifiedAt <= row.record.modifiedAt) latest.set(key, row);
  }
  return latest.size === rows.length ? rows : [...latest.values()];
}

/** Rows on their way to the database, and what they say of companies. */
export type GatheredRecords = {
  latest: readonly PreparedRecord[];
  mirrored: readonly MirroredRecord[];
  meant: MeantCompanies;
};

/** What of a merge takes no database: done before its turn, while that is busy with the rows before. */
export function gatherRecords(records: readonly PreparedRecord[]): GatheredRecords {
  const latest = latestOf(records);
  const mirrored = latest.map(({ record }) => record);
  return { latest, mirrored, meant: listMeant(mirrored) };
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
