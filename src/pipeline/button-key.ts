import { randomBytes } from 'node:crypto';
import type { Database, Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import type { Seal, Sealed } from '../seal.ts';
import {
  findButtonKey,
  listKeysSealedOtherwise,
  replaceKeySeal,
  saveButtonKey,
} from './store/button-keys.ts';

const [ID_BYTES, SECRET_BYTES] = [8, 32];
const NAME = /^([0-9a-f]{32})\.([0-9a-f]{16})$/;

type Named = { workspaceId: string; id: string };

const boundTo = ({ workspaceId, id }: Named): string => `button key|${workspaceId}|${id}`;

/**
 * Makes a key for the org behind a connection: WORKSPACE.KEY.SECRET, of which a call's header names all but the secret. Only this
 * answer ever holds it whole.
 */
export async function mintButtonKey(
  tx: Tx,
  seal: Seal,
  { workspaceId, id: connectionId }: { workspaceId: string; id: string },
): Promise<{ key: string; id: string }> {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const sealed = seal.seal(secret, boundTo({ workspaceId, id }));
  await saveButtonKey(tx, workspaceId, { id, connectionId, secret: sealed });
  return { key: `${workspaceId.replaceAll('-', '')}.${id}.${secret}`, id };
}

/** The workspace and key that a header names; null: it has not the shape of one. */
export function readKeyName(text: string): Named | null {
  const [, hex, id] = NAME.exec(text) ?? [];
  if (hex === undefined || id === undefined) return null;
  return { workspaceId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), id };
}

/** @throws UserError where it does not open here */
export function openButtonSecret(seal: Seal, named: Named, secret: Sealed): string {
  try {
    return seal.open(secret, boundTo(named), "Keys of Salesforce's button");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      error.message,
      'Set SECRET_KEY (or, while you change it, SECRET_KEY_PREVIOUS) to what it was when they were made, or make another key: fieldnote connect salesforce --button-key.',
      error,
    );
  }
}

/** Seals under SECRET_KEY what SECRET_KEY_PREVIOUS still seals. @returns how many */
export async function resealButtonKeys(db: Database, seal: Seal, workspaceId: string): Promise<number> {
  return db.inWorkspace(workspaceId, async (tx) => {
    const ids = await listKeysSealedOtherwise(tx, seal.keyId);
    for (const id of ids) {
      const found = await findButtonKey(tx, id);
      if (found === null) continue;
      const named = { workspaceId, id };
      await replaceKeySeal(tx, id, seal.seal(openButtonSecret(seal, named, found.secret), boundTo(named)));
    }
    return ids.length;
  });
}
