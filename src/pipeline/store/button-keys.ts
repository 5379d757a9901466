import { createHash } from 'node:crypto';
import type { Tx } from '../../db.ts';
import type { Sealed } from '../../seal.ts';

/** A key with which a Salesforce org signs what its card and buttons ask. */
export type ButtonKey = {
  id: string;
  /** The org for which it speaks. */
  connectionId: string;
  createdAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
};

const COLUMNS = `id, connection_id as "connectionId", created_at as "createdAt", last_used_at as "lastUsedAt",
  revoked_at as "revokedAt"`;
// Newest first; those that matter are a few.
const MOST_LISTED = 100;

/** Keeps a key by its id; its secret is sealed. */
export async function saveButtonKey(
  tx: Tx,
  workspaceId: string,
  key: { id: string; connectionId: string; secret: Sealed },
): Promise<void> {
  await tx.query(
    'insert into button_keys (workspace_id, id, connection_id, key_id, sealed) values ($1, $2, $3, $4, $5)',
    [workspaceId, key.id, key.connectionId, key.secret.keyId, key.secret.box],
  );
}

/** A key of the workspace by its id, whatever became of it. */
export async function findButtonKey(tx: Tx, id: string): Promise<(ButtonKey & { secret: Sealed }) | null> {
  const { rows } = await tx.query<ButtonKey & { keyId: string; box: Buffer }>(
    `select ${COLUMNS}, key_id as "keyId", sealed as box from button_keys where id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { keyId, box, ...key } = row;
  return { ...key, secret: { keyId, box } };
}

/** A connection's keys, the newest first. */
export async function listButtonKeys(tx: Tx, connectionId: string): Promise<ButtonKey[]> {
  const { rows } = await tx.query<ButtonKey>(
    `select ${COLUMNS} from button_keys where connection_id = $1 order by created_at desc, id limit $2`,
    [connectionId, MOST_LISTED],
  );
  return rows;
}

/** Takes a key's rights away; false where the connection has none of that id. Again, it keeps the time of the first. */
export async function revokeButtonKey(tx: Tx, connectionId: string, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    'update button_keys set revoked_at = coalesce(revoked_at, now()) where connection_id = $1 and id = $2',
    [connectionId, id],
  );
  return rowCount === 1;
}

/** Notes that it is in use, at most once a minute: every call would otherwise write. */
export async function noteButtonKeyUsed(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update button_keys set last_used_at = now()
     where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
    [id],
  );
}

/** Keys that another SECRET_KEY than this one seals. */
export async function listKeysSealedOtherwise(tx: Tx, keyId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    'select id from button_keys where key_id <> $1 order by id',
    [keyId],
  );
  return rows.map(({ id }) => id);
}

/** Puts the same secret under another seal. */
export async function replaceKeySeal(tx: Tx, id: string, secret: Sealed): Promise<void> {
  await tx.query('update button_keys set key_id = $2, sealed = $3 where id = $1', [
    id,
    secret.keyId,
    secret.box,
  ]);
}

/** Takes a signature, once: false where it was taken before. Of two at once one gets it. */
export async function takeSignature(tx: Tx, workspaceId: string, signature: Buffer): Promise<boolean> {
  const { rowCount } = await tx.query(
    'insert into button_signatures (workspace_id, signature) values ($1, $2) on conflict do nothing',
    [workspaceId, signature],
  );
  return rowCount === 1;
}

/** The same for one press of a button in a CRM that signs a repeated call anew: it is named by what was pressed and a number of its own. */
export function takePress(tx: Tx, workspaceId: string, press: readonly string[]): Promise<boolean> {
  return takeSignature(
    tx,
    workspaceId,
    createHash('sha256')
      .update(JSON.stringify(['press', ...press]))
      .digest(),
  );
}

// A call is let in from five minutes before its time to five after it; the clock of the database may be another than ours.
const KEPT_MINUTES = 15;

/** Forgets signatures whose time lets nobody in any more. */
export async function forgetOldSignatures(tx: Tx): Promise<void> {
  await tx.query('delete from button_signatures where taken_at < now() - make_interval(mins => $1)', [
    KEPT_MINUTES,
  ]);
}
