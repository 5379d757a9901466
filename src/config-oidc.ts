import { UserError } from './errors.ts';

const ISSUERS = { slack: 'https://slack.com', google: 'https://accounts.google.com' };
// Entra's ids of organizations; the words common, organizations and consumers stand there for everybody.
const TENANT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// They serve every org; a My Domain address serves one.
const FOR_ALL_ORGS = /^(login|test)\.salesforce\.com$/;

export type OidcConfig = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Null: none of those that we know by name. */
  preset: 'slack' | 'google' | 'salesforce' | 'microsoft' | null;
  tenant: string | null;
  /** E-mail addresses, and domains with an @ before them, in lower case. */
  allowedEmails: readonly string[];
};

type OidcEnvironment = {
  OIDC_PROVIDER?: OidcConfig['preset'] | undefined;
  SALESFORCE_LOGIN_URL?: string | undefined;
} & Partial<
  Record<
    'OIDC_ISSUER' | 'OIDC_CLIENT_ID' | 'OIDC_CLIENT_SECRET' | 'OIDC_TENANT' | 'OIDC_ALLOWED_EMAILS',
    string | undefined
  >
>;

/**
 * What the environment says of sign-in; null: nothing.
 * @param publicUrl where people come back to after they signed in
 * @param isHere is a host this machine?
 * @throws UserError where it says too little, or what would not be safe
 */
export function readOidc(
  env: OidcEnvironment,
  publicUrl: string,
  isHere: (host: string) => boolean,
): OidcConfig | null {
  const { OIDC_PROVIDER: preset = null, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = env;
  const tenant = env.OIDC_TENANT ?? null;
  const names = ['OIDC_ISSUER', 'OIDC_TENANT', 'OIDC_ALLOWED_EMAILS'] as const;
  if (preset === null && !clientId && !clientSecret && names.every((name) => !env[name])) return null;
  if (preset === 'microsoft') requireMicrosoftTenant(tenant);
  const issuer = env.OIDC_ISSUER ?? usualIssuer(preset, env);
  if (!issuer)
    throw new UserError(
      'Sign-in: nothing says who signs people in',
      preset === 'salesforce'
        ? "Set OIDC_ISSUER to your org's My Domain address, e.g. https://acme.my.salesforce.com."
        : 'Set OIDC_PROVIDER to slack, google, salesforce or microsoft, or OIDC_ISSUER to the address of an OpenID provider.',
    );
  if (!clientId || !clientSecret)
    throw new UserError(
      `Sign-in: ${clientId ? 'OIDC_CLIENT_SECRET' : 'OIDC_CLIENT_ID'} is missing`,
      'Register Fieldnote at the provider (docs/sign-in.md) and set both.',
    );
  requireSafe(issuer, 'OIDC_ISSUER', isHere);
  // The session is in a cookie; over plain http anybody on the way could take it.
  requireSafe(publicUrl, 'PUBLIC_URL', isHere);
  requireTenant(preset, issuer, tenant);
  const allowedEmails = readAllowed(env.OIDC_ALLOWED_EMAILS ?? '');
  return { issuer, clientId, clientSecret, preset, tenant, allowedEmails };
}

function usualIssuer(preset: OidcConfig['preset'], env: OidcEnvironment): string | null {
  if (preset === null) return null;
  if (preset === 'salesforce') return env.SALESFORCE_LOGIN_URL ?? null;
  if (preset === 'microsoft')
    return `https://login.microsoftonline.com/${env.OIDC_TENANT?.toLowerCase()}/v2.0`;
  return ISSUERS[preset];
}

function requireSafe(url: string, name: string, isHere: (host: string) => boolean): void {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:' && !isHere(hostname.replace(/^\[|\]$/g, '')))
    throw new UserError(
      `Sign-in: ${name} is ${url}, which is not https`,
      `Give ${name} an https:// address.`,
    );
}

function requireMicrosoftTenant(tenant: string | null): void {
  if (tenant === null || !TENANT_ID.test(tenant))
    throw new UserError(
      'Sign-in: Microsoft signs in the people of every organization',
      'Set OIDC_TENANT to the Directory (tenant) ID of yours, as its overview in the Microsoft Entra admin center shows it.',
    );
}

function requireTenant(preset: OidcConfig['preset'], issuer: string, tenant: string | null): void {
  if (preset === 'slack' && tenant === null)
    throw new UserError(
      'Sign-in: anybody with a Slack workspace could come in as anyone',
      "Set OIDC_TENANT to your Slack workspace's id (T…).",
    );
  if (preset === 'salesforce' && tenant === null && FOR_ALL_ORGS.test(new URL(issuer).hostname))
    throw new UserError(
      `Sign-in: ${issuer} serves every Salesforce org`,
      "Set OIDC_ISSUER to your org's My Domain address, or OIDC_TENANT to its id (00D…).",
    );
  if (preset === null && tenant !== null)
    throw new UserError(
      'Sign-in: OIDC_TENANT means something to Slack, Google, Salesforce and Microsoft alone',
      'Set OIDC_PROVIDER to one of them, or take OIDC_TENANT away and set OIDC_ISSUER to an issuer of your own.',
    );
}

function readAllowed(list: string): string[] {
  const entries = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
  const wrong = entries.find((entry) => !/^[^@\s]*@[^@\s]+\.[^@\s]+$/.test(entry));
  if (wrong !== undefined)
    throw new UserError(
      `OIDC_ALLOWED_EMAILS: "${wrong}" is neither an address nor a domain`,
      'Write addresses (nora@acme.com) and domains with an @ before them (@acme.com), separated by commas.',
    );
  return entries;
}
