import type { TestContext } from 'node:test';
import type { HubspotCompany, HubspotContact, World } from '../../sandbox/kit/world-types.ts';
import { startHubspotTwin } from '../../sandbox/hubspot/twin.ts';
import type { HubspotTwin, HubspotTwinOptions } from '../../sandbox/hubspot/twin.ts';

export const TOKEN = 'pat-eu1-sandbox';

export function makeCompany(number: number, rest: Partial<HubspotCompany> = {}): HubspotCompany {
  return {
    id: String(100_000_000_000 + number),
    name: `Company ${number}`,
    domain: `company-${number}.example`,
    website: `https://company-${number}.example/`,
    industry: 'Robotics',
    employees: 50 + number,
    country: 'Denmark',
    phone: null,
    owner: null,
    parentId: null,
    ...rest,
  };
}

export function makeContact(number: number, rest: Partial<HubspotContact> = {}): HubspotContact {
  return {
    id: String(500_000_000_000 + number),
    firstName: 'Tove',
    lastName: `Lindgaard ${number}`,
    email: `tove${number}@company-1.example`,
    title: 'CTO',
    company: 'Company 1',
    website: null,
    country: null,
    phone: null,
    owner: null,
    companyId: null,
    ...rest,
  };
}

/** A world with nothing but HubSpot's rows. */
export function makeWorld(companies: HubspotCompany[], contacts: HubspotContact[] = []): World {
  return {
    name: 'test',
    dir: '/',
    companies: [],
    duplicates: 0,
    pages: new Map(),
    news: [],
    filings: [],
    distractors: [],
    records: {
      salesforce: { accounts: [], leads: [], contacts: [] },
      hubspot: { companies, contacts },
    },
  };
}

export type Answer = { status: number; json: Record<string, unknown>; headers: Headers };

export type TestPortal = {
  twin: HubspotTwin;
  /** Closes before the test does. */
  close: () => Promise<void>;
  call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  edit: (body: Record<string, unknown>) => Promise<Record<string, unknown>>;
  dump: () => Promise<Record<string, unknown>>;
  /** How often an operation was called. */
  calls: (operation?: string) => number;
};

/** Starts a portal that closes with the test: ten companies and three contacts of the first one, unless told. */
export async function startPortal(
  context: TestContext,
  options: Partial<HubspotTwinOptions> = {},
  { mayBeRefused = false } = {},
): Promise<TestPortal> {
  const companies = Array.from({ length: 10 }, (_, place) => makeCompany(place + 1));
  const contacts = [1, 2, 3].map((number) => makeContact(number, { companyId: companies[0]?.id ?? null }));
  const twin = await startHubspotTwin({
    world: makeWorld(companies, contacts),
    journalFile: null,
    accessToken: TOKEN,
    ...options,
  });
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => (closed ??= twin.close());
  context.after(async () => {
    await close();
    const { refused } = twin.requestCounts();
    if (!mayBeRefused && refused > 0)
      throw new Error(`${refused} requests are not as HubSpot's library types them`);
  });
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const response = await fetch(twin.url + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      json: asObject(text === '' ? {} : JSON.parse(text)),
      headers: response.headers,
    };
  };
  return {
    twin,
    close,
    call: send,
    edit: async (body) => {
      const { status, json } = await send('POST', '/_twin/edit', body);
      if (status !== 200) throw new Error(`edit refused: ${JSON.stringify(json)}`);
      return json;
    },
    dump: async () => (await send('GET', '/_twin/dump')).json,
    calls: (operation) => {
      const { total, byOperation } = twin.kit.calls.summary();
      return operation === undefined ? total : (byOperation[operation]?.calls ?? 0);
    },
  };
}

export function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${JSON.stringify(value)} is no object`);
  return Object.fromEntries(Object.entries(value));
}

export function asList(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new Error(`${JSON.stringify(value)} is no list`);
  return value.map(asObject);
}
