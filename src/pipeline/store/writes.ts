import type { CrmKind, CrmObject } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';

/**
 * planned: wanted · rehearsed: planned by a dry run, never sent · sending: a call may have gone out · applied: the CRM took
 * it · skipped: nothing to do · conflicted: a person's value stands · rejected: the CRM or our own check said no ·
 * undone: put back later · cancelled: never sent, since its run was cancelled or a newer value took its place.
 */
export const WRITE_STATES = [
  'planned',
  'rehearsed',
  'sending',
  'applied',
  'skipped',
  'conflicted',
  'rejected',
  'undone',
  'cancelled',
] as const;
export type WriteState = (typeof WRITE_STATES)[number];

/** A note on the record's timeline, which goes through the same table as our fields. */
export const NOTE = 'note';
export type WriteField = FieldKey | typeof NOTE;
export const WRITE_FIELDS: readonly WriteField[] = [...FIELDS.map(({ key }) => key), NOTE];

/** One field of one record of one connection. */
type FieldAddress<Field extends WriteField> = {
  connectionId: string;
  object: CrmObject;
  externalId: string;
  field: Field;
};

/**
 * One field of one record: a line of the outbox and of the audit log. Of a note `newValue` is the text (null: it is to be
 * removed) and `returnedValue` the CRM's id of it.
 */
export type Write<Field extends WriteField = FieldKey> = FieldAddress<Field> & {
  id: number;
  /** Null: it puts back a person's value that a write of ours fell on. */
  runId: string | null;
  companyId: string;
  /** What the CRM held right before our write; on a conflicted row the value that stands there. Null too when not read yet. */
  oldValue: FieldValue;
  newValue: FieldValue;
  /** What the CRM held after our write; null too when not read back yet. */
  returnedValue: FieldValue;
  /** False until `oldValue` was read. */
  oldRead: boolean;
  /** False until `returnedValue` was read back. */
  readBack: boolean;
  state: WriteState;
  /** In the CRM's own words, with what to do. */
  reason: string | null;
  /** The write that this one puts back. */
  undoes: number | null;
  attempt: number;
  failures: number;
  plannedAt: Date;
  sentAt: Date | null;
  settledAt: Date | null;
};

/** What a stage or an undo wants written. A `rejected` reason stores it as refused by our own check, never to be sent. */
export type WantedWrite = FieldAddress<WriteField> & {
  companyId: string;
  value: FieldValue;
  rejected?: string;
  undoes?: number;
};

export const WRITE_COLUMNS = `w.id, w.run_id as "runId", w.connection_id as "connectionId", w.object,
  w.external_id as "externalId", w.company_id as "companyId", w.field, w.old_value as "oldValue", w.new_value as "newValue",
  w.returned_value as "returnedValue", w.old_value is not null as "oldRead", w.returned_value is not null as "readBack",
  w.state, w.reason, w.undoes, w.attempt, w.failures, w.planned_at as "plannedAt", w.sent_at as "sentAt",
  w.settled_at as "settledAt"`;

/** A value as JSON that Postgres takes: without NUL and lone surrogates, which jsonb refuses. */
export function toStoredJson(value: FieldValue): string {
  return JSON.stringify(typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value);
}

const WANTED = `with wanted as (
  select distinct on (connection_id, object, external_id, field) connection_id, object, external_id, field, company_id,
    value::jsonb as value, rejected, undoes, line
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::bigint[]) with ordinality
    as given (connection_id, object, external_id, field, company_id, value, rejected, undoes, line)
  order by connection_id, object, external_id, field, line desc)`;
// "offset 0" is a fence: each field is looked up by its own index, whatever the planner believes about the table.
const ROWS_OF_FIELD = `(
  select id, run_id, state, undoes, new_value from writes where connection_id = wanted.connection_id and object = wanted.object
    and external_id = wanted.external_id and field = wanted.field offset 0) as known`;

/**
 * Stores what a run wants written: `planned`, or `rehearsed` for a dry run. Over an open row of the same field the newest
 * value wins; the same value twice is one row; an undo that is on its way is never overtaken but by another, and a person's
 * value that goes back (a row of no run) by nothing. May be called again with the same writes. Returns how many rows are new. Throws when there is no such run.
 */
export async function insertWrites(tx: Tx, runId: string, writes: readonly WantedWrite[]): Promise<number> {
  if (writes.length === 0) return 0;
  const { rows: runs } = await tx.query<{ dryRun: boolean }>(
    'select dry_run as "dryRun" from runs where id = $1',
    [runId],
  );
  if (runs[0] === undefined) throw new Error(`there is no run ${runId}`);
  const values = [
    writes.map((write) => write.connectionId),
    writes.map((write) => write.object),
    writes.map((write) => write.externalId),
    writes.map((write) => write.field),
    writes.map((write) => write.companyId),
    writes.map((write) => toStoredJson(write.value)),
    writes.map((write) => write.rejected ?? null),
    writes.map((write) => write.undoes ?? null),
  ];
  return runs[0].dryRun ? insertRehearsed(tx, runId, values) : insertPlanned(tx, runId, values);
}

const COLUMNS =
  'workspace_id, run_id, connection_id, object, external_id, field, company_id, new_value, reason, undoes';

async function insertRehearsed(tx: Tx, runId: string, values: unknown[]): Promise<number> {
  const { rowCount } = await tx.query(
    `${WANTED} insert into writes as w (${COLUMNS}, state)
     select current_workspace(), $9, connection_id, object, external_id, field, company_id, value, rejected, undoes, 'rehearsed'
     from wanted order by line
     on conflict (workspace_id, run_id, connection_id, object, external_id, field) where state = 'rehearsed'
     do update set new_value = excluded.new_value, reason = excluded.reason, undoes = excluded.undoes`,
    [...values, runId],
  );
  return rowCount ?? 0;
}

async function insertPlanned(tx: Tx, runId: string, values: unknown[]): Promise<number> {
  const { rows: replaced } = await tx.query<{ id: number }>(
    `${WANTED} select known.id from wanted cross join lateral ${ROWS_OF_FIELD}
     where known.state = 'planned' and known.run_id is not null and wanted.rejected is null
       and (known.undoes is null or wanted.undoes is not null)
       and (known.new_value <> wanted.value or known.undoes is distinct from wanted.undoes)`,
    values,
  );
  if (replaced.length > 0)
    await replaceRows(
      tx,
      replaced.map((row) => row.id),
    );
  // Two transactions may plan the same field at once: the one that comes second updates the row of the first.
  const { rowCount } = await tx.query(
    `${WANTED} insert into writes as w (${COLUMNS}, state, settled_at)
     select current_workspace(), $9, connection_id, object, external_id, field, company_id, value, rejected, undoes,
       case when rejected is null then 'planned' else 'rejected' end, case when rejected is not null then now() end
     from wanted
     where rejected is not null or not exists (
       select from ${ROWS_OF_FIELD}
       where known.state in ('planned', 'sending')
         and (known.new_value = wanted.value and known.undoes is not distinct from wanted.undoes
              or known.undoes is not null and wanted.undoes is null or known.run_id is null))
     order by line
     on conflict (workspace_id, connection_id, object, external_id, field) where state = 'planned'
     do update set run_id = excluded.run_id, new_value = excluded.new_value, undoes = excluded.undoes,
       company_id = excluded.company_id, planned_at = now(), attempt = w.attempt + 1, leased_until = null,
       failures = 0, not_before = null, reason = null
     where w.run_id is not null and (w.undoes is null or excluded.undoes is not null)`,
    [...values, runId],
  );
  return rowCount ?? 0;
}

/** Why a row was cancelled whose place another one took, in the moment in which that was planned. */
export const REPLACED = 'A newer value took its place before it was sent';

async function replaceRows(tx: Tx, ids: readonly number[]): Promise<void> {
  // In the order of their ids, like everyone who locks many of them, so that no two wait for each other.
  await tx.query('select from writes where id = any($1) order by id for update', [ids]);
  await tx.query(
    `update writes set state = 'cancelled', settled_at = now(), leased_until = null,
       reason = $2
     where id = any($1) and state = 'planned'`,
    [ids, REPLACED],
  );
}

export type WriteCount = {
  crm: CrmKind;
  /** The connection's name. */
  connection: string;
  object: CrmObject;
  state: WriteState;
  records: number;
  fields: number;
};

/** What became of a run's writes, per connection, object and state. */
export async function countWritesByConnection(tx: Tx, runId: string): Promise<WriteCount[]> {
  const { rows } = await tx.query<WriteCount>(
    `select c.kind as crm, c.name as connection, w.object, w.state, count(distinct w.external_id) as records, count(*) as fields
     from writes w join connections c on c.workspace_id = w.workspace_id and c.id = w.connection_id
     where w.run_id = $1 group by c.kind, c.name, w.object, w.state order by 1, 2, 3, 4`,
    [runId],
  );
  return rows;
}

/**
 * How many of a run's writes are not settled, and how many of these can be sent: their connection is not paused and, where
 * `reachable` is given, among those.
 */
export async function countOpenWrites(
  tx: Tx,
  runId: string,
  reachable?: readonly string[],
): Promise<{ open: number; sendable: number }> {
  const { rows } = await tx.query<{ open: number; sendable: number }>(
    // "offset 0" is a fence: the run's writes are looked up by their own index, not all of its connections' that wait.
    `select count(*) as open, count(*) filter (where c.status = 'active' and ($2::uuid[] is null or c.id = any($2))) as sendable
     from (select workspace_id, connection_id from writes where run_id = $1 and state in ('planned', 'sending') offset 0) as w
     join connections c on c.workspace_id = w.workspace_id and c.id = w.connection_id`,
    [runId, reachable ?? null],
  );
  return rows[0] ?? { open: 0, sendable: 0 };
}

/** Is any of a run's writes still to be sent, over a connection that is not paused? Looks at one of them, however many there are. */
export async function hasSendable(tx: Tx, runId: string): Promise<boolean> {
  const { rows } = await tx.query<{ some: boolean }>(
    `select exists (
       select from (select workspace_id, connection_id from writes where run_id = $1 and state in ('planned', 'sending') offset 0) as w
       join connections c on c.workspace_id = w.workspace_id and c.id = w.connection_id where c.status = 'active') as some`,
    [runId],
  );
  return rows[0]?.some ?? false;
}
