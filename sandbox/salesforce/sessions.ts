import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { TwinClock } from '../kit/clock.ts';
import { Refusal } from './call.ts';
import type { TwinUser } from './call.ts';
import type { Org } from './org.ts';

export type Client = { id: string; secret: string };
export type Sessions = {
  /** POST /services/oauth2/token. */
  grant(form: Readonly<Record<string, unknown>>, url: string): { status: number; body: unknown };
  /** The user behind a token; INVALID_SESSION_ID for one that is unknown or too old. */
  userOf(token: string | undefined): TwinUser;
  /** Use prolongs a session. */
  extend(token: string): void;
  expireAll(): void;
};

function same(left: unknown, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return typeof left === 'string' && timingSafeEqual(hash(left), hash(right));
}

/** The client-credentials flow: each client runs as one user. */
export function createSessions(
  { id: organizationId, people }: Pick<Org, 'id' | 'people'>,
  clock: TwinClock,
  clients: { integration: Client; administrator: Client },
  tokenSeconds: number,
): Sessions {
  const tokens = new Map<string, { user: TwinUser; until: number }>();
  const refuse = (error: string, description: string) => ({
    status: 400,
    body: { error, error_description: description },
  });
  const who = (id: unknown, secret: unknown): TwinUser | null => {
    for (const role of ['integration', 'administrator'] as const)
      if (same(id, clients[role].id)) return same(secret, clients[role].secret) ? people[role] : null;
    return null;
  };
  return {
    grant: (form, url) => {
      if (form.grant_type !== 'client_credentials')
        return refuse('unsupported_grant_type', 'grant type not supported');
      const known = [clients.integration.id, clients.administrator.id].some((id) => same(form.client_id, id));
      if (!known) return refuse('invalid_client_id', 'client identifier invalid');
      const user = who(form.client_id, form.client_secret);
      if (user === null) return refuse('invalid_client', 'invalid client credentials');
      const token = `${organizationId.slice(0, 15)}!${randomBytes(32).toString('base64url')}`;
      tokens.set(token, { user, until: clock.now().getTime() + tokenSeconds * 1000 });
      const id = `${url}/id/${organizationId}/${user.id}`;
      const issued = String(clock.now().getTime());
      const signature = createHash('sha256')
        .update(id + issued)
        .digest('base64');
      return {
        status: 200,
        body: {
          access_token: token,
          signature,
          scope: 'api id',
          instance_url: url,
          id,
          token_type: 'Bearer',
          issued_at: issued,
        },
      };
    },
    userOf: (token) => {
      const session = token === undefined ? undefined : tokens.get(token);
      if (session === undefined || session.until <= clock.now().getTime())
        throw new Refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
      return session.user;
    },
    extend: (token) => {
      const session = tokens.get(token);
      if (session !== undefined)
        session.until = Math.max(session.until, clock.now().getTime() + tokenSeconds * 1000);
    },
    expireAll: () => tokens.clear(),
  };
}
