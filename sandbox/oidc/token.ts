import { timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import type { OidcClient } from './authorize.ts';
import { provesChallenge } from './codes.ts';
import type { Codes, Grant } from './codes.ts';

export type Redeemed = { grant: Grant } | { error: string; status: number };

/** The token endpoint's checks: who asks (in the body or as Basic), for what, and with which proof. */
export function redeemCode(request: Request, client: OidcClient, codes: Codes): Redeemed {
  if (request.is('application/x-www-form-urlencoded') === false)
    return { error: 'invalid_request', status: 400 };
  const form = new Map<string, string>();
  for (const [name, value] of Object.entries(Object(request.body)))
    if (typeof value === 'string') form.set(name, value);
  const who = readClient(request.get('authorization'), form);
  if (who === null || !isSame(who.id, client.clientId) || !isSame(who.secret, client.clientSecret))
    return { error: 'invalid_client', status: 401 };
  if (form.get('grant_type') !== 'authorization_code')
    return { error: 'unsupported_grant_type', status: 400 };
  const grant = codes.redeem(form.get('code') ?? '');
  if (
    grant === null ||
    grant.clientId !== client.clientId ||
    grant.redirectUri !== form.get('redirect_uri') ||
    !provesChallenge(grant.challenge, form.get('code_verifier') ?? null)
  )
    return { error: 'invalid_grant', status: 400 };
  return { grant };
}

function readClient(
  authorization: string | undefined,
  form: ReadonlyMap<string, string>,
): { id: string; secret: string } | null {
  const basic = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1];
  const [id, secret] =
    basic === undefined
      ? [form.get('client_id'), form.get('client_secret')]
      : Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent);
  return id === undefined || secret === undefined ? null : { id, secret };
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
