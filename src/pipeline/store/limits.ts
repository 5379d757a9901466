import { setImmediate as nextTick } from 'node:timers/promises';
import type { SharedLimits } from '../../connectors/limits.ts';
import type { Database } from '../../db.ts';

/** What a bucket refills by, and how much may be taken at once after a rest. */
export type BucketRate = { perSecond: number; burst: number };

// Everyone who reserves waits for the row until the one before has committed, and a commit waits for the disk (measured:
// five sixths of the time). A server that crashes may forget a bucket's last moments, which is no loss.
const UNFLUSHED = `(select set_config('synchronous_commit', 'off', true)) as unflushed`;

type BucketQueue = {
  waiting: { units: number; resolve: (waitMs: number) => void; reject: (error: unknown) => void }[];
  busy: boolean;
};

/**
 * Token buckets that all workers share through Postgres (generic cell rate algorithm: one row a bucket,
 * one statement for all reservations of a moment). Reservations queue up: each is told how long to wait, and what it takes is spent. A bucket without a
 * rate only honours pauses, for the price of a read.
 */
export function createSharedLimits(
  db: Database,
  rateOf: (bucket: string) => BucketRate | undefined,
): SharedLimits {
  const pausedFor: SharedLimits['pausedFor'] = async (buckets) => {
    const { rows } = await db.directory<{ wait_ms: number | null }>(
      `select max(extract(epoch from paused_until - clock_timestamp())) * 1000 as wait_ms from limits where bucket = any($1)`,
      [buckets],
    );
    return Math.max(0, Math.ceil(rows[0]?.wait_ms ?? 0));
  };
  const queues = new Map<string, BucketQueue>();

  /** One statement for all that gathered while the one before was under way, in the order in which they asked. */
  const takeTurns = async (bucket: string, rate: BucketRate, queue: BucketQueue): Promise<void> => {
    queue.busy = true;
    // What asks in the same moment (the searches of one company, say) gets turns that follow one another.
    await nextTick();
    while (queue.waiting.length > 0) {
      const asked = queue.waiting.splice(0);
      const total = asked.reduce((sum, { units }) => sum + units, 0);
      try {
        let wait = await takeFrom(bucket, rate, total);
        for (const { units, resolve } of asked) {
          resolve(Math.max(0, Math.ceil(wait)));
          wait += (units * 1000) / rate.perSecond;
        }
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    queue.busy = false;
  };

  /** Milliseconds until the first of these units may be used; negative where the bucket still holds a burst. */
  const takeFrom = async (bucket: string, rate: BucketRate, units: number): Promise<number> => {
    const secondsPerUnit = 1 / rate.perSecond;
    const burstSeconds = Math.max(0, rate.burst - 1) * secondsPerUnit;
    const { rows } = await db.directory<{ wait_ms: number }>(
      `insert into limits as l (bucket, free_at)
       select $1, clock_timestamp() + make_interval(secs => $2::double precision - $3::double precision) from ${UNFLUSHED}
       on conflict (bucket) do update set
         free_at = greatest(l.free_at, clock_timestamp() - make_interval(secs => $3::double precision), l.paused_until)
                   + make_interval(secs => $2::double precision)
       returning extract(epoch from free_at - make_interval(secs => $2::double precision) - clock_timestamp()) * 1000 as wait_ms`,
      [bucket, units * secondsPerUnit, burstSeconds],
    );
    return Number(rows[0]?.wait_ms ?? 0);
  };

  return {
    pausedFor,
    reserve: (bucket, units) => {
      const rate = rateOf(bucket);
      if (rate === undefined) return pausedFor([bucket]);
      const queue = queues.get(bucket) ?? { waiting: [], busy: false };
      queues.set(bucket, queue);
      return new Promise((resolve, reject) => {
        queue.waiting.push({ units, resolve, reject });
        if (!queue.busy) void takeTurns(bucket, rate, queue);
      });
    },
    pause: async (bucket, until) => {
      await db.directory(
        `insert into limits (bucket, free_at, paused_until) values ($1, $2, $2)
         on conflict (bucket) do update set
           free_at = greatest(limits.free_at, excluded.free_at), paused_until = greatest(limits.paused_until, excluded.paused_until)`,
        [bucket, until],
      );
    },
  };
}

/**
 * Takes units from a bucket if it holds them, and nothing if it does not. `left`: units that may be taken now; `waitMs`: how long until
 * these might have been.
 */
export async function takeOrRefuse(
  db: Database,
  bucket: string,
  { perSecond, burst }: BucketRate,
  units: number,
): Promise<{ taken: boolean; left: number; waitMs: number }> {
  const [cost, rest] = [units / perSecond, burst / perSecond];
  const { rows } = await db.directory<{ spare: number }>(
    `insert into limits as l (bucket, free_at)
     select $1, clock_timestamp() + make_interval(secs => $2::double precision - $3::double precision) from ${UNFLUSHED}
     on conflict (bucket) do update set
       free_at = greatest(l.free_at, clock_timestamp() - make_interval(secs => $3::double precision)) + make_interval(secs => $2::double precision)
       where greatest(l.free_at, clock_timestamp() - make_interval(secs => $3::double precision))
         <= clock_timestamp() - make_interval(secs => $2::double precision)
     returning extract(epoch from clock_timestamp() - free_at) as spare`,
    [bucket, cost, rest],
  );
  const [row] = rows;
  if (row !== undefined)
    return { taken: true, left: Math.max(0, Math.floor(Number(row.spare) * perSecond)), waitMs: 0 };
  const ahead = (await readBacklogs(db, [bucket])).get(bucket) ?? 0;
  return { taken: false, left: 0, waitMs: Math.max(0, Math.ceil((ahead + cost) * 1000)) };
}

/**
 * How many seconds ahead of now each bucket is reserved: negative where it rests and holds a burst, 0 for one that nobody
 * has used yet.
 */
export async function readBacklogs(db: Database, buckets: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await db.directory<{ bucket: string; seconds: number }>(
    `select bucket, extract(epoch from free_at - clock_timestamp()) as seconds from limits where bucket = any($1)`,
    [buckets],
  );
  const found = new Map(rows.map((row) => [row.bucket, Number(row.seconds)]));
  return new Map(buckets.map((bucket) => [bucket, found.get(bucket) ?? 0]));
}
