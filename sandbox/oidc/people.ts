import { createHash } from 'node:crypto';
import type { World } from '../kit/world.ts';

/** Somebody who can sign in. */
export type OidcPerson = { id: string; name: string; email: string };

/** The provider's own kind of organization: Slack's workspace, Salesforce's org, Microsoft's tenant. */
export const TEAM_ID = 'T0SANDBOX';
export const ORG_ID = '00D000000000001AAA';
export const TENANT_ID = '5f1d0000-0000-4000-8000-00000000feed';

export const VENDORS = ['plain', 'slack', 'google', 'salesforce', 'microsoft'] as const;
/** Whose claims and whose way to refuse the twin speaks. */
export type Vendor = (typeof VENDORS)[number];

const MAIL_HOST = 'fieldnote-sandbox.example';
// As many as the sandbox of Slack names.
const MOST_PEOPLE = 200;

/** The owners of the world's records, as the CRM twins name them, an administrator who owns none, and a stranger. */
export function listPeople(world: World): OidcPerson[] {
  const { salesforce, hubspot } = world.records;
  const rows = [
    salesforce.accounts,
    salesforce.leads,
    salesforce.contacts,
    hubspot.companies,
    hubspot.contacts,
  ];
  const owners = new Set(rows.flatMap((each) => each.flatMap(({ owner }) => owner ?? [])));
  return [
    ...[...owners]
      .toSorted()
      .slice(0, MOST_PEOPLE)
      .map((name) => makePerson(name, MAIL_HOST)),
    makePerson('Sandbox Administrator', MAIL_HOST),
    makePerson('A Stranger', 'elsewhere.example'),
  ];
}

/** @param mailHost of the address, which is made of the name */
export function makePerson(name: string, mailHost: string): OidcPerson {
  const handle = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '.')
    .replaceAll(/^\.|\.$/g, '');
  const id = createHash('sha256').update(`${name} ${mailHost}`).digest('hex').slice(0, 16);
  return { id, name, email: `${handle}@${mailHost}` };
}

/** What the vendor's ID token and its userinfo endpoint say of a person. */
export function describePerson(
  vendor: Vendor,
  { id, name, email }: OidcPerson,
  issuer: string,
): { idToken: Record<string, unknown>; userinfo: Record<string, unknown> } {
  const said = { email, email_verified: true, name };
  switch (vendor) {
    case 'plain':
      return { idToken: { sub: id, ...said }, userinfo: { sub: id, ...said } };
    case 'slack': {
      const claims = {
        sub: `U${id.toUpperCase()}`,
        'https://slack.com/user_id': `U${id.toUpperCase()}`,
        'https://slack.com/team_id': TEAM_ID,
        ...said,
      };
      return { idToken: claims, userinfo: { ok: true, ...claims } };
    }
    case 'google': {
      // Only accounts that a Workspace domain manages carry it.
      const claims = { sub: id, hd: email.slice(email.indexOf('@') + 1), ...said };
      return { idToken: claims, userinfo: claims };
    }
    case 'salesforce': {
      // Its ID token names nobody's address unless an administrator adds the standard claims.
      const sub = `${issuer}/id/${ORG_ID}/005${id.toUpperCase()}`;
      const userinfo = { sub, user_id: `005${id.toUpperCase()}`, organization_id: ORG_ID, active: true };
      return { idToken: { sub }, userinfo: { ...userinfo, ...said } };
    }
    case 'microsoft': {
      // As an app with the optional claims email and xms_edov gets it. Nothing says email_verified.
      const claims = { sub: `${id}-pairwise`, name, email };
      return { idToken: { ...claims, oid: id, tid: TENANT_ID, xms_edov: true }, userinfo: claims };
    }
  }
}
