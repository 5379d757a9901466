import type { Tx } from '../../db.ts';

/** Who syncs a connection. */
export type SyncHold = { workspaceId: string; connectionId: string; holder: string };

const UNTIL = 'clock_timestamp() + make_interval(secs => $4::double precision / 1000)';

/**
 * Takes the connection's sync for that long, by the database's clock. False: somebody else is at it. A server that crashes may forget it, with
 * what has been stored since: it does not wait for the disk.
 */
export async function takeSync(
  tx: Tx,
  { workspaceId, connectionId, holder }: SyncHold,
  forMs: number,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into sync_holds as h (workspace_id, connection_id, holder, held_since, held_until)
     values ($1, $2, $3, clock_timestamp(), ${UNTIL})
     on conflict (workspace_id, connection_id) do update
     set holder = excluded.holder, held_since = excluded.held_since, held_until = excluded.held_until
     where h.held_until < clock_timestamp()
     returning set_config('synchronous_commit', 'off', true)`,
    [workspaceId, connectionId, holder, forMs],
  );
  return rowCount === 1;
}

/** Holds on to it. False: somebody else took it, or wants everything to be read anew since, so that what is being read counts for nothing. */
export async function renewSync(
  tx: Tx,
  { workspaceId, connectionId, holder }: SyncHold,
  forMs: number,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update sync_holds h set held_until = ${UNTIL}
     where h.workspace_id = $1 and h.connection_id = $2 and h.holder = $3 and not exists (
       select from connections c where c.workspace_id = h.workspace_id and c.id = h.connection_id and c.read_anew_since > h.held_since)`,
    [workspaceId, connectionId, holder, forMs],
  );
  return rowCount === 1;
}

/** Lets go of it, if it is still held. */
export async function releaseSync(tx: Tx, { connectionId, holder }: SyncHold): Promise<void> {
  await tx.query(
    `delete from sync_holds where connection_id = $1 and holder = $2
     returning set_config('synchronous_commit', 'off', true)`,
    [connectionId, holder],
  );
}
