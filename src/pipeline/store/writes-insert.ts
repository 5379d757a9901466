import { isDeadlock } from '../../db.ts';
import type { Tx } from '../../db.ts';
import { withdrawn } from './writes-withdrawn.ts';
import { WRITE_FIELDS, toStoredJson } from './writes.ts';
import type { WantedWrite } from './writes.ts';

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
// What another run planned and an undo withdrew waits for nothing that could still come.
const SAME = `(known.new_value = wanted.value and known.undoes is not distinct from wanted.undoes
  and not (known.state = 'planned' and known.run_id <> $9 and ${withdrawn('known')}))`;
// A note tells of a band: it goes the way of that. Rows of no run put back a person's value, and let nothing through.
const UNDO_BEFORE = `(
  select known.id from (
    select id, run_id, state, undoes, field from writes where connection_id = wanted.connection_id and object = wanted.object
      and external_id = wanted.external_id
      and field = any(case wanted.field when 'note' then array['note', 'band'] else array[wanted.field] end) offset 0) as known
  where wanted.undoes is null and known.state in ('planned', 'sending') and known.undoes is not null and known.run_id is not null
  order by known.field, known.state, known.id desc limit 1)`;

/**
 * Whoever plans many fields stores them in this order, put-backs as well (writes-put-back.ts), so that no two wait for each other's in a
 * circle. A company's are planned in it, so that those which are let go of again in the order of their ids go along. What is sent and told
 * goes by the ids, which are as the values were given.
 */
export const BY_FIELD = `connection_id, object, external_id, array_position(array['${WRITE_FIELDS.join("', '")}'], field)`;

/** Why a row was cancelled whose place another one took, in the moment in which that was planned. */
const REPLACED = 'A newer value took its place before it was sent';
const BEHIND_UNDO =
  'An undo of this field goes first; behind it this value is planned again, or what is wanted by then';

// Each time another transaction has planned one of the same fields in this very moment.
const MOST_TRIES = 20;

/**
 * Stores what a run wants written: `planned`, or `rehearsed` for a dry run. Over an open row of the same field the newest
 * value wins; the same value twice is one row; an undo that is on its way is never overtaken but by another, and a person's
 * value that goes back (a row of no run) by nothing. What comes while an undo is on its way is kept behind it, `cancelled` until that is over
 * (writes-planned-again.ts). May be called again with the same writes. Returns how many rows are new, those behind undos apart. Throws when there is no such run.
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
    runId,
  ];
  return runs[0].dryRun ? insertRehearsed(tx, values) : insertPlanned(tx, values);
}

const COLUMNS =
  'workspace_id, run_id, connection_id, object, external_id, field, company_id, new_value, reason, undoes';

async function insertRehearsed(tx: Tx, values: unknown[]): Promise<number> {
  const { rowCount } = await tx.query(
    `${WANTED} insert into writes as w (${COLUMNS}, state)
     select current_workspace(), $9, connection_id, object, external_id, field, company_id, value, rejected, undoes, 'rehearsed'
     from wanted order by line
     on conflict (workspace_id, run_id, connection_id, object, external_id, field) where state = 'rehearsed'
     do update set new_value = excluded.new_value, reason = excluded.reason, undoes = excluded.undoes`,
    values,
  );
  return rowCount ?? 0;
}

async function insertPlanned(tx: Tx, values: unknown[]): Promise<number> {
  await tx.query('savepoint planning');
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    // What the last try stored is let go of: who holds it and comes back to an earlier field waits in a circle with those who go on from that.
    if (tries > 0) await tx.query('rollback to savepoint planning');
    try {
      const stored = await tryToPlan(tx, values);
      if (stored !== null) return stored;
    } catch (error) {
      // Rows that give way are locked before earlier fields are stored, so that a circle can close all the same; it is opened here.
      if (!isDeadlock(error)) throw error;
    }
  }
  throw new Error('others go on planning the same fields: what is wanted could not be stored');
}

/** Returns how many rows are new; null: others planned some of the fields meanwhile, or an undo came to its end. */
async function tryToPlan(tx: Tx, values: unknown[]): Promise<number | null> {
  const replaced = await replaceRows(tx, values);
  if (replaced === null) return null;
  const { rows } = await tx.query<{ wanted: number; ids: number[] | null }>(
    // Two transactions may plan the same field at once: the one that comes second waits for the first, and looks again.
    `${WANTED}, fresh as materialized (
       select * from wanted
       where rejected is not null or not exists (
         select from ${ROWS_OF_FIELD}
         where known.state in ('planned', 'sending')
           and (${SAME} or known.undoes is not null and wanted.undoes is null or known.run_id is null))
         and not exists ${UNDO_BEFORE}),
     numbered as materialized (
       select nextval(pg_get_serial_sequence('writes', 'id')) as id, given.* from (select * from fresh order by line) as given),
     stored as (
       insert into writes as w (id, ${COLUMNS}, state, settled_at) overriding system value
       select id, current_workspace(), $9, connection_id, object, external_id, field, company_id, value, rejected, undoes,
         case when rejected is null then 'planned' else 'rejected' end, case when rejected is not null then now() end
       from numbered order by ${BY_FIELD}
       on conflict (workspace_id, connection_id, object, external_id, field) where state = 'planned' do nothing
       returning id)
     select (select count(*) from fresh) as wanted, (select array_agg(id) from stored) as ids`,
    values,
  );
  const ids = rows[0]?.ids ?? [];
  if (ids.length !== (rows[0]?.wanted ?? 0)) return null;
  await noteReplaced(tx, replaced, ids);
  await keepBehindUndos(tx, values);
  return ids.length;
}

/**
 * Makes room for newer values, and holds the undos that some of them go behind: one that came to its end meanwhile would plan nothing again
 * of what it could not see. Returns what gave way; null: such an undo is over.
 */
async function replaceRows(tx: Tx, values: unknown[]): Promise<number[] | null> {
  const { rows: found } = await tx.query<{ id: number; isUndo: boolean }>(
    `${WANTED} select known.id, false as "isUndo" from wanted cross join lateral ${ROWS_OF_FIELD}
     where known.state = 'planned' and known.run_id is not null and wanted.rejected is null
       and (known.undoes is null or wanted.undoes is not null) and not ${SAME}
     union all
     select undo.id, true from wanted cross join lateral ${UNDO_BEFORE} as undo where wanted.rejected is null`,
    values,
  );
  if (found.length === 0) return [];
  // In the order of their ids, like everyone who locks many of them, so that no two wait for each other.
  const { rows: open } = await tx.query<{ id: number }>(
    `with locked as (select id, state from writes where id = any($1) order by id for update)
     select id from locked where state in ('planned', 'sending')`,
    [found.map(({ id }) => id)],
  );
  const isOpen = new Set(open.map(({ id }) => id));
  if (found.some(({ id, isUndo }) => isUndo && !isOpen.has(id))) return null;
  const ids = found.flatMap(({ id, isUndo }) => (isUndo ? [] : id));
  if (ids.length === 0) return [];
  const { rows } = await tx.query<{ id: number }>(
    `update writes set state = 'cancelled', settled_at = now(), leased_until = null, reason = $2
     where id = any($1) and state = 'planned' returning id`,
    [ids, REPLACED],
  );
  return rows.map((row) => row.id);
}

async function noteReplaced(tx: Tx, replaced: readonly number[], by: readonly number[]): Promise<void> {
  if (replaced.length === 0) return;
  await tx.query(
    `update writes old set gave_way_to = new.id from writes new
     where old.id = any($1) and new.id = any($2) and new.connection_id = old.connection_id and new.object = old.object
       and new.external_id = old.external_id and new.field = old.field`,
    [replaced, by],
  );
}

/** Keeps what may not overtake an undo that is on its way: planned again when that is over. */
async function keepBehindUndos(tx: Tx, values: unknown[]): Promise<void> {
  await tx.query(
    `${WANTED} insert into writes as w (${COLUMNS}, state, settled_at, gave_way_to)
     select current_workspace(), $9, connection_id, object, external_id, field, company_id, value, $10, undoes, 'cancelled', now(), undo.id
     from wanted cross join lateral ${UNDO_BEFORE} as undo
     where wanted.rejected is null and not exists (
       select from (select * from writes where gave_way_to = undo.id offset 0) as kept
       where kept.run_id = $9 and kept.field = wanted.field and kept.new_value = wanted.value)
     order by line`,
    [...values, BEHIND_UNDO],
  );
}
