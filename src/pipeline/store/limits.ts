import type { SharedLimits } from '../../connectors/limits.ts';
import type { Database } from '../../db.ts';

/** What a bucket refills by, and how much may be taken at once after a rest. */
export type BucketRate = { perSecond: number; burst: number };

// Everyone who reserves waits for the row until the one before has committed, and a commit waits for the disk (measured:
// five sixths of the time). A server that crashes may forget a bucket's last moments, which is no loss.
const UNFLUSHED = `(select set_config('synchronous_commit', 'off', true)) as unflushed`;

/**
 * Token buckets that all workers share through Postgres (generic cell rate algorithm: one row and one statement a
 * reservation). Reservations queue up: each is told how long to wait, and what it takes is spent. A bucket without a
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
  return {
    pausedFor,
    reserve: async (bucket, units) => {
      const rate = rateOf(bucket);
      if (rate === undefined) return pausedFor([bucket]);
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
      return Math.max(0, Math.ceil(Number(rows[0]?.wait_ms ?? 0)));
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
