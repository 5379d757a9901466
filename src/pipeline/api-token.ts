import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hashToken, packToken, unpackToken } from '../workspace-token.ts';

// Recognisable for people and for scanners of leaked secrets.
const PREFIX = 'fieldnote_';
const [ID_BYTES, SECRET_BYTES] = [8, 32];
const SHAPE = /^fieldnote_[A-Za-z0-9_-]{75}$/;

/** A new token: its workspace and id, which are no secret, and 256 random bits. It is shown once; only its hash is kept. */
export function mintToken(workspaceId: string): { token: string; id: string; hash: Buffer } {
  const id = randomBytes(ID_BYTES);
  const token = PREFIX + packToken(workspaceId, id, randomBytes(SECRET_BYTES));
  return { token, id: id.toString('hex'), hash: hashToken(token) };
}

/** Which token of which workspace this claims to be; null: it is none of ours. */
export function readToken(token: string): { workspaceId: string; id: string; hash: Buffer } | null {
  if (!SHAPE.test(token)) return null;
  const { workspaceId, rest } = unpackToken(token.slice(PREFIX.length));
  return { workspaceId, id: rest.subarray(0, ID_BYTES).toString('hex'), hash: hashToken(token) };
}

/** Compares without telling by its time where they differ. */
export function isSameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
