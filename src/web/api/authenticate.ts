import type { Request } from 'express';
import { isLoopback } from '../../config.ts';
import { isSameHash, readToken } from '../../pipeline/api-token.ts';
import { SCOPES, findToken, noteTokenUsed } from '../../pipeline/store/api-tokens.ts';
import type { Scope } from '../../pipeline/store/api-tokens.ts';
import type { WebDeps } from '../deps.ts';
import { isPrivateBind, nameOf } from '../guard.ts';
import type { Tries } from '../tries.ts';
import { ApiError } from './problem.ts';

/** Who asks: the workspace that a token belongs to, and what it may do. */
export type Caller = {
  workspaceId: string;
  scope: Scope;
  id: string;
  /** The token's; null: a program on this machine, without one. */
  name: string | null;
};

// What a proxy adds: behind one, the peer is this machine whoever asks.
const FORWARDED = /^(forwarded|via|x-forwarded-.*|x-real-ip)$/;
const HOW = 'Send "Authorization: Bearer TOKEN" with a token of "fieldnote token create --name NAME".';

/**
 * Finds out who asks. `tries`: how many unknown tokens may come from one address.
 * @throws ApiError 401 with what to do, 403 for a page of another site; HttpError 429
 */
export async function authenticate(deps: WebDeps, request: Request, tries: Tries): Promise<Caller> {
  const sent = request.headersDistinct['authorization'] ?? [];
  if (sent.length > 1) throw new ApiError(400, 'There are several Authorization headers', 'Send one.');
  const [header] = sent;
  if (header === undefined) return admitNeighbour(deps, request);
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  const claimed = token === undefined ? null : readToken(token);
  if (claimed === null) throw refuse('This is no token of Fieldnote', HOW, 'invalid_token');
  tries.refuse(request);
  const found = await deps.db.inWorkspace(claimed.workspaceId, async (tx) => {
    const known = await findToken(tx, claimed.id);
    if (known === null || !isSameHash(known.hash, claimed.hash)) return null;
    const isGood = known.revokedAt === null && known.expiresAt > new Date();
    if (isGood && (known.lastUsedAt === null || Date.now() - known.lastUsedAt.getTime() > 60_000))
      await noteTokenUsed(tx, known.id);
    return known;
  });
  if (found === null) {
    await tries.count(request);
    throw refuse('This token is not known here', HOW, 'invalid_token');
  }
  const another = 'Make another one: fieldnote token create --name NAME.';
  if (found.revokedAt !== null)
    throw refuse(`The token "${found.name}" was revoked`, another, 'invalid_token', 'token-revoked');
  if (found.expiresAt <= new Date())
    throw refuse(`The token "${found.name}" has expired`, another, 'invalid_token', 'token-expired');
  return { workspaceId: claimed.workspaceId, scope: found.scope, id: found.id, name: found.name };
}

/** @throws ApiError 403 that names what is missing */
export function requireScope(caller: Caller, needed: Scope): void {
  if (SCOPES.indexOf(caller.scope) >= SCOPES.indexOf(needed)) return;
  throw new ApiError(
    403,
    `This takes the scope "${needed}", and the token has "${caller.scope}"`,
    `Make one that may: fieldnote token create --name NAME --scope ${needed}.`,
    {
      kind: 'missing-scope',
      headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${needed}"` },
    },
  );
}

/** Programs on this machine need no token; pages of other sites in a browser on it get nothing. */
function admitNeighbour(deps: WebDeps, request: Request): Caller {
  const isNear =
    isPrivateBind(deps) &&
    isLoopbackPeer(request.socket.remoteAddress) &&
    isLoopback(nameOf(request.get('host') ?? '')) &&
    !Object.keys(request.headers).some((name) => FORWARDED.test(name));
  if (!isNear) throw refuse('This takes a token', HOW);
  const [site, origin] = [request.get('sec-fetch-site'), request.get('origin')];
  const isOwn =
    origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.get('host'));
  if ((site !== undefined && site !== 'same-origin' && site !== 'none') || !isOwn)
    throw new ApiError(403, 'A page of another site may not call this', HOW, { kind: 'other-site' });
  return { workspaceId: deps.workspaceId, scope: 'admin', id: '', name: null };
}

function isLoopbackPeer(address: string | undefined): boolean {
  return address !== undefined && isLoopback(address.replace(/^::ffff:/, ''));
}

function refuse(message: string, fix: string, error?: string, kind?: string): ApiError {
  const reason = error === undefined ? '' : `, error="${error}"`;
  return new ApiError(401, message, fix, {
    ...(kind === undefined ? {} : { kind }),
    headers: { 'www-authenticate': `Bearer realm="fieldnote"${reason}` },
  });
}
