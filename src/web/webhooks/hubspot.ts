import express, { Router } from 'express';
import type { Request, Response } from 'express';
import { tellHints } from '../../pipeline/tell-hints.ts';
import type { WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import { createHubspotAccounts } from './hubspot-accounts.ts';
import type { HubspotAccount } from './hubspot-accounts.ts';
import { readDelivery } from './hubspot-events.ts';
import { checkSignature } from './hubspot-signature.ts';

/** Where HubSpot sends its webhooks. */
const HUBSPOT_WEBHOOKS = '/hubspot/webhooks';

// A hundred events (webhooks guide) with values of usual length take 60 kB. Values may be longer, and are of no use to us: what does
// not fit is refused, and the next sync sees it.
const BODY_LIMIT = '4mb';

/**
 * HubSpot tells us which records changed. It waits five seconds for an answer and repeats a delivery, up to ten times in a day, that is
 * answered by anything but a success (webhooks guide). So what is told is kept and answered at once, read later; what we leave alone
 * is a success, too; and an error is what repeating can help: a secret that is not set or not right, a database that is away.
 */
export function serveHubspotWebhooks(deps: WebDeps): Router {
  const listAccounts = createHubspotAccounts(deps);
  const router = Router();
  const rawBody = express.raw({ type: () => true, limit: BODY_LIMIT, inflate: false });
  router.post(HUBSPOT_WEBHOOKS, rawBody, async (request: Request, response: Response) => {
    const accounts = await listAccounts();
    const secret = requireSigner(deps, request, accounts);
    const delivery = readDelivery(bodyOf(request));
    deps.metrics.countDelivery('hubspot', 'accepted');
    const { own, ignored, unreadable } = delivery;
    deps.metrics.countTold('hubspot', { own, ignored, unreadable });
    if (unreadable > 0)
      deps.log.warn({ events: unreadable }, 'HubSpot sent events that are not as it describes them');
    for (const [portalId, tellings] of delivery.tellings) {
      // Another app's signature says nothing about this account.
      const told = accounts.filter((account) => account.portalId === portalId && account.secret === secret);
      if (told.length === 0) deps.metrics.countTold('hubspot', { unknownAccount: tellings.length });
      for (const { connection } of told) {
        const counts = await tellHints(deps, connection, deps.webhooks.crmOf(connection), tellings);
        deps.metrics.countTold('hubspot', counts);
      }
    }
    response.status(204).end();
  });
  return router;
}

/** @returns the secret by which it was signed. @throws HttpError when nobody signed it, or nobody could tell */
function requireSigner(deps: WebDeps, request: Request, accounts: readonly HubspotAccount[]): string {
  const { ownSecret } = deps.webhooks;
  const secrets = new Set([
    ...(ownSecret === null ? [] : [ownSecret]),
    ...accounts.map(({ secret }) => secret),
  ]);
  if (secrets.size === 0) {
    deps.metrics.countDelivery('hubspot', 'no-secret');
    throw new HttpError(
      503,
      'Webhooks are not set up here: without HUBSPOT_CLIENT_SECRET nobody can tell whether HubSpot sent this',
      'Set HUBSPOT_CLIENT_SECRET to the client secret of the HubSpot app (its Auth tab). Until then changes come with each sync.',
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
  deps.metrics.countDelivery('hubspot', verdict.refused);
  throw new HttpError(401, REFUSALS[verdict.refused], FIX);
}

const REFUSALS = {
  unsigned: "The call carries no signature of HubSpot's",
  stale: "The call's timestamp is not within five minutes of now",
  forged: "The call's signature is not that of a HubSpot app known here",
};
const FIX =
  'If HubSpot sent it: HUBSPOT_CLIENT_SECRET must be the client secret of the app whose webhooks these are, PUBLIC_URL the beginning of its target URL, and the clock right.';

/** Without a body express leaves an empty object. */
function bodyOf(request: Request): Buffer {
  const body: unknown = request.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
