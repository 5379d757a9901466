/** One invented or real company; what the CRMs and the web know of it comes from here and from the optional files. */
export type WorldCompany = {
  id: string;
  /** Registrable domain: lower case, ASCII (punycode), without "www.". */
  domain: string;
  website: string;
  name: string;
  oneLiner: string | null;
  description: string | null;
  industry: string | null;
  employees: number | null;
  country: string | null;
  /** The text that the site answers at /robots.txt; null: the site has none. */
  robots: string | null;
};

type WorldPageKind = 'home' | 'about' | 'careers' | 'blog' | 'docs' | 'news';

/** One page of a company's own site. */
export type WorldPage = {
  domain: string;
  url: string;
  kind: WorldPageKind;
  title: string;
  /** A whole HTML document, served as it is; null: the web twin frames `text`. */
  html: string | null;
  text: string | null;
  /** ISO date or instant. */
  published: string | null;
  /** The HTTP status that the site answers with. */
  status: number;
};

/** An article on somebody else's host; `domains` are the companies that it is about. */
type WorldArticle = {
  url: string;
  title: string;
  text: string;
  published: string | null;
  domains: string[];
};

type WorldFiling = {
  domain: string;
  url: string;
  title: string;
  text: string;
  published: string | null;
};

/** Text about nothing that matters; search must not mistake it for evidence. */
type WorldDistractor = { title: string; text: string };

type SalesforceAccount = {
  /** 18 characters, prefix 001. */
  id: string;
  name: string;
  website: string | null;
  industry: string | null;
  employees: number | null;
  country: string | null;
  phone: string | null;
  /** The owner's full name. */
  owner: string | null;
  parentId: string | null;
};

type SalesforceLead = {
  /** 18 characters, prefix 00Q. */
  id: string;
  firstName: string | null;
  lastName: string;
  email: string | null;
  title: string | null;
  company: string;
  website: string | null;
  industry: string | null;
  employees: number | null;
  country: string | null;
  phone: string | null;
  owner: string | null;
  /** The account that the lead was converted into. */
  convertedAccountId: string | null;
};

type SalesforceContact = {
  /** 18 characters, prefix 003. */
  id: string;
  firstName: string | null;
  lastName: string;
  email: string | null;
  title: string | null;
  phone: string | null;
  owner: string | null;
  accountId: string | null;
};

export type HubspotCompany = {
  /** Digits only. */
  id: string;
  name: string | null;
  domain: string | null;
  website: string | null;
  industry: string | null;
  employees: number | null;
  country: string | null;
  phone: string | null;
  owner: string | null;
  parentId: string | null;
};

export type HubspotContact = {
  /** Digits only. */
  id: string;
  firstName: string | null;
  lastName: string | null;
  email: string | null;
  title: string | null;
  /** The company's name as typed on the contact. */
  company: string | null;
  website: string | null;
  country: string | null;
  phone: string | null;
  owner: string | null;
  /** The associated (primary) company. */
  companyId: string | null;
};

export type WorldRecords = {
  salesforce: { accounts: SalesforceAccount[]; leads: SalesforceLead[]; contacts: SalesforceContact[] };
  hubspot: { companies: HubspotCompany[]; contacts: HubspotContact[] };
};

export type World = {
  /** The folder's own name. */
  name: string;
  /** The folder's absolute path. */
  dir: string;
  companies: WorldCompany[];
  /** Rows of companies.jsonl left out because their domain came before. */
  duplicates: number;
  /** Every page of every company, by `pageKey(url)`; each company has at least its home page. */
  pages: Map<string, WorldPage>;
  news: WorldArticle[];
  filings: WorldFiling[];
  distractors: WorldDistractor[];
  records: WorldRecords;
};
