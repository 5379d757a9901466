import { createHash, randomBytes } from 'node:crypto';
import type { TwinClock } from '../kit/clock.ts';
import type { OidcPerson } from './people.ts';

/** What a person allowed, until the client fetches it. */
export type Grant = {
  person: OidcPerson;
  clientId: string;
  redirectUri: string;
  nonce: string | null;
  /** S256 of the verifier that must come with the code; null: the client sent none. */
  challenge: string | null;
};

export type Codes = {
  issue(grant: Grant): string;
  /** What the code stands for; it is good for once. Null: unknown, used or too old. */
  redeem(code: string): Grant | null;
  /** An access token for the userinfo endpoint. */
  issueToken(person: OidcPerson): string;
  personOf(token: string): OidcPerson | null;
};

// RFC 6749 recommends ten minutes at the most; Slack and Google keep to that.
const CODE_MS = 600_000;
const TOKEN_MS = 3_600_000;
const KEPT = 1_000;

export function createCodes(clock: TwinClock): Codes {
  const grants = new Map<string, { grant: Grant; until: number }>();
  const tokens = new Map<string, { person: OidcPerson; until: number }>();
  const now = (): number => clock.now().getTime();
  const keep = <T>(held: Map<string, T>, value: T): string => {
    const key = randomBytes(24).toString('base64url');
    held.set(key, value);
    const [oldest] = held.keys();
    if (held.size > KEPT && oldest !== undefined) held.delete(oldest);
    return key;
  };
  return {
    issue: (grant) => keep(grants, { grant, until: now() + CODE_MS }),
    redeem: (code) => {
      const found = grants.get(code);
      grants.delete(code);
      return found !== undefined && found.until > now() ? found.grant : null;
    },
    issueToken: (person) => keep(tokens, { person, until: now() + TOKEN_MS }),
    personOf: (token) => {
      const found = tokens.get(token);
      return found !== undefined && found.until > now() ? found.person : null;
    },
  };
}

/** Does the verifier belong to the challenge (RFC 7636, S256)? A verifier that nobody announced is refused as well. */
export function provesChallenge(challenge: string | null, verifier: string | null): boolean {
  if (challenge === null || verifier === null) return challenge === verifier;
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false;
  return createHash('sha256').update(verifier).digest('base64url') === challenge;
}
