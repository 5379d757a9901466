import type { CallOptions } from '../../connectors/call.ts';
import type { PageReader } from '../../connectors/page-reader.ts';
import type { Search } from '../../connectors/search.ts';
import { plainName, siteOf, slugOf } from './company-name.ts';

export type FoundDomain = { domain: string } | { because: string };

// One credit; the first results are the only ones that a site of that very name could be among.
const RESULTS = 8;
const MOST_CANDIDATES = 3;
const SHORTEST_SLUG = 4;

/**
 * The domain of a company of which only the name is known, or why it stays unknown. A site counts only if its domain begins
 * with the name and its front page says the name in full; where two sites pass, neither is taken: a wrong company is worse
 * than none. Throws ProviderError when search or page reader are down.
 */
export async function findDomainByName(
  deps: { search: Search; pages: PageReader },
  name: string,
  call: CallOptions,
): Promise<FoundDomain> {
  const wanted = plainName(name);
  const slug = slugOf(name);
  if (slug.length < SHORTEST_SLUG) return { because: 'no website, and the name is too short to search for' };
  const { hits } = await deps.search.search(
    { query: `"${wanted.replace(/["“”„]/g, '')}" official website`, topic: 'general', maxResults: RESULTS },
    call,
  );
  const sites = new Set(hits.flatMap((hit) => siteOf(hit.url) ?? []));
  const candidates = [...sites].filter((site) => labelOf(site).startsWith(slug)).slice(0, MOST_CANDIDATES);
  const confirmed: string[] = [];
  for (const site of candidates) {
    const page = await deps.pages.read(`https://${site}/`, call);
    if (page.status === 'read' && saysName(`${page.title}\n${page.text}`, wanted)) confirmed.push(site);
  }
  const [only, ...others] = confirmed;
  if (only === undefined) return { because: 'no website, and none was found under the name' };
  if (others.length > 0)
    return { because: `no website, and several companies of that name: ${confirmed.join(', ')}` };
  return { domain: only };
}

function labelOf(site: string): string {
  return (site.split('.')[0] ?? '').replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}

function saysName(text: string, name: string): boolean {
  const fold = (value: string): string => value.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ');
  return fold(text).includes(fold(name));
}
