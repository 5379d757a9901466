import type { SharedQuota } from '../../connectors/limits.ts';
import type { Database, Tx } from '../../db.ts';

/** What a CRM last said of a connection's daily calls. */
export type Quota = { connectionId: string; used: number; limit: number | null; saidAt: Date };

/** One connection's daily calls, shared by all workers through Postgres. Ages are told by the server's clock alone. */
export function createSharedQuota(
  db: Database,
  { workspaceId, id: connectionId }: { workspaceId: string; id: string },
): SharedQuota {
  return {
    read: () =>
      db.inWorkspace(workspaceId, async (tx) => {
        const { rows } = await tx.query<{ used: number; limit: number | null; age_ms: number }>(
          `select used, daily_limit as "limit", extract(epoch from clock_timestamp() - said_at) * 1000 as age_ms
           from quotas where connection_id = $1`,
          [connectionId],
        );
        const found = rows[0];
        if (found === undefined) return null;
        return { usage: { used: found.used, limit: found.limit }, ageMs: Math.max(0, found.age_ms) };
      }),
    tell: (usage) =>
      db.inWorkspace(workspaceId, async (tx) => {
        if (usage === null) await tx.query('delete from quotas where connection_id = $1', [connectionId]);
        else
          await tx.query(
            `insert into quotas (workspace_id, connection_id, used, daily_limit) values ($1, $2, $3, $4)
             on conflict (workspace_id, connection_id) do update set
               used = excluded.used, daily_limit = excluded.daily_limit, said_at = excluded.said_at, looking_until = null`,
            [workspaceId, connectionId, usage.used, usage.limit],
          );
      }),
    claimLook: (forMs, sinceMs) =>
      db.inWorkspace(workspaceId, async (tx) => {
        const { rowCount } = await tx.query(
          `update quotas set looking_until = clock_timestamp() + make_interval(secs => $2::double precision / 1000)
           where connection_id = $1 and (looking_until is null or looking_until < clock_timestamp())
             and said_at <= clock_timestamp() - make_interval(secs => $3::double precision / 1000)`,
          [connectionId, forMs, sinceMs],
        );
        return rowCount === 1;
      }),
  };
}

/** The daily calls of the workspace's connections, for people to see. */
export async function listQuotas(tx: Tx): Promise<Quota[]> {
  const { rows } = await tx.query<Quota>(
    `select connection_id as "connectionId", used, daily_limit as "limit", said_at as "saidAt" from quotas`,
  );
  return rows;
}
