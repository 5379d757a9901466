import { z } from 'zod';
import { HubspotRefusal } from './answers.ts';
import { parseBody } from './bodies.ts';
import { HUBSPOT_API_VERSION, handle } from './portal.ts';
import type { Portal } from './portal.ts';

const accountPaths = (rest: string) => [
  `/account-info/${HUBSPOT_API_VERSION}${rest}`,
  `/account-info/v3${rest}`,
];
const TokenInfo = z.object({ tokenKey: z.string() });

/** Who the account is, what of its day is used, what the token may do. */
export function mountAccount(portal: Portal, scopes: readonly string[]): void {
  const { app, guard } = portal;
  app.get(accountPaths('/details'), (_request, response) => {
    handle(response, 'account details', () => ({
      body: {
        portalId: portal.portalId,
        accountType: 'STANDARD',
        timeZone: 'Europe/Berlin',
        companyCurrency: 'EUR',
        additionalCurrencies: [],
        utcOffset: '+01:00',
        utcOffsetMilliseconds: 3_600_000,
        uiDomain: 'app.hubspot.com',
        dataHostingLocation: 'eu1',
      },
    }));
  });
  app.get(accountPaths('/api-usage/daily/private-apps'), (_request, response) => {
    handle(response, 'api usage', () => {
      const now = portal.clock.now();
      const tomorrow = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
      const usage = {
        name: 'private-apps-api-calls-daily',
        usageLimit: guard.limits().daily ?? 1_000_000,
        currentUsage: guard.usedToday(),
        collectedAt: now.toISOString(),
        fetchStatus: 'SUCCESS',
        resetsAt: tomorrow.toISOString(),
      };
      return { body: { results: [usage] } };
    });
  });
  app.post('/oauth/v2/private-apps/get/access-token-info', (request, response) => {
    handle(response, 'token info', () => {
      const { tokenKey } = parseBody(TokenInfo, request.body);
      if (!portal.tokens.isStatic(tokenKey))
        throw new HubspotRefusal({
          status: 404,
          category: 'OBJECT_NOT_FOUND',
          message: 'No private app access token was found',
        });
      const { userId, sourceId } = portal.caller;
      return { body: { userId, hubId: portal.portalId, appId: Number(sourceId), scopes } };
    });
  });
}
