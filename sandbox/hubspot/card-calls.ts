import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { signRequest } from './sign.ts';

/** The address of Fieldnote, as an app's profile gives it, and where calls to it really arrive (behind a proxy, say). */
export type CardAddress = { url: string; reachedAt: string };

/** Whose card calls: the app in an account, and who sits before it. */
export type CardCaller = {
  address: CardAddress;
  clientSecret: string;
  portalId: number;
  appId: number;
  user: { id: number; email: string };
};

/** What a card asks by hubspot.fetch. `timeout` in milliseconds. */
export const CardCall = z.strictObject({
  url: z.url(),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE', 'PATCH']).default('GET'),
  timeout: z.number().positive().optional(),
  body: z.record(z.string(), z.unknown()).optional(),
});
export type CardCall = z.infer<typeof CardCall>;

// "Fetching data for UI extensions": 15 s unless told, 1 MB each way, one repeat.
const LONGEST_MS = 15_000;
const MOST_BYTES = 1_000_000;
const ATTEMPTS = 2;

/**
 * Calls the app's server as HubSpot does for a card: only where the app may call, with account, user and app added to the address, signed,
 * and repeated once when nothing or a 5xx comes back.
 * @throws what makes hubspot.fetch fail: an address that is not permitted, no answer in time, too large a body
 */
export async function callForCard(
  call: CardCall,
  { address, clientSecret, portalId, appId, user }: CardCaller,
): Promise<{ status: number; body: string }> {
  const url = new URL(call.url);
  if (!readPermitted(address.url).some((permitted) => isWithin(url, permitted)))
    throw new Error(`${url.origin} is not among the permittedUrls of the app`);
  const asked = { userId: user.id, userEmail: user.email, portalId, appId };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, String(value));
  const body = call.body === undefined ? '' : JSON.stringify(call.body);
  if (Buffer.byteLength(body) > MOST_BYTES) throw new Error('the request is larger than 1 MB');
  const reached = address.reachedAt + url.href.slice(new URL(address.url).origin.length);
  const signal = AbortSignal.timeout(Math.min(call.timeout ?? LONGEST_MS, LONGEST_MS));
  for (let attempt = 1; ; attempt += 1) {
    const { method } = call;
    const headers = {
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
      'user-agent': 'HubSpot Card',
      ...signRequest({ method, url: url.href, body, clientSecret, at: Date.now() }),
    };
    try {
      const sent = body === '' ? {} : { body };
      const response = await fetch(reached, { method, headers, ...sent, signal, redirect: 'manual' });
      const answer = await response.text();
      if (answer.length > MOST_BYTES) throw new Error('the answer is larger than 1 MB');
      if (response.status < 500 || attempt === ATTEMPTS) return { status: response.status, body: answer };
    } catch (error) {
      if (signal.aborted || attempt === ATTEMPTS) throw error;
    }
  }
}

const APP = new URL('../../crm/hubspot/src/app/app-hsmeta.json', import.meta.url);
const App = z.object({ config: z.object({ permittedUrls: z.object({ fetch: z.array(z.string()) }) }) });

/** What the app in crm/hubspot may call, with the profile's address put in. */
function readPermitted(fieldnoteUrl: string): string[] {
  const { fetch: permitted } = App.parse(JSON.parse(readFileSync(APP, 'utf8'))).config.permittedUrls;
  return permitted.map((url) => url.replace('${FIELDNOTE_URL}', fieldnoteUrl));
}

function isWithin(url: URL, permitted: string): boolean {
  const { origin, pathname } = new URL(permitted);
  return url.origin === origin && url.pathname.startsWith(pathname);
}
