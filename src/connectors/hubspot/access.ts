import { z } from 'zod';
import type { CallOptions } from '../call.ts';
import type { ApiRequest } from './call.ts';

/** What a token may do; the app's id where HubSpot tells it. */
export type TokenFacts = { appId: number | null; scopes: string[] };

/** How calls to one account are let in. */
export type Access = {
  /** The token to send now. @throws ProviderError when none can be had */
  token(options: CallOptions): Promise<string>;
  /** Another one after HubSpot refused this one (401); null: there is none. @throws ProviderError as above */
  renew(refused: string, options: CallOptions): Promise<string | null>;
  /** The request that asks what a token may do. */
  inspect(token: string): ApiRequest<TokenFacts>;
};

const appId = z
  .number()
  .nullish()
  .transform((id) => id ?? null);
const PrivateAppToken = z.object({ appId, scopes: z.array(z.string()) });

/** The static token of an app, or a service key: it ends when somebody revokes it. */
export function staticAccess(token: string): Access {
  return {
    token: async () => token,
    renew: async () => null,
    inspect: (tokenKey) => ({
      operation: 'token info',
      method: 'POST',
      // The one path without a dated form (private apps guide, "View API call logs and token info").
      path: '/oauth/v2/private-apps/get/access-token-info',
      body: { tokenKey },
      schema: PrivateAppToken,
      repeatable: true,
    }),
  };
}
