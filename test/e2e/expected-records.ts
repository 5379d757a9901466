import { getDomain } from 'tldts';
import type { World } from '../../sandbox/kit/world-types.ts';

/** Which company each CRM record means, worked out from the world alone. */
export type ExpectedRecords = {
  /** `object/id` → domain, for records that carry our fields. */
  domains: Map<string, string>;
  /** `object/id` of records that mean no company. */
  nobody: Set<string>;
  /** Every domain that some record of either CRM means. */
  companies: Set<string>;
  /** Domains that both CRMs know. */
  inBoth: Set<string>;
};

const FREE_MAIL = new Set(['gmail.com', 'gmx.de', 'hotmail.com', 'outlook.com', 'yahoo.com']);
const HOSTED = new Set(['linkedin.com', 'facebook.com']);

/** The plain rule: an account's website, or without one the site of the only company of its name; a lead's address at work, else its website; a contact's account, else its address. */
export function expectRecords(world: World): ExpectedRecords {
  const domains = new Map<string, string>();
  const nobody = new Set<string>();
  const perCrm = { salesforce: new Set<string>(), hubspot: new Set<string>() };
  const put = (crm: 'salesforce' | 'hubspot', key: string | null, domain: string | null): string | null => {
    if (domain !== null) perCrm[crm].add(domain);
    if (key !== null) {
      if (domain === null) nobody.add(key);
      else domains.set(key, domain);
    }
    return domain;
  };
  const { salesforce, hubspot } = world.records;
  const siteByName = (name: string | null): string | null => {
    const [only, ...others] = world.companies.filter((company) => company.name === name);
    return only === undefined || others.length > 0 ? null : companyDomain(only.domain);
  };
  const atWork = new Map<string, string | null>();
  for (const account of salesforce.accounts)
    atWork.set(
      account.id,
      put('salesforce', `Account/${account.id}`, siteOf(account.website) ?? siteByName(account.name)),
    );
  for (const lead of salesforce.leads) {
    const domain = mailHostOf(lead.email) ?? siteOf(lead.website);
    if (lead.convertedAccountId === null) put('salesforce', `Lead/${lead.id}`, domain);
    else nobody.add(`Lead/${lead.id}`);
  }
  for (const company of hubspot.companies)
    atWork.set(
      company.id,
      put(
        'hubspot',
        `company/${company.id}`,
        siteOf(company.domain) ?? siteOf(company.website) ?? siteByName(company.name),
      ),
    );
  for (const contact of hubspot.contacts) {
    const parent = contact.companyId === null ? null : (atWork.get(contact.companyId) ?? null);
    put('hubspot', `contact/${contact.id}`, parent ?? mailHostOf(contact.email) ?? siteOf(contact.website));
  }
  return {
    domains,
    nobody,
    companies: new Set([...perCrm.salesforce, ...perCrm.hubspot]),
    inBoth: new Set([...perCrm.salesforce].filter((domain) => perCrm.hubspot.has(domain))),
  };
}

/** A company is known by its registrable domain: its group site and its shop are one company. */
export function companyDomain(host: string): string {
  return getDomain(host, { allowPrivateDomains: true }) ?? host;
}

function siteOf(website: string | null): string | null {
  if (website === null) return null;
  const host = website
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/[/?#].*$/, '')
    .replace(/^www\./, '');
  return HOSTED.has(host) ? null : companyDomain(host);
}

function mailHostOf(email: string | null): string | null {
  const host = email?.split('@')[1]?.toLowerCase() ?? null;
  return host === null || FREE_MAIL.has(host) ? null : companyDomain(host);
}
