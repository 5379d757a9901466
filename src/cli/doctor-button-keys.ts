import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import { openButtonSecret } from '../pipeline/button-key.ts';
import { findButtonKey, listButtonKeys } from '../pipeline/store/button-keys.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import type { Seal } from '../seal.ts';
import type { Finding } from './doctor.ts';

/** Whether the keys of a connection's card and buttons open here, and when one was used last; null: there are none. */
export async function checkButtonKeys(
  tx: Tx,
  seal: Seal | null,
  { id: connectionId, workspaceId }: Pick<Connection, 'id' | 'workspaceId'>,
): Promise<Pick<Finding, 'status' | 'detail'> | null> {
  const good = (await listButtonKeys(tx, connectionId)).filter(({ revokedAt }) => revokedAt === null);
  if (good.length === 0) return null;
  const count = good.length === 1 ? '1 key' : `${good.length} keys`;
  if (seal === null)
    return {
      status: 'failed',
      detail: `${count}, and no SECRET_KEY to open them. Set the one that was set when they were made`,
    };
  try {
    for (const { id } of good) {
      const key = await findButtonKey(tx, id);
      if (key !== null) openButtonSecret(seal, { workspaceId, id }, key.secret);
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: 'failed', detail: [error.message, error.fix].filter(Boolean).join('. ') };
  }
  const used = good.flatMap(({ lastUsedAt }) => lastUsedAt?.toISOString() ?? []).toSorted();
  return { status: 'ok', detail: `${count}, ${used.length === 0 ? 'never used' : `used ${used.at(-1)}`}` };
}
