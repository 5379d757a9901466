import type { CallOptions } from '../../connectors/call.ts';
import type { PageReader } from '../../connectors/page-reader.ts';
import type { Search } from '../../connectors/search.ts';
import { plainName, siteOf, slugOf } from './company-name.ts';

export type FoundDomain = { domain: string } | { because: string };

// One credit; the first results are the only ones that a site of that very name could be among.
const RESULTS = 8;
const MOST_CANDIDATES = 3;
const SHORTEST_SLUG = 4;
const LONGEST_LOOKED_AT = 50_000;
const MOST_WORDS = 6;
const WORDLY = /[\p{L}\p{N}]/u;
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u;
// What a company adds to its name where the plain one was taken.
const TELLS_NOTHING = new RegExp(
  `^(?:group|gruppe|groupe|holdings?|company|inc|corp|corporation|ltd|limited|llc|plc|gmbh|ag|sa|bv|hq|online|global|international|intl
  |worldwide|world|official|home|web|site|app|io|ai|usa?|uk|eu|europe|de|fr|es|it|nl|at|ch)$`.replaceAll(
    /\s+/g,
    '',
  ),
);

/**
 * The domain of a company of which only the name is known, or why it stays unknown. A site counts only if its domain begins
 * with the name and its front page says the name in full, and not as the beginning of a longer one that the site is called by; where
 * two sites pass, neither is taken: a wrong company is worse than none. Throws ProviderError when search or page reader are down.
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
    if (page.status !== 'read') continue;
    const text = `${page.title}\n${page.text}`;
    if (saysName(text, wanted) && !bearsLongerName(text, site, slug)) confirmed.push(site);
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
  const folded = fold(text);
  const wanted = fold(name);
  // These scripts put no space between words.
  if (UNSPACED.test(wanted)) return folded.includes(wanted);
  for (let at = folded.indexOf(wanted); at !== -1; at = folded.indexOf(wanted, at + 1)) {
    const around = [folded.slice(0, at).at(-1) ?? '', folded.charAt(at + wanted.length)];
    if (!around.some((character) => WORDLY.test(character))) return true;
  }
  return false;
}

/**
 * Is the site called by a longer name that its domain spells, as "Acme Brick" on acme-brick.com is? Its address says nothing of that,
 * and some words tell no other company.
 */
function bearsLongerName(text: string, site: string, slug: string): boolean {
  const label = labelOf(site);
  if (label === slug) return false;
  const prose = text.normalize('NFKC').toLowerCase().replaceAll(site, ' , ').replaceAll(/@\S+/g, ' , ');
  const words = [...prose.slice(0, LONGEST_LOOKED_AT).matchAll(/[\p{L}\p{N}]+|[^\p{L}\p{N}\s'’-]+/gu)];
  return words.some((_, start) => {
    let said = '';
    for (const [word] of words.slice(start, start + MOST_WORDS)) {
      said += word;
      if (!label.startsWith(said)) return false;
      if (said.length > slug.length && said.startsWith(slug))
        return !TELLS_NOTHING.test(said.slice(slug.length));
    }
    return false;
  });
}
