import { z } from 'zod';

/** The providers that are known by name. */
export type Preset = 'slack' | 'google' | 'salesforce' | 'microsoft';

/** What a provider says of a person, from its ID token or its userinfo endpoint. */
export type Claims = Readonly<Record<string, unknown>>;

export type Manners = {
  /** As people know it; null: by its address. */
  name: string | null;
  /** Added to the request for a code, so that people see the right place to sign in. */
  parameters(tenant: string | null): Record<string, string>;
  /** Does it vouch that the address is this person's own? */
  vouches(claims: Claims): boolean;
  /** What its people are told where it does not; null: nothing is known of how to change that. */
  vouchingTakes: string | null;
  /** Why these people do not count, although the provider knows them; null: they do. */
  whyNot(claims: Claims, tenant: string | null): string | null;
};

const text = (value: unknown): string => z.string().catch('').parse(value);
// Some send it as text.
const isTrue = (value: unknown): boolean => value === true || value === 'true';
const isFalse = (value: unknown): boolean => value === false || value === 'false';
const SAYS_VERIFIED = {
  vouches: (claims: Claims): boolean => isTrue(claims['email_verified']),
  vouchingTakes: null,
};

/** What is peculiar to each provider. The word of an issuer that serves many organizations holds for those alone that it is known to vouch for. */
export const MANNERS: Record<Preset | 'plain', Manners> = {
  plain: {
    name: null,
    ...SAYS_VERIFIED,
    parameters: () => ({}),
    // OIDC_TENANT is refused without a preset: nothing says which claim would hold it.
    whyNot: () => null,
  },
  // Any Slack workspace may say that a member has any address: only the one that was named counts.
  slack: {
    name: 'Slack',
    ...SAYS_VERIFIED,
    parameters: (tenant): Record<string, string> => (tenant === null ? {} : { team: tenant }),
    whyNot: (claims, tenant) =>
      text(claims['https://slack.com/team_id']) === tenant
        ? null
        : 'you signed in to another Slack workspace',
  },
  // Google vouches for addresses at gmail.com and in Workspace domains (hd); any other one may have changed hands since
  // (https://developers.google.com/identity/gsi/web/guides/verify-google-id-token).
  google: {
    name: 'Google',
    ...SAYS_VERIFIED,
    parameters: (tenant) => ({ prompt: 'select_account', ...(tenant === null ? {} : { hd: tenant }) }),
    whyNot: (claims, tenant) => {
      const domain = text(claims['hd']).toLowerCase();
      if (tenant !== null)
        return domain === tenant.toLowerCase() ? null : `your Google account is not one of ${tenant}`;
      const vouched = domain !== '' || text(claims['email']).toLowerCase().endsWith('@gmail.com');
      return vouched ? null : 'Google does not manage the address of this account';
    },
  },
  // login.salesforce.com serves all orgs, each of which gives its users what addresses it likes. Ids come with 15 or 18 characters.
  salesforce: {
    name: 'Salesforce',
    ...SAYS_VERIFIED,
    parameters: () => ({}),
    whyNot: (claims, tenant) =>
      tenant === null || text(claims['organization_id']).slice(0, 15) === tenant.slice(0, 15)
        ? null
        : 'you signed in to another Salesforce org',
  },
  // Entra ID never says email_verified, and lets administrators give their people any address. It does say, where it is asked to by an
  // optional claim, whether the address is of a domain that the person's own organization proved to own
  // (https://learn.microsoft.com/entra/identity-platform/optional-claims-reference).
  microsoft: {
    name: 'Microsoft',
    vouches: (claims) => isTrue(claims['xms_edov']) && !isFalse(claims['email_verified']),
    vouchingTakes: 'the optional claims email and xms_edov in its ID tokens (docs/sign-in.md)',
    parameters: () => ({ prompt: 'select_account' }),
    whyNot: (claims, tenant) =>
      text(claims['tid']).toLowerCase() === tenant?.toLowerCase()
        ? null
        : 'you signed in to another Microsoft organization',
  },
};
