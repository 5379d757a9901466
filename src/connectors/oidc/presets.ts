import { z } from 'zod';

/** The providers that are known by name. */
export type Preset = 'slack' | 'google' | 'salesforce';

/** What a provider says of a person, from its ID token or its userinfo endpoint. */
export type Claims = Readonly<Record<string, unknown>>;

export type Manners = {
  /** As people know it; null: by its address. */
  name: string | null;
  /** Added to the request for a code, so that people see the right place to sign in. */
  parameters(tenant: string | null): Record<string, string>;
  /** Why these people do not count, although the provider knows them; null: they do. */
  whyNot(claims: Claims, tenant: string | null): string | null;
};

const text = (value: unknown): string => z.string().catch('').parse(value);

/** What is peculiar to each provider. The word of an issuer that serves many organizations holds for those alone that it is known to vouch for. */
export const MANNERS: Record<Preset | 'plain', Manners> = {
  plain: {
    name: null,
    parameters: () => ({}),
    // OIDC_TENANT is refused without a preset: nothing says which claim would hold it.
    whyNot: () => null,
  },
  // Any Slack workspace may say that a member has any address: only the one that was named counts.
  slack: {
    name: 'Slack',
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
    parameters: () => ({}),
    whyNot: (claims, tenant) =>
      tenant === null || text(claims['organization_id']).slice(0, 15) === tenant.slice(0, 15)
        ? null
        : 'you signed in to another Salesforce org',
  },
};
