import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

// Recognisable for people and for scanners of leaked secrets.
const PREFIX = 'fieldnote_';
const [WORKSPACE, ID, SECRET] = [16, 8, 32];
const SHAPE = /^fieldnote_[A-Za-z0-9_-]{75}$/;

/** A new token: its workspace and id, which are no secret, and 256 random bits. It is shown once; only its hash is kept. */
export function mintToken(workspaceId: string): { token: string; id: string; hash: Buffer } {
  const id = randomBytes(ID);
  const bytes = [Buffer.from(workspaceId.replaceAll('-', ''), 'hex'), id, randomBytes(SECRET)];
  const token = PREFIX + Buffer.concat(bytes).toString('base64url');
  return { token, id: id.toString('hex'), hash: hashToken(token) };
}

/** Which token of which workspace this claims to be; null: it is none of ours. */
export function readToken(token: string): { workspaceId: string; id: string; hash: Buffer } | null {
  if (!SHAPE.test(token)) return null;
  const hex = Buffer.from(token.slice(PREFIX.length), 'base64url').toString('hex');
  const at = WORKSPACE * 2;
  const workspaceId = hex.slice(0, at).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return { workspaceId, id: hex.slice(at, at + ID * 2), hash: hashToken(token) };
}

/** Compares without telling by its time where they differ. */
export function isSameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

// So much randomness needs no slow hash.
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
