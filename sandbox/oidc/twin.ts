import express from 'express';
import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import type { FaultSettings } from '../kit/faults.ts';
import { startTwin } from '../kit/twin.ts';
import type { Twin, TwinKit } from '../kit/twin.ts';
import { createAuthorize } from './authorize.ts';
import type { OidcClient } from './authorize.ts';
import { createCodes } from './codes.ts';
import type { Grant } from './codes.ts';
import { createKeys } from './keys.ts';
import type { Keys } from './keys.ts';
import { VENDORS, describePerson } from './people.ts';
import type { OidcPerson } from './people.ts';
import { redeemCode } from './token.ts';

const ID_TOKEN_SECONDS = 3_600;

const Behaviour = z.strictObject({
  /** Whose claims it makes and whose refusals. */
  vendor: z.enum(VENDORS).default('plain'),
  /** Put over the ID token's claims; null takes one away. */
  claims: z.record(z.string(), z.json()).default({}),
  signing: z.enum(['right', 'other-key', 'none']).default('right'),
});
type Behaviour = z.infer<typeof Behaviour>;
const Edit = z.union([
  z.strictObject({ rotateKeys: z.literal(true) }),
  z.strictObject({ behave: Behaviour }),
  z.strictObject({ register: z.array(z.url()).max(10) }),
]);

/**
 * A strict OpenID Connect provider: discovery, keys, a page to say who one is, codes with PKCE, RS256 ID tokens, userinfo. It keeps nothing:
 * after a restart it has new keys, and codes under way are gone.
 * POST /_twin/edit takes `{ rotateKeys: true }`, `{ behave: { vendor, claims, signing } }` or `{ register: [redirect URIs] }`.
 */
export async function startOidcTwin(options: {
  people: readonly OidcPerson[];
  client: OidcClient;
  behave?: Partial<Behaviour>;
  port?: number;
  faults?: Partial<FaultSettings>;
}): Promise<Twin> {
  const keys = createKeys();
  const client = { ...options.client };
  let behaviour = Behaviour.parse(options.behave ?? {});
  let issuer = '';
  const twin = await startTwin(
    {
      name: 'oidc',
      mount: (kit) => {
        const { people } = options;
        mountProvider(kit, { keys, people, client, issuer: () => issuer, behaviour: () => behaviour });
      },
      dump: () => ({ issuer, people: options.people, redirectUris: client.redirectUris, ...behaviour }),
      edit: (body) => {
        const edit = Edit.parse(body);
        if ('rotateKeys' in edit) keys.rotate();
        else if ('behave' in edit) behaviour = edit.behave;
        else client.redirectUris = edit.register;
      },
      answerFault: (response, status, retryAfterSeconds) => {
        if (status === 429) response.set('retry-after', String(retryAfterSeconds));
        const error = status === 500 ? 'server_error' : 'temporarily_unavailable';
        response.status(status).json({ error });
      },
    },
    options,
  );
  issuer = twin.url;
  return twin;
}

type Provider = {
  keys: Keys;
  people: readonly OidcPerson[];
  client: OidcClient;
  issuer(): string;
  behaviour(): Behaviour;
};

function mountProvider({ app, clock }: TwinKit, provider: Provider): void {
  const { client, keys } = provider;
  const codes = createCodes(clock);
  const form = express.urlencoded({ extended: false, limit: '16kb' });
  const authorize = createAuthorize({ client, codes, people: provider.people });
  mountDiscovery(app, provider);
  app.get('/keys', (_request, response) => void response.json(keys.published()));
  app.get('/authorize', authorize.show);
  app.post('/authorize', form, authorize.choose);
  app.post('/token', form, (request, response) => {
    const redeemed = redeemCode(request, client, codes);
    const isSlack = provider.behaviour().vendor === 'slack';
    response.set({ 'cache-control': 'no-store', pragma: 'no-cache' });
    if ('error' in redeemed) {
      const error = redeemed.error === 'invalid_grant' ? 'invalid_code' : redeemed.error;
      // Slack's Web API says so with status 200.
      if (isSlack) return void response.json({ ok: false, error });
      return void response.status(redeemed.status).json({ error: redeemed.error });
    }
    response.json({
      ...(isSlack ? { ok: true } : {}),
      access_token: codes.issueToken(redeemed.grant.person),
      token_type: 'Bearer',
      expires_in: ID_TOKEN_SECONDS,
      id_token: makeIdToken(provider, redeemed.grant, clock.now()),
    });
  });
  const answerUserinfo = (request: Request, response: Response): void => {
    const token = /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
    const person = codes.personOf(token ?? '');
    if (person === null) {
      response.status(401).set('www-authenticate', 'Bearer error="invalid_token"').end();
      return;
    }
    response.json(describePerson(provider.behaviour().vendor, person, provider.issuer()).userinfo);
  };
  app.get('/userinfo', answerUserinfo);
  app.post('/userinfo', answerUserinfo);
}

function mountDiscovery(app: Express, { issuer }: Provider): void {
  app.get('/.well-known/openid-configuration', (_request, response) => {
    response.json({
      issuer: issuer(),
      authorization_endpoint: `${issuer()}/authorize`,
      token_endpoint: `${issuer()}/token`,
      userinfo_endpoint: `${issuer()}/userinfo`,
      jwks_uri: `${issuer()}/keys`,
      scopes_supported: ['openid', 'email', 'profile'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      code_challenge_methods_supported: ['S256'],
    });
  });
}

function makeIdToken({ keys, client, issuer, behaviour }: Provider, grant: Grant, now: Date): string {
  const { vendor, claims, signing } = behaviour();
  const seconds = Math.floor(now.getTime() / 1000);
  const all: Record<string, unknown> = {
    iss: issuer(),
    aud: client.clientId,
    iat: seconds,
    exp: seconds + ID_TOKEN_SECONDS,
    ...(grant.nonce === null ? {} : { nonce: grant.nonce }),
    ...describePerson(vendor, grant.person, issuer()).idToken,
    ...claims,
  };
  return keys.sign(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)), signing);
}
