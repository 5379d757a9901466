import { createHmac, randomBytes } from 'node:crypto';
import { hashToken, packToken, unpackToken } from '../../workspace-token.ts';

/** A secret in an address, and what is kept of it. */
export type Token = { text: string; workspaceId: string; hash: Buffer };

// 192 bits.
const SECRET_BYTES = 24;
const SHAPE = /^[A-Za-z0-9_-]{54}$/;

export function makeToken(workspaceId: string): Token {
  const text = packToken(workspaceId, randomBytes(SECRET_BYTES));
  return { text, workspaceId, hash: hashToken(text) };
}

/** The same token whenever the same is asked by the holder of the same key; to everybody else a secret as any. */
export function deriveToken(workspaceId: string, key: string, asked: readonly string[]): Token {
  // As JSON, no two questions read alike.
  const secret = createHmac('sha256', key).update(JSON.stringify(['one-time link', workspaceId, ...asked]));
  const text = packToken(workspaceId, secret.digest().subarray(0, SECRET_BYTES));
  return { text, workspaceId, hash: hashToken(text) };
}

/** What somebody sent as a token; null where it has not the shape of one. */
export function readToken(text: unknown): Token | null {
  if (typeof text !== 'string' || !SHAPE.test(text)) return null;
  return { text, workspaceId: unpackToken(text).workspaceId, hash: hashToken(text) };
}
