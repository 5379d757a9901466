import { randomBytes } from 'node:crypto';
import type { TwinClock } from '../kit/clock.ts';
import type { ErrorAnswer } from './answers.ts';

/** An OAuth app that is installed in the portal. */
export type OauthApp = {
  clientId: string;
  clientSecret: string;
  refreshToken: string;
  /** True: each refresh gives a new refresh token, and one that is used twice ends the grant (RFC 9700 §4.14.2). HubSpot mostly keeps it. */
  rotates?: boolean;
  /** How long an access token lives; HubSpot's own live for half an hour. */
  accessSeconds?: number;
};

export type OauthAnswer = { status: number; body: Record<string, unknown> };

export type Tokens = {
  /** Null: it lets in. */
  refuse(token: string | undefined): ErrorAnswer | null;
  isStatic(token: string): boolean;
  /** Puts another static token in the place of the one before; null: there is none any more. */
  setStatic(token: string | null): void;
  /** POST /oauth/…/token */
  grant(form: Readonly<Record<string, unknown>>): OauthAnswer;
  /** POST /oauth/…/token/introspect */
  introspect(form: Readonly<Record<string, unknown>>): OauthAnswer;
  /** Ends the app's grant, as uninstalling it does. */
  uninstall(): void;
};

const HALF_AN_HOUR = 1800;

const noCredentials: ErrorAnswer = {
  status: 401,
  category: 'INVALID_AUTHENTICATION',
  message:
    'Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview',
};

/** The OAuth endpoints' errors: the standard's words, and HubSpot's older ones beside them. */
function refusal(error: string, status: string, message: string): OauthAnswer {
  return { status: 400, body: { error, error_description: message, status, message } };
}

/** The tokens that let into a portal: one static one, and those of an OAuth app. */
export function createTokens(options: {
  accessToken: string;
  oauth: OauthApp | null;
  scopes: readonly string[];
  portalId: number;
  appId: number;
  clock: TwinClock;
}): Tokens {
  const { oauth, clock } = options;
  let fixed: string | null = options.accessToken;
  let live = oauth?.refreshToken ?? null;
  const spent = new Set<string>();
  const ends = new Map<string, number>();
  const now = (): number => clock.now().getTime();
  const make = (): string => randomBytes(24).toString('base64url');
  const end = (): void => {
    live = null;
    ends.clear();
  };

  const checkClient = (form: Readonly<Record<string, unknown>>): OauthAnswer | null =>
    oauth !== null && form.client_id === oauth.clientId && form.client_secret === oauth.clientSecret
      ? null
      : refusal('invalid_client', 'BAD_CLIENT_ID', 'missing or unknown client id or secret');

  return {
    isStatic: (token) => token === fixed,
    setStatic: (token) => {
      fixed = token;
    },
    uninstall: end,
    refuse: (token) => {
      if (token === undefined) return noCredentials;
      if (token === fixed) return null;
      const until = ends.get(token);
      if (until === undefined) return { ...noCredentials, message: 'The access token is not valid.' };
      if (until > now()) return null;
      const ago = Math.floor((now() - until) / 1000);
      return {
        status: 401,
        category: 'EXPIRED_AUTHENTICATION',
        message: `The OAuth token used to make this call expired ${ago} second(s) ago.`,
        context: { 'expire time': [new Date(until).toISOString()] },
      };
    },
    grant: (form) => {
      const wrong = checkClient(form);
      if (wrong !== null || oauth === null) return wrong ?? refusal('invalid_client', 'BAD_CLIENT_ID', '');
      if (form.grant_type !== 'refresh_token')
        return refusal('unsupported_grant_type', 'BAD_GRANT_TYPE', 'missing or unknown grant type');
      const token = form.refresh_token;
      if (typeof token !== 'string' || token !== live) {
        if (typeof token === 'string' && spent.has(token)) end();
        return refusal('invalid_grant', 'BAD_REFRESH_TOKEN', 'refresh token is invalid, expired or revoked');
      }
      if (oauth.rotates === true) {
        spent.add(token);
        live = make();
      }
      const access = make();
      const seconds = oauth.accessSeconds ?? HALF_AN_HOUR;
      ends.set(access, now() + seconds * 1000);
      return {
        status: 200,
        body: {
          token_type: 'bearer',
          access_token: access,
          refresh_token: live,
          expires_in: seconds,
          hub_id: options.portalId,
          scopes: options.scopes,
        },
      };
    },
    introspect: (form) => {
      const wrong = checkClient(form);
      if (wrong !== null) return wrong;
      const until = ends.get(String(form.token));
      if (until === undefined || until <= now()) return { status: 200, body: { active: false } };
      return {
        status: 200,
        body: {
          active: true,
          token_use: 'access_token',
          token_type: 'Bearer',
          client_id: form.client_id,
          app_id: options.appId,
          hub_id: options.portalId,
          scopes: options.scopes,
          expires_in: Math.floor((until - now()) / 1000),
        },
      };
    },
  };
}
