import type { CrmKind } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import { STARTED_BY } from './runs.ts';
import type { Starter } from './runs.ts';
import { EDITOR } from './writes-editors.ts';
import type { Editor } from './writes-editors.ts';
import type { Verdict } from './writes-rehearsal.ts';
import { WRITE_COLUMNS, WRITE_FIELDS, WRITE_STATES } from './writes.ts';
import type { Write, WriteField, WriteState } from './writes.ts';

/**
 * A write with the CRM that it goes to and the name of the connection, who started its run (null: it has none, or nobody noted it), and who made the change that stands
 * against it. `verdict`: what would become of a rehearsed value; null also until the CRM was read for it.
 */
export type WriteLine = Write<WriteField> & {
  verdict: Verdict | null;
  crm: CrmKind;
  connection: string;
  startedBy: Starter | null;
  editor: Editor | null;
};

/** Writes of a run, oldest first; the next page begins after the last id. */
export async function listRunWrites(
  tx: Tx,
  runId: string,
  page: { state?: WriteState; limit?: number; afterId?: number } = {},
): Promise<Write<WriteField>[]> {
  const { state, afterId = 0, limit = 1000 } = page;
  // Two statements: told of a state that may be null, a prepared one can't use the index that leads by run and state.
  const { rows } =
    state === undefined
      ? await tx.query<Write<WriteField>>(
          `select ${WRITE_COLUMNS} from writes w where w.run_id = $1 and w.id > $2 order by w.id limit $3`,
          [runId, afterId, limit],
        )
      : await tx.query<Write<WriteField>>(
          `select ${WRITE_COLUMNS} from writes w
           where w.run_id = $1 and w.state = $4 and w.id > $2 order by w.id limit $3`,
          [runId, afterId, limit, state],
        );
  return rows;
}

export type WriteTrouble = {
  state: WriteState;
  field: string;
  crm: CrmKind;
  reason: string | null;
  writes: number;
};

/** Why writes of a run were refused or left to a person: the same reason once, with how many there are. */
export async function listWriteTroubles(tx: Tx, runId: string, limit = 20): Promise<WriteTrouble[]> {
  const { rows } = await tx.query<WriteTrouble>(
    `select w.state, w.field, n.kind as crm, w.reason, count(*) as writes
     from writes w join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     where w.run_id = $1 and w.state in ('conflicted', 'rejected')
     group by 1, 2, 3, 4 order by writes desc, w.state, w.field limit $2`,
    [runId, limit],
  );
  return rows;
}

/** What one reason kept out of one CRM, with all of its fields. */
export type AlikeTrouble = Omit<WriteTrouble, 'field'> & { fields: string[] };

/** The same, one line for each reason whatever the field: ten fields of a record that is gone have one. The commonest first. */
export async function listAlikeTroubles(tx: Tx, runId: string, limit = 20): Promise<AlikeTrouble[]> {
  const { rows } = await tx.query<AlikeTrouble>(
    `select w.state, n.kind as crm, w.reason, count(*) as writes, array_agg(distinct w.field) as fields
     from writes w join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     where w.run_id = $1 and w.state in ('conflicted', 'rejected')
     group by 1, 2, 3 order by writes desc, w.state, n.kind, w.reason limit $2`,
    [runId, limit],
  );
  return rows;
}

/** Does a person's value stand against ours anywhere in this connection? */
export async function hasConflicts(tx: Tx, connectionId: string): Promise<boolean> {
  const { rows } = await tx.query<{ some: boolean }>(
    `select exists (select from writes where connection_id = $1 and state = 'conflicted') as some`,
    [connectionId],
  );
  return rows[0]?.some ?? false;
}

/** Which lines of the audit log; what is not given is not asked for. */
export type WriteFilter = {
  externalId?: string | undefined;
  companyId?: string | undefined;
  field?: string | undefined;
  runId?: string | undefined;
  state?: WriteState | undefined;
};

// Word for word as the indexes of the ledger have them, and no other ones.
const inLedger = (column: 'workspace_id' | 'run_id' | 'id'): string =>
  `(case when w.field <> '' then w.${column} end)`;

/** Lines of the audit log that pass the filter, newest first; the next page begins before the last id. */
export async function listWrites(
  tx: Tx,
  filter: WriteFilter,
  page: { limit: number; beforeId: number | null },
): Promise<WriteLine[]> {
  const { rows } = await tx.query<WriteLine>(...selectLines(filter, page));
  return rows;
}

/**
 * Hardly more lines are read than are shown, however many there are: the indexes of the ledger lead by field and state, that of a run by
 * state; of each the newest are found, and of these the newest.
 */
function selectLines(
  { externalId, companyId, runId, field, state }: WriteFilter,
  { limit, beforeId }: { limit: number; beforeId: number | null },
): [text: string, values: unknown[]] {
  const values: unknown[] = [limit];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const when = (condition: string, value: unknown): string[] =>
    value === undefined || value === null ? [] : [`${condition} ${bind(value)}`];
  const newest = (from: string, conditions: readonly string[], place = inLedger('id')): string =>
    `(select * from ${from} w where ${[...conditions, ...when(`${place} <`, beforeId)].join(' and ')} order by ${place} desc limit $1) as w`;
  const select = (from: string): [string, unknown[]] => [
    `select ${WRITE_COLUMNS}, w.verdict, ${EDITOR}, n.kind as crm, n.name as connection,
       (select ${STARTED_BY} from runs where runs.id = w.run_id) as "startedBy"
     from ${from} join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     order by w.id desc limit $1`,
    values,
  ];

  const ofCompany = when('w.company_id =', companyId);
  if (externalId !== undefined) {
    // A record has few lines. "offset 0" is a fence, behind which they are found by its index.
    const ofRecord = `(select * from writes where external_id = ${bind(externalId)} offset 0)`;
    const alike = [...when('w.run_id =', runId), ...when('w.field =', field), ...when('w.state =', state)];
    return select(newest(ofRecord, ['true', ...ofCompany, ...alike]));
  }
  const states = `unnest(${bind(state === undefined ? WRITE_STATES : [state])}::text[]) as known (state)`;
  const ofState = 'w.state = known.state';
  if (runId !== undefined && companyId === undefined && field === undefined)
    return select(
      `${states} cross join lateral ${newest('writes', [...when('w.run_id =', runId), ofState], 'w.id')}`,
    );
  const fields = `unnest(${bind(field === undefined ? WRITE_FIELDS : [field])}::text[]) as named (field)`;
  const way = newest('writes', [
    ...(companyId === undefined ? [`${inLedger('workspace_id')} = current_workspace()`] : ofCompany),
    'w.field = named.field',
    ofState,
    ...when(`${inLedger('run_id')} =`, runId),
  ]);
  return select(`${states} cross join ${fields} cross join lateral ${way}`);
}
