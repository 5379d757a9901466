import type { Tx } from '../../db.ts';
import type { Sealed } from '../../seal.ts';
import type { StoredCredentials } from './connections.ts';

// Longer than a token's renewal ever takes (connectors/hubspot/limits.ts).
const LONGEST_HOLD_MS = 60_000;

/** What a seal is bound to: none opens in the place of another connection, or of an earlier version of its own. */
export const boundTo = (at: { workspaceId: string; connectionId: string; version: number }): string =>
  `${at.workspaceId}|${at.connectionId}|${at.version}`;

/** A connection's credentials, held against every other change until the transaction ends; null: none are stored. */
export async function lockCredentials(tx: Tx, connectionId: string): Promise<StoredCredentials | null> {
  const { rows } = await tx.query<StoredCredentials>(
    'select version, key_id as "keyId", sealed as box from credentials where connection_id = $1 for update',
    [connectionId],
  );
  return rows[0] ?? null;
}

/**
 * The same without a wait, which would keep a database connection from everybody else: `held` while another one has them. A holder that
 * stands still loses them after a minute.
 */
export async function tryLockCredentials(
  tx: Tx,
  connectionId: string,
): Promise<StoredCredentials | null | 'held'> {
  await tx.query(`select set_config('idle_in_transaction_session_timeout', $1, true)`, [
    String(LONGEST_HOLD_MS),
  ]);
  const { rows } = await tx.query<StoredCredentials>(
    'select version, key_id as "keyId", sealed as box from credentials where connection_id = $1 for update skip locked',
    [connectionId],
  );
  if (rows[0] !== undefined) return rows[0];
  const { rowCount } = await tx.query('select from credentials where connection_id = $1', [connectionId]);
  return rowCount === 0 ? null : 'held';
}

/** Stores the version after the one that was locked; false when another first one came in between. */
export async function saveCredentials(
  tx: Tx,
  at: { workspaceId: string; connectionId: string; version: number },
  { keyId, box }: Sealed,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into credentials as k (workspace_id, connection_id, version, key_id, sealed) values ($1, $2, $3, $4, $5)
     on conflict (workspace_id, connection_id) do update
     set version = excluded.version, key_id = excluded.key_id, sealed = excluded.sealed, changed_at = now()
     where k.version = excluded.version - 1`,
    [at.workspaceId, at.connectionId, at.version, keyId, box],
  );
  return rowCount === 1;
}

/** Connections whose credentials another key than this one seals. */
export async function listSealedOtherwise(tx: Tx, keyId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    'select connection_id as id from credentials where key_id <> $1 order by connection_id',
    [keyId],
  );
  return rows.map((row) => row.id);
}
