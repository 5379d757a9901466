import type { Tx } from '../../db.ts';

/**
 * All that store for a workspace what CRMs say take turns, transaction by transaction, from their first lock on. What a company is
 * called is chosen among the rows of all connections, and rows that another one has not committed can't be seen; and two syncs of one
 * connection, of which one takes over, can't wait for each other in a circle.
 */
export async function takeTurn(tx: Tx, workspaceId: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [workspaceId]);
}

/** This transaction does not wait for the disk: what a server that crashes forgets of it is read again. Others see it at once all the same. */
export async function forgoDisk(tx: Tx): Promise<void> {
  await tx.query(`select set_config('synchronous_commit', 'off', true)`);
}

/**
 * Begins a transaction that stores rows and moves their cursor. A server that crashes may forget the last of them, and forgets their
 * cursor with them: none waits for the disk.
 * @returns false where the connection's settings are others by now, or it was removed; else they stay until the transaction ends
 */
export async function beginStoring(
  tx: Tx,
  connection: { workspaceId: string; id: string; settingsVersion: number },
): Promise<boolean> {
  await takeTurn(tx, connection.workspaceId);
  await forgoDisk(tx);
  const { rowCount } = await tx.query(
    `select from connections where id = $1 and settings_version = $2 and status <> 'removed' for share`,
    [connection.id, connection.settingsVersion],
  );
  return rowCount === 1;
}
