import type { Tx } from '../../db.ts';

export const RUN_KINDS = ['manual', 'scheduled', 'interactive', 'undo'] as const;
export type RunKind = (typeof RUN_KINDS)[number];
/** planning: an undo of which not all is planned yet, so that none of it is sent. */
export const RUN_STATES = ['planning', 'running', 'paused', 'cancelled', 'done'] as const;
export type RunState = (typeof RUN_STATES)[number];

export const STARTED_VIA = ['command-line', 'web', 'api', 'slack', 'crm', 'schedule'] as const;
type StartedVia = (typeof STARTED_VIA)[number];
/** Who asked for something, by which way, and how they are known there (an address, a token's name); null: it is not known. */
export type Starter = { via: StartedVia; name: string | null };

/** One batch over many companies. */
export type Run = {
  id: string;
  kind: RunKind;
  state: RunState;
  model: string;
  refresh: boolean;
  dryRun: boolean;
  /** ISO day from which freshness is reckoned. */
  asOf: string;
  undoes: string | null;
  /** Null: it is older than the column. */
  startedBy: Starter | null;
  /** Why it paused by itself, with what to do; null where it did not. */
  pausedBecause: string | null;
  createdAt: Date;
  finishedAt: Date | null;
};

export const STARTED_BY =
  "case when started_via is not null then json_build_object('via', started_via, 'name', started_by) end";
const COLUMNS = `id, kind, state, model, refresh, dry_run as "dryRun", as_of as "asOf", undoes,
  ${STARTED_BY} as "startedBy",
  paused_because as "pausedBecause", created_at as "createdAt",
  finished_at as "finishedAt"`;

export async function createRun(
  tx: Tx,
  workspaceId: string,
  run: {
    kind: RunKind;
    model: string;
    refresh?: boolean;
    dryRun?: boolean;
    undoes?: string;
    startedBy?: Starter;
  },
): Promise<Run> {
  const { rows } = await tx.query<Run>(
    `insert into runs (workspace_id, kind, model, refresh, dry_run, undoes, started_via, started_by, as_of)
     values ($1, $2, $3, $4, $5, $6, $7, $8, (now() at time zone 'utc')::date) returning ${COLUMNS}`,
    [
      workspaceId,
      run.kind,
      run.model,
      run.refresh ?? false,
      run.dryRun ?? false,
      run.undoes ?? null,
      run.startedBy?.via ?? null,
      run.startedBy?.name?.replaceAll('\0', '') ?? null,
    ],
  );
  if (rows[0] === undefined) throw new Error('the run was not stored');
  return rows[0];
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Null when there is none of that id, or it is no id at all. */
export async function findRun(tx: Tx, id: string): Promise<Run | null> {
  if (!UUID.test(id)) return null;
  const { rows } = await tx.query<Run>(`select ${COLUMNS} from runs where id = $1`, [id]);
  return rows[0] ?? null;
}

// As many characters as a list shows of an id.
const ID_BEGINNING = /^[0-9a-f]{8,32}$/;

/** The ids that begin as somebody typed it, from the eight characters on that lists show; two at the most. */
export async function findRunIds(tx: Tx, beginning: string): Promise<string[]> {
  const typed = beginning.trim().toLowerCase().replaceAll('-', '');
  if (!ID_BEGINNING.test(typed)) return [];
  const { rows } = await tx.query<{ id: string }>(
    'select id from runs where id between $1::uuid and $2::uuid order by id limit 2',
    [typed.padEnd(32, '0'), typed.padEnd(32, 'f')],
  );
  return rows.map(({ id }) => id);
}

/** The newest runs first, `behind` one where that is given; none behind one that is not there. */
export async function listRuns(tx: Tx, limit = 20, behind?: string): Promise<Run[]> {
  const { rows } = await tx.query<Run>(
    `select ${COLUMNS} from runs
     where $2::uuid is null or (created_at, id) < (select created_at, id from runs where id = $2)
     order by created_at desc, id desc limit $1`,
    [limit, behind ?? null],
  );
  return rows;
}

/** The runs that undid any of these, and were no rehearsal, oldest first. One that was cancelled put nothing back. */
export async function listUndos(tx: Tx, ids: readonly string[]): Promise<(Run & { undoes: string })[]> {
  const { rows } = await tx.query<Run & { undoes: string }>(
    `select ${COLUMNS} from runs where undoes = any($1) and not dry_run and state <> 'cancelled' order by created_at, id`,
    [ids],
  );
  return rows;
}

/** Says how a person in Slack is known, of whom only Slack's own id was when they asked. */
export async function nameStarter(tx: Tx, id: string, name: string): Promise<void> {
  await tx.query(`update runs set started_by = $2 where id = $1 and started_via = 'slack'`, [id, name]);
}

// Which states may follow which; anything else is refused.
const NEXT: Record<RunState, readonly RunState[]> = {
  // The last portion of its plan ends it (undos.ts).
  planning: ['cancelled'],
  running: ['paused', 'cancelled', 'done'],
  paused: ['running', 'cancelled'],
  cancelled: [],
  done: [],
};

/** Moves a run to another state. False when the present state does not allow it. */
export async function changeRunState(tx: Tx, id: string, to: RunState): Promise<boolean> {
  const from = RUN_STATES.filter((state) => NEXT[state].includes(to));
  const { rowCount } = await tx.query(
    `update runs set state = $2, finished_at = case when $2 in ('cancelled', 'done') then now() end, paused_because = null
     where id = $1 and state = any($3)`,
    [id, to, from],
  );
  return rowCount === 1;
}

/** Pauses a run that can't go on until somebody acts; true when this call paused it. */
export async function stallRun(tx: Tx, id: string, because: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update runs set state = 'paused', paused_because = $2, paused_at = now(), stalls = stalls + 1
     where id = $1 and state = 'running'`,
    [id, because],
  );
  return rowCount === 1;
}

/** Runs that paused by themselves, and whether it is time to look at each again: after a minute, then two, four … up to an hour. */
export async function listStalledRuns(tx: Tx): Promise<{ id: string; isDue: boolean }[]> {
  const { rows } = await tx.query<{ id: string; isDue: boolean }>(
    `select id, paused_at < now() - least(interval '1 hour', interval '1 minute' * power(2, least(stalls, 10) - 1)) as "isDue"
     from runs where state = 'paused' and paused_because is not null order by paused_at`,
  );
  return rows;
}

/** A person resumed it: from here on it is looked at as often as at first. */
export async function forgetStalls(tx: Tx, id: string): Promise<void> {
  await tx.query('update runs set stalls = 0 where id = $1', [id]);
}

/** Is a batch still planning writes? */
export async function hasRunningBatch(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query<{ some: boolean }>(
    `select exists (
       select from runs where state = 'running' and kind in ('manual', 'scheduled') and not dry_run) as some`,
  );
  return rows[0]?.some ?? false;
}
