import type { PgBoss } from 'pg-boss';
import { KILLS_BEFORE_DEAD } from './jobs.ts';
import { LIFELINE } from './lifeline.ts';

/** One worker's hold on a job: results count only while the job still carries this attempt. */
export type Attempt = { id: string; retryCount: number };

// Seen without its lock at two looks: a session that broke is open again by then, a process that died is not.
const LOOK_EVERY_MS = 1_000;
// A job that is being handled is marked within milliseconds of its fetch; one without a mark after this belongs to nobody.
const UNMARKED_SECONDS = 2;

/** Marks jobs as being in a worker's hands. pg-boss leaves an active job's output alone until the job is settled. */
export async function markJobs(
  boss: PgBoss,
  queue: string,
  worker: number,
  attempts: readonly Attempt[],
): Promise<void> {
  await boss.getDb().executeSql(
    `update pgboss.job j set output = jsonb_build_object('worker', $2::integer)
     from unnest($3::uuid[], $4::integer[]) as mine (id, retry_count)
     where j.name = $1 and j.id = mine.id and j.retry_count = mine.retry_count and j.state = 'active'`,
    [queue, worker, attempts.map(({ id }) => id), attempts.map(({ retryCount }) => retryCount)],
  );
}

/** Lets a job that got on be handed out as often again as one that is new: only deaths in a row, without any progress, make it poison. */
export async function forgiveDeaths(boss: PgBoss, queue: string, { id, retryCount }: Attempt): Promise<void> {
  await boss.getDb().executeSql(
    `update pgboss.job set retry_limit = retry_count + $4
     where name = $1 and id = $2 and retry_count = $3 and state = 'active'`,
    [queue, id, retryCount, KILLS_BEFORE_DEAD],
  );
}

/**
 * Hands the jobs of workers that died to the living, from a look once a second at the workers' locks. Safe where it errs: each
 * attempt is fenced, a worker that lost one is told with its next heartbeat, and pg-boss's own heartbeat stays as it is for what
 * this can't see (a machine without power keeps its session for a while).
 */
export function startTakeOver(options: {
  boss: PgBoss;
  queues: readonly string[];
  onError: (error: unknown, what: string) => void;
}): { stop: () => Promise<void> } {
  const { boss } = options;
  let suspects = new Set<number>();
  let looking: Promise<void> | null = null;

  const look = async (): Promise<void> => {
    const gone = await listGone(boss);
    const dead = gone.filter((worker) => suspects.has(worker));
    suspects = new Set(gone);
    if (dead.length > 0) await handOver(boss, options.queues, dead);
  };
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => options.onError(error, 'looking after dead workers'))
      .finally(() => {
        looking = null;
      });
  }, LOOK_EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Workers whose lock is free. */
async function listGone(boss: PgBoss): Promise<number[]> {
  const { rows } = await boss.getDb().executeSql(
    `with known as materialized (select worker from queue_workers)
     select worker from known where pg_try_advisory_xact_lock($1, worker)`,
    [LIFELINE],
  );
  return rows.map((row: { worker: number }) => row.worker);
}

async function handOver(boss: PgBoss, queues: readonly string[], dead: readonly number[]): Promise<void> {
  const { rows } = await boss.getDb().executeSql(
    `select name, id, retry_count as "retryCount" from pgboss.job
     where state = 'active' and name = any($1)
       and case when output ? 'worker' then (output->>'worker')::integer = any($2)
                else started_on < now() - make_interval(secs => $3) end`,
    [queues, dead, UNMARKED_SECONDS],
  );
  const orphans: (Attempt & { name: string })[] = rows;
  for (const queue of queues) {
    const attempts = orphans.flatMap(({ name, id, retryCount }) =>
      name === queue ? [{ id, retryCount }] : [],
    );
    if (attempts.length > 0) await boss.fail(queue, attempts, { message: 'its worker died' });
  }
  await boss.getDb().executeSql('delete from queue_workers where worker = any($1)', [dead]);
}
