import type { CrmKind, CrmObject } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';

/**
 * planned: wanted · rehearsed: planned by a dry run, never sent · sending: a call may have gone out · applied: the CRM took
 * it · skipped: nothing to do · conflicted: a person's value stands · rejected: the CRM or our own check said no ·
 * undone: put back later · cancelled: not sent, since its run was cancelled or undone, a newer value took its place, or an undo goes first.
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

/** Why most of a run's writes that are to be sent once more were put off (a record is locked, say); null: none was. */
export async function findDelay(tx: Tx, runId: string): Promise<string | null> {
  const { rows } = await tx.query<{ reason: string }>(
    `select reason from writes where run_id = $1 and state = 'planned' and failures > 0 and reason is not null
     group by reason order by count(*) desc, reason limit 1`,
    [runId],
  );
  return rows[0]?.reason ?? null;
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
