import { createHash } from 'node:crypto';

const WORKSPACE_BYTES = 16;

/**
 * A secret for an address or a header, in base64url. The workspace's id comes first and is no secret: rows can only be looked for
 * inside of a workspace. What opens is the rest.
 */
export function packToken(workspaceId: string, ...rest: readonly Buffer[]): string {
  return Buffer.concat([Buffer.from(workspaceId.replaceAll('-', ''), 'hex'), ...rest]).toString('base64url');
}

/** What `packToken` made, taken apart; its shape was checked. */
export function unpackToken(text: string): { workspaceId: string; rest: Buffer } {
  const bytes = Buffer.from(text, 'base64url');
  const hex = bytes.subarray(0, WORKSPACE_BYTES).toString('hex');
  const workspaceId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return { workspaceId, rest: bytes.subarray(WORKSPACE_BYTES) };
}

/** What is kept of a token: so much randomness needs no slow hash. */
export function hashToken(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
