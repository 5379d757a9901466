import express, { Router } from 'express';
import type { Request, Response } from 'express';
import { tellHints } from '../../pipeline/tell-hints.ts';
import type { WebDeps } from '../deps.ts';
import { createHubspotAccounts } from './hubspot-accounts.ts';
import { readDelivery } from './hubspot-events.ts';
import { bodyOf, requireSigner } from './hubspot-signer.ts';

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
    const secret = requireSigner(deps, request, accounts, {
      unset:
        'Webhooks are not set up here: without HUBSPOT_CLIENT_SECRET nobody can tell whether HubSpot sent this',
      refused: (why) => deps.metrics.countDelivery('hubspot', why),
    });
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
