import type { Tx } from '../../db.ts';
import type { PitchWishes } from './pitch-settings.ts';
import type { Starter } from './runs.ts';

export type PitchRequestState = 'waiting' | 'working' | 'done' | 'failed' | 'cancelled';

/** A pitch that somebody asked for. */
export type PitchRequest = {
  id: string;
  /** Those that were asked for together. */
  batchId: string;
  companyId: string;
  domain: string;
  template: string;
  /** As it was asked for: a role or its title; empty: nobody in particular. */
  persona: string;
  wishes: PitchWishes;
  force: boolean;
  state: PitchRequestState;
  /** The run that finds the score which was missing. */
  runId: string | null;
  pitchId: string | null;
  error: string | null;
  fix: string | null;
  askedAt: Date;
  finishedAt: Date | null;
  askedBy: Starter;
};

const COLUMNS = `r.id, r.batch_id as "batchId", r.company_id as "companyId", c.domain, r.template, r.persona, r.wishes, r.force, r.state,
  r.run_id as "runId", r.pitch_id as "pitchId", r.error, r.fix,
  json_build_object('via', coalesce(r.asked_via, 'web'), 'name', nullif(r.asked_by, '')) as "askedBy", r.asked_at as "askedAt", r.finished_at as "finishedAt"`;
const FROM =
  'from pitch_requests r join companies c on c.workspace_id = r.workspace_id and c.id = r.company_id';
const OPEN = `state in ('waiting', 'working')`;

type NewRequest = Pick<PitchRequest, 'batchId' | 'companyId' | 'template' | 'persona' | 'wishes' | 'force'> &
  Partial<Pick<PitchRequest, 'runId' | 'pitchId'>> &
  Pick<PitchRequest, 'askedBy'>;

/** Keeps what somebody asks for; with a `pitchId` it is done. @returns its id */
export async function saveRequest(tx: Tx, workspaceId: string, request: NewRequest): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into pitch_requests (workspace_id, batch_id, company_id, template, persona, wishes, force, run_id, pitch_id, asked_via, asked_by, state, finished_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, case when $9::uuid is null then 'waiting' else 'done' end, case when $9::uuid is not null then now() end)
     returning id`,
    [
      workspaceId,
      request.batchId,
      request.companyId,
      request.template,
      request.persona,
      JSON.stringify(request.wishes),
      request.force,
      request.runId ?? null,
      request.pitchId ?? null,
      request.askedBy.via,
      request.askedBy.name ?? '',
    ],
  );
  if (rows[0] === undefined) throw new Error('a request for a pitch was not stored');
  return rows[0].id;
}

export async function findRequest(tx: Tx, id: string): Promise<PitchRequest | null> {
  const { rows } = await tx.query<PitchRequest>(`select ${COLUMNS} ${FROM} where r.id = $1`, [id]);
  return rows[0] ?? null;
}

/** The same that is asked for already and not over; null: there is none. */
export async function findOpenRequest(
  tx: Tx,
  {
    companyId,
    template,
    persona,
    wishes,
    force,
  }: Pick<NewRequest, 'companyId' | 'template' | 'persona' | 'wishes' | 'force'>,
): Promise<PitchRequest | null> {
  const { rows } = await tx.query<PitchRequest>(
    `select ${COLUMNS} ${FROM} where r.company_id = $1 and r.${OPEN} and r.template = $2 and r.persona = $3 and r.wishes = $4 and r.force = $5
     order by r.asked_at limit 1`,
    [companyId, template, persona, JSON.stringify(wishes), force],
  );
  return rows[0] ?? null;
}

// More than these nobody waits for at a time.
const MOST_OPEN = 10;

/** What is asked for about a company and not over, the oldest first. */
export async function listOpenRequests(tx: Tx, companyId: string): Promise<PitchRequest[]> {
  const { rows } = await tx.query<PitchRequest>(
    `select ${COLUMNS} ${FROM} where r.company_id = $1 and r.${OPEN} order by r.asked_at, r.id limit $2`,
    [companyId, MOST_OPEN],
  );
  return rows;
}

/** Those of a batch, by domain. */
export async function listRequests(tx: Tx, batchId: string): Promise<PitchRequest[]> {
  const { rows } = await tx.query<PitchRequest>(
    `select ${COLUMNS} ${FROM} where r.batch_id = $1 order by c.domain, r.id`,
    [batchId],
  );
  return rows;
}

/** How many of a batch are in each state; all zero: there is no such batch. */
export async function countRequests(tx: Tx, batchId: string): Promise<Record<PitchRequestState, number>> {
  const { rows } = await tx.query<{ state: PitchRequestState; count: number }>(
    'select state, count(*)::int as count from pitch_requests where batch_id = $1 group by state',
    [batchId],
  );
  const counts = { waiting: 0, working: 0, done: 0, failed: 0, cancelled: 0 };
  for (const { state, count } of rows) counts[state] = count;
  return counts;
}

/** Takes a request up; null where it is over. `attempts`: failed ones before. */
export async function startRequest(
  tx: Tx,
  id: string,
): Promise<(PitchRequest & { attempts: number }) | null> {
  const { rowCount } = await tx.query(
    `update pitch_requests set state = 'working' where id = $1 and ${OPEN}`,
    [id],
  );
  if (rowCount !== 1) return null;
  const { rows } = await tx.query<PitchRequest & { attempts: number }>(
    `select ${COLUMNS}, r.attempts ${FROM} where r.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** Holds an open request to the transaction's end, so that it is not cancelled meanwhile; false where it is over. */
export async function holdRequest(tx: Tx, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(`select from pitch_requests where id = $1 and ${OPEN} for update`, [
    id,
  ]);
  return rowCount === 1;
}

/** It waits: for a score, or for an outage to end. */
export async function putRequestBack(tx: Tx, id: string): Promise<void> {
  await tx.query(`update pitch_requests set state = 'waiting' where id = $1 and state = 'working'`, [id]);
}

/** Counts a failed attempt. @returns how many there were */
export async function countRequestAttempt(tx: Tx, id: string, error: string): Promise<number> {
  const { rows } = await tx.query<{ attempts: number }>(
    `update pitch_requests set state = 'waiting', attempts = attempts + 1, error = $2 where id = $1 and ${OPEN} returning attempts`,
    [id, error],
  );
  return rows[0]?.attempts ?? 0;
}

/** It is over: with a pitch, or with the reason why there is none. False where it was over before. */
export async function settleRequest(
  tx: Tx,
  id: string,
  end: { pitchId: string } | { error: string; fix: string | null },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update pitch_requests set state = $2, pitch_id = $3, error = $4, fix = $5, finished_at = now() where id = $1 and ${OPEN}`,
    'pitchId' in end ? [id, 'done', end.pitchId, null, null] : [id, 'failed', null, end.error, end.fix],
  );
  return rowCount === 1;
}

/** Cancels what is open of a batch. @returns how many were */
export async function cancelRequests(tx: Tx, batchId: string): Promise<number> {
  const { rowCount } = await tx.query(
    `update pitch_requests set state = 'cancelled', finished_at = now() where batch_id = $1 and ${OPEN}`,
    [batchId],
  );
  return rowCount ?? 0;
}

/** Cancels one that is open, whatever it was asked for with; false where it is over, or is not about that company. */
export async function cancelRequest(tx: Tx, id: string, companyId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update pitch_requests set state = 'cancelled', finished_at = now() where id = $1 and company_id = $2 and ${OPEN}`,
    [id, companyId],
  );
  return rowCount === 1;
}

// Long enough to be asked what became of last month's batch.
const KEPT_DAYS = 30;

/** Forgets requests that were over long ago; the pitches stay. */
export async function forgetOldPitchRequests(tx: Tx): Promise<void> {
  await tx.query(
    `delete from pitch_requests where not ${OPEN} and asked_at < now() - make_interval(days => $1)`,
    [KEPT_DAYS],
  );
}
