import type { SharedBreaker } from '../../connectors/limits.ts';
import type { Database } from '../../db.ts';

// Five failures in a row are an outage rather than bad luck. A probe every few seconds keeps an outage cheap and recovery quick.
const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 5_000;
// A prober that was killed must not hold the probe for ever.
const PROBE_LEASE_MS = 120_000;
const BELIEVED_MS = 250;

export type BreakerState = {
  provider: string;
  state: 'closed' | 'open';
  failures: number;
  openUntil: Date | null;
};

/**
 * Breakers whose state all workers share through Postgres: closed → open after five failures in a row → one probe →
 * closed. What was read is believed for a quarter of a second, so that a healthy provider costs four reads a second at
 * most, not two statements a call.
 */
export function createSharedBreaker(db: Database): SharedBreaker {
  const seen = new Map<string, { clean: boolean; at: number }>();
  return {
    enter: async (provider) => {
      const last = seen.get(provider);
      if (last?.clean && Date.now() - last.at < BELIEVED_MS) return 'call';
      const { rows } = await db.directory<{
        state: string;
        failures: number;
        open_until: Date | null;
        now: Date;
      }>('select state, failures, open_until, clock_timestamp() as now from breakers where provider = $1', [
        provider,
      ]);
      const found = rows[0];
      seen.set(provider, {
        clean: found === undefined || (found.state === 'closed' && found.failures === 0),
        at: Date.now(),
      });
      if (found === undefined || found.state === 'closed') return 'call';
      if (found.open_until !== null && found.open_until > found.now) return { openUntil: found.open_until };
      const claimed = await db.directory(
        `update breakers set probing_until = clock_timestamp() + make_interval(secs => $2::double precision)
         where provider = $1 and state = 'open' and (probing_until is null or probing_until < clock_timestamp())`,
        [provider, PROBE_LEASE_MS / 1000],
      );
      return claimed.rowCount === 1 ? 'probe' : { openUntil: new Date(found.now.getTime() + 1000) };
    },
    report: async (provider, outcome) => {
      if (outcome === 'success') {
        if (seen.get(provider)?.clean) return;
        await db.directory(
          `update breakers set state = 'closed', failures = 0, opened_at = null, open_until = null, probing_until = null
           where provider = $1 and (state = 'open' or failures > 0)`,
          [provider],
        );
        return;
      }
      seen.delete(provider);
      await db.directory(
        `insert into breakers as b (provider, failures) values ($1, 1)
         on conflict (provider) do update set
           failures = b.failures + 1,
           state = case when b.failures + 1 >= $2 then 'open' else b.state end,
           opened_at = case when b.failures + 1 >= $2 then coalesce(b.opened_at, clock_timestamp()) end,
           open_until = case when b.failures + 1 >= $2 then clock_timestamp() + make_interval(secs => least(
             $3::double precision * power(2, least(b.failures + 1 - $2, 10)), $4::double precision)) end,
           probing_until = null`,
        [provider, FAILURES_TO_OPEN, FIRST_PAUSE_MS / 1000, LONGEST_PAUSE_MS / 1000],
      );
    },
  };
}

/** Every breaker that ever counted a failure, for people to see. */
export async function listBreakers(db: Database): Promise<BreakerState[]> {
  const { rows } = await db.directory<BreakerState>(
    `select provider, state, failures, open_until as "openUntil" from breakers order by provider`,
  );
  return rows;
}
