import type { CrmKind } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { STARTED_BY } from './runs.ts';
import type { Starter } from './runs.ts';
import { EDITOR } from './writes-editors.ts';
import type { Editor } from './writes-editors.ts';
import type { Verdict } from './writes-rehearsal.ts';
import { NOTE, WRITE_COLUMNS, WRITE_STATES } from './writes.ts';
import type { Write, WriteField, WriteState } from './writes.ts';

/**
 * A write with the CRM that it goes to, who started its run (null: it has none, or nobody noted it), and who made the change that stands
 * against it. `verdict`: what would become of a rehearsed value; null also until the CRM was read for it.
 */
export type WriteLine = Write<WriteField> & {
  verdict: Verdict | null;
  crm: CrmKind;
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

type WriteTrouble = {
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
const ENDED = `w.state in ('rehearsed', 'skipped', 'conflicted', 'rejected', 'undone', 'cancelled')`;
const OPEN_OR_APPLIED: readonly WriteState[] = ['planned', 'sending', 'applied'];

/** Conditions that change nothing, and name the index of what is rare in the whole ledger: nothing narrower is asked for. */
function findWay({ externalId, companyId, runId, state, field }: WriteFilter): string[] {
  if ((externalId ?? companyId ?? runId) !== undefined) return [];
  if (state !== undefined && !OPEN_OR_APPLIED.includes(state))
    return [`case when ${ENDED} then w.workspace_id end = current_workspace()`, ENDED];
  if (field === NOTE)
    return [
      `case when w.field = '${NOTE}' then w.workspace_id end = current_workspace()`,
      `w.field = '${NOTE}'`,
    ];
  return [];
}

/** Lines of the audit log that pass the filter, newest first; the next page begins before the last id. */
export async function listWrites(
  tx: Tx,
  filter: WriteFilter,
  page: { limit: number; beforeId: number | null },
): Promise<WriteLine[]> {
  const wanted: [string, unknown][] = [
    ['w.external_id =', filter.externalId],
    ['w.company_id =', filter.companyId],
    ['w.field =', filter.field],
    ['w.run_id =', filter.runId],
    ['w.state =', filter.state],
    ['w.id <', page.beforeId ?? undefined],
  ];
  const given = wanted.filter(([, value]) => value !== undefined);
  const where = ['true', ...given.map(([column], index) => `${column} $${index + 2}`), ...findWay(filter)];
  const lines = `select * from writes w where ${where.join(' and ')}`;
  // Of a run the newest of each state: its index leads by run and state, and a run may have a million.
  const isWhole = filter.runId !== undefined && filter.state === undefined;
  const found = isWhole
    ? `unnest('{${WRITE_STATES.join(',')}}'::text[]) as known (state)
       cross join lateral (${lines} and w.state = known.state order by w.id desc limit $1) as w`
    : `(${lines} order by w.id desc limit $1) as w`;
  const { rows } = await tx.query<WriteLine>(
    `select ${WRITE_COLUMNS}, w.verdict, ${EDITOR}, n.kind as crm, (select ${STARTED_BY} from runs where runs.id = w.run_id) as "startedBy"
     from ${found} join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     order by w.id desc limit $1`,
    [page.limit, ...given.map(([, value]) => value)],
  );
  return rows;
}

export type RehearsedLine = Pick<
  Write<WriteField>,
  'id' | 'connectionId' | 'object' | 'externalId' | 'companyId' | 'field' | 'reason'
> & { crm: CrmKind; old: FieldValue; new: FieldValue; verdict: Verdict };

/** What a dry run would have done, as far as the CRMs were read for it, in id order; the next page begins after the last id. */
export async function listRehearsedLines(
  tx: Tx,
  runId: string,
  page: { verdict?: Verdict | undefined; afterId: number; limit: number },
): Promise<RehearsedLine[]> {
  const { rows } = await tx.query<RehearsedLine>(
    `select w.id, w.connection_id as "connectionId", w.object, w.external_id as "externalId", w.company_id as "companyId", w.field,
       w.old_value as old, w.new_value as new, w.verdict, w.reason, n.kind as crm
     from writes w join connections n on n.id = w.connection_id and n.workspace_id = w.workspace_id
     where w.run_id = $1 and w.state = 'rehearsed' and w.id > $2 and w.verdict is not null and ($3::text is null or w.verdict = $3)
     order by w.id limit $4`,
    [runId, page.afterId, page.verdict ?? null, page.limit],
  );
  return rows;
}

export type FailedWrite = Write<WriteField> & {
  crm: CrmKind;
  domain: string;
  company: string;
  editor: Editor | null;
};

/**
 * Fields whose last word is a refusal or a conflict, in id order: of one run, or as things stand now. The next page begins
 * after the last id.
 */
export async function listFailedWrites(
  tx: Tx,
  page: { runId?: string; afterId?: number; limit?: number } = {},
): Promise<FailedWrite[]> {
  const { rows } = await tx.query<FailedWrite>(
    `select ${WRITE_COLUMNS}, ${EDITOR}, c.kind as crm, company.domain, company.name as company
     from writes w
     join companies company on company.workspace_id = w.workspace_id and company.id = w.company_id
     join connections c on c.workspace_id = w.workspace_id and c.id = w.connection_id
     where w.state in ('rejected', 'conflicted') and w.id > $2 and ($1::uuid is null or w.run_id = $1)
       and ($1::uuid is not null or not exists (
         select from (
           select id, state from writes where connection_id = w.connection_id and object = w.object
             and external_id = w.external_id and field = w.field offset 0) as later
         where later.id > w.id and later.state not in ('rehearsed', 'cancelled')))
     order by w.id limit $3`,
    [page.runId ?? null, page.afterId ?? 0, page.limit ?? 1_000],
  );
  return rows;
}
