import type { Request } from 'express';
import type { WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import type { HubspotAccount } from './hubspot-accounts.ts';
import { checkSignature } from './hubspot-signature.ts';

/** Why nobody could be believed. */
type Refusal = keyof typeof REFUSALS | 'no-secret';

/** @returns the secret by which it was signed. @throws HttpError when nobody signed it, or nobody could tell */
export function requireSigner(
  deps: Pick<WebDeps, 'webhooks' | 'publicUrl'>,
  request: Request,
  accounts: readonly HubspotAccount[],
  tell: {
    /** What is missing where no secret is set. */
    unset: string;
    refused?: (why: Refusal) => void;
  },
): string {
  const { ownSecret } = deps.webhooks;
  const secrets = new Set([
    ...(ownSecret === null ? [] : [ownSecret]),
    ...accounts.map(({ secret }) => secret),
  ]);
  if (secrets.size === 0) {
    tell.refused?.('no-secret');
    throw new HttpError(
      503,
      tell.unset,
      'Set HUBSPOT_CLIENT_SECRET to the client secret of the HubSpot app (its Auth tab).',
    );
  }
  const verdict = checkSignature(
    {
      method: request.method,
      // What HubSpot called, whatever a proxy made of it.
      url: deps.publicUrl.replace(/\/+$/, '') + request.originalUrl,
      body: bodyOf(request),
      signature: request.get('x-hubspot-signature-v3'),
      timestamp: request.get('x-hubspot-request-timestamp'),
    },
    [...secrets],
  );
  if ('secret' in verdict) return verdict.secret;
  tell.refused?.(verdict.refused);
  throw new HttpError(401, REFUSALS[verdict.refused], FIX);
}

const REFUSALS = {
  unsigned: "The call carries no signature of HubSpot's",
  stale: "The call's timestamp is not within five minutes of now",
  forged: "The call's signature is not that of a HubSpot app known here",
};
const FIX =
  'If HubSpot sent it: HUBSPOT_CLIENT_SECRET must be the client secret of the app that calls, PUBLIC_URL the beginning of the address that it calls, and the clock right.';

/** Without a body express leaves an empty object. */
export function bodyOf(request: Request): Buffer {
  const body: unknown = request.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
