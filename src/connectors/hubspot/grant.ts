import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { GrantStore, HubspotGrant } from '../crm-credentials.ts';
import type { Policy } from '../resilience.ts';
import type { Access, TokenFacts } from './access.ts';
import type { ApiRequest, Caller } from './call.ts';

/** The OAuth API's own version ("Manage OAuth access tokens with the 2026-03 API"); v1 ends on 16 February 2027. */
const OAUTH_VERSION = '2026-03';
// A token that ends while a call is under way fails it: one that has less than this left is renewed first.
const LEAST_LEFT_MS = 60_000;

const Tokens = z.object({
  access_token: z.string().min(1),
  // HubSpot mostly answers with the same one; where it is another, the old one is spent.
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive(),
});

const Introspected = z
  .object({
    active: z.boolean(),
    app_id: z.number().nullish(),
    scopes: z.array(z.string()).catch([]),
  })
  .transform(({ active, app_id: appId, scopes }): TokenFacts => ({
    appId: appId ?? null,
    scopes: active ? scopes : [],
  }));

/**
 * The access tokens of an OAuth app's grant. However many calls find theirs expired, in however many processes, one of
 * them asks HubSpot for another: here they wait for the same promise, elsewhere for the store's lock.
 */
export function grantAccess(settings: {
  call: Caller;
  policy: Policy;
  store: GrantStore;
  now: () => Date;
}): Access {
  const { call, policy, store, now } = settings;
  let known: HubspotGrant | null = null;
  let renewing: Promise<HubspotGrant> | null = null;

  const refresh = async (grant: HubspotGrant, options: CallOptions): Promise<HubspotGrant> => {
    const { clientId, clientSecret, refreshToken } = grant;
    const wanted: ApiRequest<z.infer<typeof Tokens>> = {
      operation: 'token refresh',
      method: 'POST',
      path: `/oauth/${OAUTH_VERSION}/token`,
      form: {
        grant_type: 'refresh_token',
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: refreshToken,
      },
      schema: Tokens,
      repeatable: true,
    };
    const asked = now().getTime();
    const { data } = await policy
      .run(wanted.operation, (signal) => call(wanted, null, signal), { ...options, repeatable: true })
      .catch((error: unknown) => {
        throw explainRefusal(error);
      });
    return {
      ...grant,
      refreshToken: data.refresh_token ?? refreshToken,
      access: { token: data.access_token, until: new Date(asked + data.expires_in * 1000).toISOString() },
    };
  };

  /** All who find the same token refused or too old share one change; it is not stopped when the first of them is. */
  const change = (old: string | null, options: CallOptions): Promise<HubspotGrant> => {
    renewing ??= store
      .change(old, (grant) => refresh(grant, { ...options, signal: new AbortController().signal }))
      .then((grant) => (known = grant))
      .finally(() => {
        renewing = null;
      });
    return renewing;
  };

  const isFresh = ({ access }: HubspotGrant): boolean =>
    access !== null && Date.parse(access.until) - now().getTime() >= LEAST_LEFT_MS;
  const tokenOf = ({ access }: HubspotGrant): string => {
    if (access === null) throw new Error('a grant was renewed without an access token');
    return access.token;
  };

  return {
    token: async (options) => {
      known ??= await store.read();
      if (isFresh(known)) return tokenOf(known);
      return tokenOf(await change(known.access?.token ?? null, options));
    },
    renew: async (refused, options) => {
      if (known !== null && known.access !== null && known.access.token !== refused)
        return known.access.token;
      return tokenOf(await change(refused, options));
    },
    inspect: (token) => {
      const { clientId = '', clientSecret = '' } = known ?? {};
      return {
        operation: 'token info',
        method: 'POST',
        path: `/oauth/${OAUTH_VERSION}/token/introspect`,
        form: {
          client_id: clientId,
          client_secret: clientSecret,
          token,
          token_type_hint: 'access_token',
        },
        anonymous: true,
        schema: Introspected,
        repeatable: true,
      };
    },
  };
}

/** `invalid_grant` and the like: the app was uninstalled, or its secret changed. */
function explainRefusal(error: unknown): unknown {
  if (!(error instanceof ProviderError) || error.retryable || error.kind === 'malformed') return error;
  return new ProviderError({
    provider: error.provider,
    operation: error.operation,
    kind: 'unauthorized',
    message: `the refresh token was refused (${error.code ?? error.status ?? 'no reason'})`,
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.code === undefined ? {} : { code: error.code }),
    fix: 'install the app in the account again and store the new refresh token with "fieldnote connect"',
    cause: error,
  });
}
