import { createHash, randomBytes } from 'node:crypto';

/** A secret in an address, and what is kept of it. */
export type Token = { text: string; workspaceId: string; hash: Buffer };

// The workspace comes first, since rows can only be looked for inside of one; what opens is the rest, 192 random bits.
const WORKSPACE_BYTES = 16;
const SECRET_BYTES = 24;
const SHAPE = /^[A-Za-z0-9_-]{54}$/;

export function makeToken(workspaceId: string): Token {
  const workspace = Buffer.from(workspaceId.replaceAll('-', ''), 'hex');
  const text = Buffer.concat([workspace, randomBytes(SECRET_BYTES)]).toString('base64url');
  return { text, workspaceId, hash: hashToken(text) };
}

/** What somebody sent as a token; null where it has not the shape of one. */
export function readToken(text: unknown): Token | null {
  if (typeof text !== 'string' || !SHAPE.test(text)) return null;
  const hex = Buffer.from(text, 'base64url')
    .toString('hex')
    .slice(0, WORKSPACE_BYTES * 2);
  const workspaceId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { text, workspaceId, hash: hashToken(text) };
}

function hashToken(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
