import { pageKey } from '../../../sandbox/kit/world.ts';
import type { World, WorldPage } from '../../../sandbox/kit/world.ts';

/** A page of the small world; everything but its address and text may be left out. */
export function page(url: string, text: string, more: Partial<WorldPage> = {}): WorldPage {
  const domain = new URL(url).hostname.replace(/^www\./, '');
  return {
    domain,
    url,
    kind: 'home',
    title: domain,
    html: null,
    text,
    published: null,
    status: 200,
    ...more,
  };
}

/** A world made in memory for tests of the web and search twins. */
export function smallWorld(
  parts: { pages: WorldPage[]; robots?: Record<string, string> } & Partial<Omit<World, 'pages'>>,
): World {
  const { pages, robots, ...rest } = parts;
  const domains = [...new Set(pages.map(({ domain }) => domain))];
  return {
    name: 'small',
    dir: '/nowhere',
    companies: domains.map((domain) => ({
      id: domain,
      domain,
      website: `https://${domain}/`,
      name: domain,
      oneLiner: null,
      description: null,
      industry: null,
      employees: null,
      country: null,
      robots: robots?.[domain] ?? null,
    })),
    duplicates: 0,
    pages: new Map(pages.map((each) => [pageKey(each.url), each])),
    news: [],
    filings: [],
    distractors: [],
    records: {
      salesforce: { accounts: [], leads: [], contacts: [] },
      hubspot: { companies: [], contacts: [] },
    },
    ...rest,
  };
}
