import type { Tx } from '../../db.ts';

export const SCOPES = ['read', 'write', 'admin'] as const;
/** What a token may do; each may what those before it may. */
export type Scope = (typeof SCOPES)[number];

export type ApiToken = {
  id: string;
  name: string;
  scope: Scope;
  createdAt: Date;
  lastUsedAt: Date | null;
  expiresAt: Date;
  revokedAt: Date | null;
};

const COLUMNS = `id, name, scope, created_at as "createdAt", last_used_at as "lastUsedAt", expires_at as "expiresAt",
  revoked_at as "revokedAt"`;

/** Stores a token by its hash; nothing of the token itself is kept. */
export async function saveToken(
  tx: Tx,
  workspaceId: string,
  token: Pick<ApiToken, 'id' | 'name' | 'scope'> & { hash: Buffer; days: number },
): Promise<ApiToken> {
  const { rows } = await tx.query<ApiToken>(
    `insert into api_tokens (workspace_id, id, name, scope, hash, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(days => $6)) returning ${COLUMNS}`,
    [workspaceId, token.id, token.name, token.scope, token.hash, token.days],
  );
  if (rows[0] === undefined) throw new Error('the token was not stored');
  return rows[0];
}

/** A token of the workspace by its id, whatever became of it. */
export async function findToken(tx: Tx, id: string): Promise<(ApiToken & { hash: Buffer }) | null> {
  const { rows } = await tx.query<ApiToken & { hash: Buffer }>(
    `select ${COLUMNS}, hash from api_tokens where id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** Notes that it is in use, at most once a minute: every request would otherwise write. */
export async function noteTokenUsed(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update api_tokens set last_used_at = now()
     where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
    [id],
  );
}

/** Newest first. */
export async function listTokens(tx: Tx): Promise<ApiToken[]> {
  const { rows } = await tx.query<ApiToken>(`select ${COLUMNS} from api_tokens order by created_at desc, id`);
  return rows;
}

/** Takes a token's rights away; null where there is none of that id. Again, it keeps the time of the first. */
export async function revokeToken(tx: Tx, id: string): Promise<ApiToken | null> {
  const { rows } = await tx.query<ApiToken>(
    `update api_tokens set revoked_at = coalesce(revoked_at, now()) where id = $1 returning ${COLUMNS}`,
    [id],
  );
  return rows[0] ?? null;
}
