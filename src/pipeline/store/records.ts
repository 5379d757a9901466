import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import type { CrmObject, CrmRecord } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';

/** One CRM row that we mirror. */
export type MirroredRecord = Omit<CrmRecord, 'isPerson' | 'ours'> & {
  domain: string | null;
  /** Why it leads to no company. */
  skippedBecause: string | null;
  /** Hash of everything that research, pitch or matching depend on. */
  rowHash: string;
};

const COLUMNS = [
  'object',
  'external_id',
  'domain',
  'skipped_because',
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

export type Merged = {
  changed: ChangedRecord[];
  /** Companies that were made for them, known by their domain alone so far. */
  companiesMade: number;
};

/**
 * Merges one page of rows through COPY into a temporary table: rows whose hash is unchanged are not touched. The last
 * of several versions of one row wins. The companies that rows mean are there before them, so that a row is written once,
 * link and all; only contacts wait for the company of their account.
 */
export async function mergeRecords(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
  records: readonly MirroredRecord[],
): Promise<Merged> {
  if (records.length === 0) return { changed: [], companiesMade: 0 };
  // Two syncs of one connection at once (a person's and the schedule's) take turns, page by page.
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [at.connectionId]);
  await tx.query(
    `create temporary table if not exists incoming
     (line bigint generated always as identity, ${INCOMING}) on commit delete rows`,
  );
  const copy = tx.client.query(copyFrom(`copy incoming (${COLUMNS.join(', ')}) from stdin`));
  await pipeline(Readable.from(encodeRows(records)), copy);
  const made = await tx.query(
    `insert into companies (workspace_id, domain, name, website)
     select $1, domain, domain, 'https://' || domain from (
       select distinct domain from incoming
       where domain is not null and not deleted and merged_into is null
         and (object not in ('Contact', 'contact') or parent_id is null)) as meant
     where not exists (select from companies c where c.domain = meant.domain)
     -- In one order everywhere, so that two connections that sync at once never wait for each other in a circle.
     order by domain
     on conflict (workspace_id, domain) do nothing`,
    [at.workspaceId],
  );
  const { rows: changed } = await tx.query<ChangedRecord>(
    `insert into records (workspace_id, connection_id, company_id, ${COLUMNS.join(', ')})
     select $1, $2, c.id, ${COLUMNS.map((column) => `latest.${column}`).join(', ')} from (
       select distinct on (object, external_id) * from incoming order by object, external_id, line desc) as latest
     left join companies c on c.domain = latest.domain and not latest.deleted
     on conflict (workspace_id, connection_id, object, external_id) do update set
       ${COLUMNS.slice(2)
         .map((column) => `${column} = excluded.${column}`)
         .join(', ')}, company_id = excluded.company_id, synced_at = now()
     where records.row_hash is distinct from excluded.row_hash
     returning object, external_id as "externalId", domain, parent_id as "parentId"`,
    [at.workspaceId, at.connectionId],
  );
  return { changed, companiesMade: made.rowCount ?? 0 };
}

function* encodeRows(records: readonly MirroredRecord[]): Generator<string> {
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

/** Objects that carry our fields. */
export const WRITABLE_OBJECTS: readonly CrmObject[] = ['Account', 'Lead', 'company', 'contact'];

/** A record of a company that carries our fields. */
export type CompanyRecord = { connectionId: string; object: CrmObject; externalId: string };

/** The rows of both CRMs that point to the company and can be written to: neither deleted nor merged away nor converted. */
export async function listWritableRecords(
  tx: Tx,
  companyId: string,
  objects: readonly CrmObject[],
): Promise<CompanyRecord[]> {
  const { rows } = await tx.query<CompanyRecord>(
    `select connection_id as "connectionId", object, external_id as "externalId" from records
     where company_id = $1 and object = any($2) and not deleted and merged_into is null and converted_to is null
     order by connection_id, object, external_id`,
    [companyId, objects],
  );
  return rows;
}

/** A person in a CRM who works at the company. */
export type CompanyContact = {
  connectionId: string;
  object: CrmObject;
  externalId: string;
  name: string;
  title: string | null;
  email: string | null;
};

/** Leads and contacts of the company: by e-mail domain, website, or the account that they belong to. At most 500. */
export async function listContacts(tx: Tx, companyId: string): Promise<CompanyContact[]> {
  const { rows } = await tx.query<CompanyContact>(
    `select connection_id as "connectionId", object, external_id as "externalId", name, title, email from records
     where company_id = $1 and object in ('Lead', 'Contact', 'contact') and not deleted and merged_into is null
       and name is not null
     order by object, external_id limit 500`,
    [companyId],
  );
  return rows;
}

/** How many mirrored rows lead to no company, by reason. */
export async function countSkipped(tx: Tx): Promise<{ because: string; rows: number }[]> {
  const { rows } = await tx.query<{ because: string; rows: number }>(
    `select skipped_because as because, count(*) as rows from records
     where skipped_because is not null and not deleted group by 1 order by 2 desc, 1`,
  );
  return rows;
}

/** Accounts that name a company but no website, and were not looked up yet; at most `limit`. */
export async function listNamesWithoutDomain(
  tx: Tx,
  connectionId: string,
  limit: number,
): Promise<{ object: CrmObject; externalId: string; name: string }[]> {
  const { rows } = await tx.query<{ object: CrmObject; externalId: string; name: string }>(
    `select object, external_id as "externalId", name from records
     where connection_id = $1 and object in ('Account', 'company') and domain is null and name is not null
       and skipped_because = 'no website' and not deleted
     order by external_id limit $2`,
    [connectionId, limit],
  );
  return rows;
}

/** Keeps what a look-up by name found, or why it found nothing. */
export async function saveFoundDomain(
  tx: Tx,
  record: { connectionId: string; object: CrmObject; externalId: string },
  found: { domain: string } | { because: string },
): Promise<void> {
  await tx.query(
    `update records set domain = $4, skipped_because = $5
     where connection_id = $1 and object = $2 and external_id = $3 and domain is null`,
    [
      record.connectionId,
      record.object,
      record.externalId,
      'domain' in found ? found.domain : null,
      'domain' in found ? null : found.because,
    ],
  );
}
