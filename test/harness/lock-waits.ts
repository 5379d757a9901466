import type { Tx } from '../../src/db.ts';

/** Does another transaction wait for a lock that this one holds? */
export async function isWaitedFor(tx: Tx): Promise<boolean> {
  const { rowCount } = await tx.query(
    'select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))',
  );
  return rowCount !== 0;
}
