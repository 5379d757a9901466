import * as client from 'openid-client';
import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { IdentityProvider, Person } from '../identity.ts';
import { explainFailure } from './failures.ts';
import { MANNERS } from './presets.ts';
import type { Claims, Manners, Preset } from './presets.ts';
import { fetchFromSlack } from './slack-answers.ts';

export type OidcOptions = {
  /** https://…, without a slash at its end; http:// where it is on this machine. */
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Null: none of the providers that we know by name. */
  preset: Preset | null;
  /** Whose people alone count: Slack's team id, Google's Workspace domain, Salesforce's org id, Entra's tenant id. */
  tenant: string | null;
};

const SCOPE = 'openid email profile';
// A person waits; the vendors answer within a second.
const TIMEOUT_SECONDS = 10;
// Clocks that follow NTP are much closer; those that do not are seldom further off.
const SKEW_SECONDS = 60;
// Addresses of endpoints change seldom.
const BELIEVED_MS = 3_600_000;
// Where the provider does not answer, what was known is believed so much longer before it is asked again.
const AGAIN_MS = 60_000;

const Said = z.object({ sub: z.string() }).loose();

/** A provider that speaks OpenID Connect: authorization code with PKCE, state and nonce, and an ID token whose signature is checked. */
export function createOidc(options: OidcOptions): IdentityProvider {
  const { issuer, preset, tenant } = options;
  const manners = MANNERS[preset ?? 'plain'];
  const name = manners.name ?? new URL(issuer).host;
  let known: { until: number; metadata: client.ServerMetadata } | null = null;

  const isHere = issuer.startsWith('http:');
  const own: Partial<client.ClientMetadata> = { [client.clockTolerance]: SKEW_SECONDS };
  const secret = client.ClientSecretPost(options.clientSecret);

  const discover = async (): Promise<client.ServerMetadata> => {
    try {
      const found = await client.discovery(new URL(issuer), options.clientId, own, secret, {
        timeout: TIMEOUT_SECONDS,
        execute: isHere ? [client.allowInsecureRequests] : [],
      });
      return found.serverMetadata();
    } catch (error) {
      throw explainFailure(name, 'discovery', error);
    }
  };
  /** Made anew for each sign-in: it then looks up the keys that hold now, not those of a minute before. */
  const configure = async (): Promise<client.Configuration> => {
    const now = performance.now();
    if (known === null || now >= known.until)
      try {
        known = { until: now + BELIEVED_MS, metadata: await discover() };
      } catch (error) {
        if (known === null || !(error instanceof ProviderError && error.retryable)) throw error;
        known = { ...known, until: now + AGAIN_MS };
      }
    const config = new client.Configuration(known.metadata, options.clientId, own, secret);
    config.timeout = TIMEOUT_SECONDS;
    // The library leaves signatures unchecked where the token came straight from the token endpoint.
    client.enableNonRepudiationChecks(config);
    if (isHere) client.allowInsecureRequests(config);
    if (preset === 'slack') config[client.customFetch] = fetchFromSlack;
    return config;
  };

  /**
   * Salesforce's ID token names no address unless an administrator adds it, and never the org. Microsoft's userinfo knows less than its ID
   * token, and nothing of whom an address belongs to.
   */
  const saysAll = (claims: Claims, config: client.Configuration): boolean =>
    config.serverMetadata().userinfo_endpoint === undefined ||
    preset === 'microsoft' ||
    (preset !== 'salesforce' && claims['email'] !== undefined && claims['email_verified'] !== undefined);

  return {
    name,
    begin: async (callback) => {
      const config = await configure();
      const attempt = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const address = client.buildAuthorizationUrl(config, {
        redirect_uri: callback,
        scope: SCOPE,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
        ...manners.parameters(tenant),
      });
      return { address: address.href, attempt };
    },
    finish: async (cameBackTo, { state, nonce, verifier }) => {
      const config = await configure();
      try {
        const tokens = await client.authorizationCodeGrant(config, cameBackTo, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
        });
        const claims = Said.parse(tokens.claims());
        const said: Claims = saysAll(claims, config)
          ? claims
          : { ...claims, ...(await client.fetchUserInfo(config, tokens.access_token, claims.sub)) };
        return readPerson(name, said, { ...manners, whyNot: manners.whyNot(said, tenant) });
      } catch (error) {
        throw explainFailure(name, 'sign-in', error);
      }
    },
    check: async () => (await discover()).issuer,
  };
}

const Named = z.object({
  email: z.email().max(254),
  name: z.string().max(200).optional(),
});

function readPerson(
  provider: string,
  claims: Claims,
  { vouches, vouchingTakes, whyNot }: Pick<Manners, 'vouches' | 'vouchingTakes'> & { whyNot: string | null },
): Person {
  const refuse = (message: string): ProviderError =>
    new ProviderError({ provider, operation: 'sign-in', kind: 'refused', message });
  if (whyNot !== null) throw refuse(whyNot);
  const named = Named.safeParse(claims);
  if (!named.success || !vouches(claims)) {
    const takes = vouchingTakes === null ? '' : `: that takes ${vouchingTakes}`;
    throw refuse(`${provider} does not vouch for an e-mail address of yours${takes}`);
  }
  const email = named.data.email.toLowerCase();
  return { email, name: named.data.name ?? email };
}
