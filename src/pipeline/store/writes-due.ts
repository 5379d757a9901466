import type { CrmObject } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { FieldKey } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { withdrawn } from './writes-withdrawn.ts';

export type OpenRecord = {
  object: CrmObject;
  externalId: string;
  fields: FieldKey[];
  /** Something is to be put back: nobody should have to wait for that. */
  urgent: boolean;
};

export type DueRecords = {
  records: OpenRecord[];
  /** How long until the next record may go that waits for a time, in milliseconds; null: none does. Told where fewer than `limit` are due. */
  nextMs: number | null;
};

/** Rows of no run put back a person's value. The indexes of waiting rows keep them under this id. */
const NO_RUN = '00000000-0000-0000-0000-000000000000';
/** Word for word as the indexes of waiting rows have it. */
export const RUN = `case when w.run_id is null then '${NO_RUN}' else w.run_id end`;
// Word for word as the index has it, and no other one.
export const WAITING = `case when w.state = 'planned' then w.connection_id end = $1 and w.state = 'planned' and w.field <> 'note'`;
const LEAST_ROWS = 200;

/**
 * Records with planned fields that may be sent now, oldest plan first. `askedOnly`: only where a person's own request planned
 * one, or a person's value is to go back. With `readBackFirst` a record waits until what landed on it before was read back:
 * until then nobody knows whether it fell on a person's value. Rows of paused and cancelled runs, of undos that are still planned, and of what undos withdrew are not looked at. It walks no
 * further than it must: past what others hold or put off, never over all that waits.
 */
export async function listDueRecords(
  tx: Tx,
  connectionId: string,
  options: { limit: number; askedOnly: boolean; readBackFirst: boolean },
): Promise<DueRecords> {
  const rows = Math.max(LEAST_ROWS, options.limit * FIELDS.length);
  const seen = new Set<string>();
  const due: WalkedRecord[] = [];
  let nextMs: number | null = null;
  let runs = await listOpenRuns(tx, connectionId, WAITING, options.askedOnly);
  let behind = 0;
  while (runs.length > 0 && due.length < options.limit) {
    const walked = await walk(tx, connectionId, { runs, behind, rows });
    for (const record of walked) {
      const key = `${record.object} ${record.externalId}`;
      if (seen.has(key)) continue;
      seen.add(key);
      // Its run was paused since the runs were listed.
      if (record.fields.length === 0) continue;
      if (record.unresolved || (options.readBackFirst && record.unread)) continue;
      if (record.dueInMs > 0) nextMs = Math.min(nextMs ?? Infinity, record.dueInMs);
      else due.push(record);
    }
    const [last] = walked;
    if (last === undefined || last.walked < rows) break;
    runs = runs.slice(last.lastRun - 1);
    behind = last.lastId;
  }
  const records = due
    .toSorted((one, other) => one.first - other.first)
    .slice(0, options.limit)
    .map(({ object, externalId, fields, urgent }) => ({ object, externalId, fields, urgent }));
  return { records, nextMs };
}

/**
 * Runs with rows that are `open`, by the oldest of these, each found by one step through the index. `open`: a condition on `w` with the
 * connection as $1, word for word as an index by run has it.
 */
export async function listOpenRuns(
  tx: Tx,
  connectionId: string,
  open: string,
  askedOnly: boolean,
): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `with recursive open (id) as (
       (select ${RUN} from writes w where ${open} order by 1 limit 1)
       union all
       select next.id from open cross join lateral (
         select ${RUN} as id from writes w where ${open} and ${RUN} > open.id order by 1 limit 1) as next)
     select open.id from open left join runs r on r.id = open.id cross join lateral (
       select w.id from writes w where ${open} and ${RUN} = open.id order by w.id limit 1) as oldest
     where (r.state is null or r.state not in ('planning', 'paused', 'cancelled'))
       and not exists (select from runs u where u.undoes = open.id and u.undoes_up_to >= oldest.id and u.state <> 'cancelled')
       and (not $2 or open.id = '${NO_RUN}' or r.kind = 'interactive')
     order by oldest.id`,
    [connectionId, askedOnly],
  );
  return rows.map((row) => row.id);
}

type WalkedRecord = OpenRecord & {
  /** Its oldest row in this walk. */
  first: number;
  dueInMs: number;
  /** Something of it is on its way. */
  unresolved: boolean;
  /** Something that landed on it waits to be read back. */
  unread: boolean;
  /** How many rows were walked, and the last one's run (counted from 1) and id. */
  walked: number;
  lastRun: number;
  lastId: number;
};

/** The records of the next waiting rows, one run after the other; of the first run only rows `behind` that id. */
async function walk(
  tx: Tx,
  connectionId: string,
  { runs, behind, rows: limit }: { runs: readonly string[]; behind: number; rows: number },
): Promise<WalkedRecord[]> {
  const { rows } = await tx.query<WalkedRecord>(
    // "offset 0" is a fence: each record is looked up by its own index, whatever the planner believes about the table.
    `with page as materialized (
       select run.place, w.id, w.object, w.external_id
       from unnest($2::uuid[]) with ordinality as run (id, place) cross join lateral (
         select w.id, w.object, w.external_id from writes w
         where ${WAITING} and ${RUN} = run.id and w.id > case when run.place = 1 then $3::bigint else 0 end
         order by w.id limit $4) as w
       limit $4),
     last as (select count(*) over () as walked, place, id from page order by place desc, id desc limit 1)
     select found.object, found.external_id as "externalId", found.first, open.fields, open.urgent, open.unresolved, open.unread,
       (extract(epoch from greatest(open.due, now()) - now()) * 1000)::float8 as "dueInMs",
       last.walked, last.place as "lastRun", last.id as "lastId"
     from last, (select object, external_id, min(id) as first from page group by object, external_id) as found
     cross join lateral (
       select coalesce(array_agg(w.field) filter (where ${OPEN}), '{}') as fields,
         coalesce(bool_or(w.undoes is not null) filter (where ${OPEN}), false) as urgent,
         max(greatest(coalesce(w.not_before, '-infinity'), coalesce(w.leased_until, '-infinity'))) filter (where ${OPEN}) as due,
         bool_or(w.state = 'sending' and w.field <> 'note') as unresolved,
         bool_or(w.state = 'applied' and w.returned_value is null) as unread
       from (select run_id, field, state, undoes, not_before, leased_until, returned_value,
           state = 'planned' and ${withdrawn('known')} as withdrawn from writes known
         where connection_id = $1 and object = found.object and external_id = found.external_id offset 0) as w
       left join runs r on r.id = w.run_id) as open`,
    [connectionId, runs, behind, limit],
  );
  return rows;
}

const OPEN = `w.state = 'planned' and not w.withdrawn and w.field <> 'note' and (r.state is null or r.state not in ('planning', 'paused', 'cancelled'))`;
