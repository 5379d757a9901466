import type { SharedQuota } from '../../connectors/limits.ts';
import type { Database, Tx } from '../../db.ts';

/** What a CRM last said of the daily calls of a connection's account. */
export type Quota = { connectionId: string; used: number; limit: number | null; saidAt: Date };

/**
 * One account's daily calls, shared through Postgres by all workers and by all connections that lead to it. Ages are told by the server's
 * clock alone. @param account as Connection tells it
 */
export function createSharedQuota(db: Database, account: string): SharedQuota {
  return {
    read: async () => {
      const { rows } = await db.directory<{ used: number; limit: number | null; age_ms: number }>(
        `select used, daily_limit as "limit", extract(epoch from clock_timestamp() - said_at) * 1000 as age_ms
         from quotas where account = $1`,
        [account],
      );
      const found = rows[0];
      if (found === undefined) return null;
      return { usage: { used: found.used, limit: found.limit }, ageMs: Math.max(0, found.age_ms) };
    },
    tell: async (usage) => {
      if (usage === null) await db.directory('delete from quotas where account = $1', [account]);
      else
        await db.directory(
          `insert into quotas (account, used, daily_limit) values ($1, $2, $3)
           on conflict (account) do update set
             used = excluded.used, daily_limit = excluded.daily_limit, said_at = excluded.said_at, looking_until = null`,
          [account, usage.used, usage.limit],
        );
    },
    claimLook: async (forMs, sinceMs) => {
      const { rowCount } = await db.directory(
        `update quotas set looking_until = clock_timestamp() + make_interval(secs => $2::double precision / 1000)
         where account = $1 and (looking_until is null or looking_until < clock_timestamp())
           and said_at <= clock_timestamp() - make_interval(secs => $3::double precision / 1000)`,
        [account, forMs, sinceMs],
      );
      return rowCount === 1;
    },
  };
}

/** The daily calls of the accounts that the workspace's connections lead to, for people to see. */
export async function listQuotas(tx: Tx): Promise<Quota[]> {
  const { rows } = await tx.query<Quota>(
    `select c.id as "connectionId", q.used, q.daily_limit as "limit", q.said_at as "saidAt"
     from connections c join quotas q on q.account = c.account`,
  );
  return rows;
}
