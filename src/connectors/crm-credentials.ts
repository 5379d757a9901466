import { z } from 'zod';
import type { CrmKind } from './crm.ts';

const text = z.string({ error: 'is missing' }).trim().min(1, 'is empty');
const address = z
  .url({ protocol: /^https?$/, error: 'must be an address that begins with https://' })
  .transform((url) => url.replace(/\/+$/, ''));
const hubspotAddress = address.default('https://api.hubapi.com');

/** What opens one Salesforce org: the client-credentials flow of an External Client App. */
const Salesforce = z.strictObject({
  kind: z.literal('salesforce'),
  /** The org's My Domain. */
  loginUrl: address,
  clientId: text,
  clientSecret: text,
});

/** What opens one HubSpot account: the static token of an app, or a service key. */
const HubspotToken = z.strictObject({
  kind: z.literal('hubspot'),
  baseUrl: hubspotAddress,
  accessToken: text,
  /** The app's, which checks the signatures of calls from HubSpot. */
  clientSecret: text.optional(),
});

/** What opens one HubSpot account: what an OAuth app got when it was installed there. */
const HubspotGrant = z.strictObject({
  kind: z.literal('hubspot'),
  baseUrl: hubspotAddress,
  clientId: text,
  clientSecret: text,
  refreshToken: text,
  /** The last one that the refresh token brought, and the instant (ISO) at which it ends. */
  access: z.strictObject({ token: text, until: z.iso.datetime() }).nullable().default(null),
});
export type HubspotGrant = z.infer<typeof HubspotGrant>;

/** What opens a connection. */
export const Credentials = z.union([Salesforce, HubspotGrant, HubspotToken]);
export type Credentials = z.infer<typeof Credentials>;

/**
 * Checks credentials as a person gives them.
 * @param given an object without `kind`; a HubSpot one with `refreshToken` is that of an OAuth app
 * @returns what is wrong, a line a field; never a value
 */
export function readCredentials(kind: CrmKind, given: object): Credentials | { problems: string[] } {
  const shape = kind === 'salesforce' ? Salesforce : 'refreshToken' in given ? HubspotGrant : HubspotToken;
  const parsed = shape.safeParse({ ...given, kind });
  if (parsed.success) return parsed.data;
  return {
    problems: parsed.error.issues.map((issue) =>
      issue.code === 'unrecognized_keys'
        ? `${issue.keys.join(', ')}: not known; there are ${Object.keys(shape.shape)
            .filter((key) => key !== 'kind' && key !== 'access')
            .join(', ')}`
        : `${issue.path.map(String).join('.')}: ${issue.message}`,
    ),
  };
}

/** Where an app's grant is kept, for all processes that use it. */
export type GrantStore = {
  read(): Promise<HubspotGrant>;
  /**
   * Runs `renew` on the stored grant and stores what comes of it, while everybody else who wants to renew it waits. Where
   * the stored access token is another one than `known` (null: none), somebody was faster and `renew` does not run.
   */
  change(known: string | null, renew: (grant: HubspotGrant) => Promise<HubspotGrant>): Promise<HubspotGrant>;
};
