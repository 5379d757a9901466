import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import { attempt } from './attempt.ts';
import { WRITABLE_OBJECTS } from './records.ts';
import type { MirroredRecord } from './records.ts';

/** What of a mirrored row is stored, in the order in which COPY sends it. */
export const COLUMNS = [
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

export type RecordKey = { object: CrmObject; externalId: string };

/** A row that a merge added or changed. */
export type ChangedRecord = RecordKey & {
  /** The domain that it says itself. */
  domain: string | null;
  parentId: string | null;
  excluded: boolean;
  /** It is alive and carries our fields. */
  writable: boolean;
  /** What it was before; null: it was not there. */
  was: {
    domain: string | null;
    parentId: string | null;
    writable: boolean;
    /** It was changed in the CRM since, and not only read in another way. */
    changedSince: boolean;
  } | null;
};

export type WrittenRows = {
  changed: ChangedRecord[];
  /** Rows that were older than what is there: they did nothing. */
  stale: number;
};

type At = { workspaceId: string; connectionId: string };

const WRITABLE = (row: string): string =>
  `${row}.object in (${WRITABLE_OBJECTS.map((object) => `'${object}'`).join(', ')})
    and not ${row}.deleted and ${row}.merged_into is null and ${row}.converted_to is null and ${row}.excluded_because is null`;

/**
 * Rows of the table "incoming" → records. One that is older than what is there does nothing: several read at once. One that says
 * nothing new still tells when it was modified, so that what was read in between does not count as newer.
 */
export async function writeRows(tx: Tx, at: At): Promise<WrittenRows> {
  const insert = `insert into records (workspace_id, connection_id, company_id, ${COLUMNS.join(', ')})
    select $1, $2, company_id, ${COLUMNS.join(', ')} from judged`;
  const { rows } = await tx.query<{
    verdict: 'new' | 'changed' | 'older';
    object: CrmObject;
    externalId: string;
    domain: string | null;
    parentId: string | null;
    excluded: boolean;
    writable: boolean;
    wasDomain: string | null;
    wasParentId: string | null;
    wasWritable: boolean | null;
    changedSince: boolean | null;
  }>(
    // What is new is inserted plainly: "on conflict" would look it up again, at half the price of the whole. A stored time that is yet
    // to come proves nothing.
    `with found as materialized (
       select i.*, (
         select r from records r
         where r.workspace_id = $1 and r.connection_id = $2 and r.object = i.object and r.external_id = i.external_id
       ) as known
       from incoming i
     ), judged as materialized (
       select found.*, case
         when (known).row_hash is null then 'new'
         when (known).row_hash = row_hash then case when (known).modified_at < modified_at then 'later' else 'same' end
         when (known).modified_at > modified_at and (known).modified_at < now() + interval '1 day' then 'older'
         else 'changed' end as verdict
       from found
     ), added as (
       ${insert} where verdict = 'new'
     ), renewed as (
       ${insert} where verdict = 'changed'
       on conflict (workspace_id, connection_id, object, external_id) do update set
         ${COLUMNS.slice(2)
           .map((column) => `${column} = excluded.${column}`)
           .join(
             ', ',
           )}, company_id = excluded.company_id, placed_by = null, own_domain = null, synced_at = now()
     ), touched as (
       -- Not as an update with a join, which without statistics is planned as a walk over the table for each row.
       ${insert} where verdict = 'later'
       on conflict (workspace_id, connection_id, object, external_id) do update set modified_at = excluded.modified_at
     )
     select verdict, object, external_id as "externalId", domain, parent_id as "parentId",
       excluded_because is not null as excluded, ${WRITABLE('judged')} as writable, (known).domain as "wasDomain",
       (known).parent_id as "wasParentId", ${WRITABLE('(known)')} as "wasWritable",
       (known).modified_at < modified_at as "changedSince"
     from judged where verdict in ('new', 'changed', 'older')`,
    [at.workspaceId, at.connectionId],
  );
  const changed = rows.flatMap(({ verdict, wasDomain, wasParentId, wasWritable, changedSince, ...row }) => {
    if (verdict === 'older') return [];
    const was =
      verdict === 'new'
        ? null
        : {
            domain: wasDomain,
            parentId: wasParentId,
            writable: wasWritable ?? false,
            changedSince: changedSince ?? false,
          };
    return [{ ...row, was }];
  });
  return { changed, stale: rows.length - changed.length };
}

/**
 * The same for rows none of which should be there: they are not looked up, nor told again. Null when one was, and nothing has
 * happened then.
 */
export async function insertFresh(
  tx: Tx,
  at: At,
  records: readonly MirroredRecord[],
): Promise<WrittenRows | null> {
  const inserted = await attempt(tx, () =>
    tx.query(
      `insert into records (workspace_id, connection_id, company_id, ${COLUMNS.join(', ')})
       select $1, $2, company_id, ${COLUMNS.join(', ')} from incoming`,
      [at.workspaceId, at.connectionId],
    ),
  );
  if (inserted === null) return null;
  return { changed: records.map(asNew), stale: 0 };
}

function asNew(record: MirroredRecord): ChangedRecord {
  const { object, externalId, domain, parentId, deleted, mergedInto, convertedTo, excludedBecause } = record;
  const excluded = excludedBecause !== null;
  const alive = !deleted && mergedInto === null && convertedTo === null && !excluded;
  return {
    object,
    externalId,
    domain,
    parentId,
    excluded,
    writable: alive && WRITABLE_OBJECTS.includes(object),
    was: null,
  };
}
