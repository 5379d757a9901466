import type { PageLink } from '../../connectors/page-reader.ts';
import { siteOf } from './company-name.ts';

type Topic = { name: string; rank: number; words: RegExp };

// What tells most about what a company does and needs comes first. Matched against path segments and link texts.
const TOPICS: readonly Topic[] = [
  {
    name: 'about',
    rank: 1,
    words:
      /^(about|about-?us|company|who-?we-?are|our-?story|mission|ueber-?uns|über-?uns|unternehmen|a-?propos|qui-?sommes-?nous|chi-?siamo|over-?ons|o-?nas|会社概要|企業情報)$/,
  },
  {
    name: 'careers',
    rank: 2,
    words:
      /^(careers?|jobs?|join|join-?us|work-?with-?us|hiring|open-?roles|openings|vacancies|karriere|stellen|emplois|採用情報|採用)$/,
  },
  {
    name: 'technology',
    rank: 3,
    words:
      /^(technology|tech|platform|infrastructure|research|science|engineering|how-?it-?works|our-?technology|r-?d|labs?|models?|technologie|技術)$/,
  },
  {
    name: 'product',
    rank: 4,
    words:
      /^(products?|solutions?|services?|features?|what-?we-?do|produkte|leistungen|produits|製品|サービス)$/,
  },
  { name: 'docs', rank: 5, words: /^(docs?|documentation|developers?|api)$/ },
  { name: 'blog', rank: 6, words: /^(blog|articles?|insights|stories|journal|changelog)$/ },
  { name: 'news', rank: 7, words: /^(news|newsroom|press|media|announcements|presse|aktuelles|ニュース)$/ },
  {
    name: 'customers',
    rank: 8,
    words: /^(customers?|case-?stud(y|ies)|use-?cases?|industries|clients|references?|kunden)$/,
  },
  { name: 'team', rank: 9, words: /^(team|people|leadership|management|founders)$/ },
  { name: 'pricing', rank: 10, words: /^(pricing|prices|plans|preise|security)$/ },
];
const OTHER_RANK = 20;

const NEVER =
  /\b(log-?in|sign-?in|sign-?up|register|account|cart|checkout|basket|wishlist|privacy|datenschutz|terms|agb|imprint|impressum|legal|cookies?|gdpr|unsubscribe|subscribe|search|tag|tags|category|author|feed|rss|sitemap|wp-(admin|login|content|json)|print|share|logout|password|download)\b/i;
const FILE =
  /\.(pdf|docx?|xlsx?|pptx?|zip|gz|png|jpe?g|gif|svg|webp|ico|mp[34]|webm|mov|avi|css|js|json|xml|rss|atom|ics|exe|dmg|apk)$/i;
const LANGUAGE = /^[a-z]{2}([-_][a-z]{2})?$/i;

export type ChosenPage = { url: string; topic: string };
type Candidate = ChosenPage & { rank: number; depth: number };

function topicOf(segments: readonly string[], host: string, text: string): Topic | null {
  const label = text.trim().toLowerCase().replace(/\s+/g, '-');
  const subdomain = host.split('.')[0] ?? '';
  const said = [...segments, label, subdomain];
  return TOPICS.find(({ words }) => said.some((word) => words.test(word))) ?? null;
}

function consider(link: PageLink, domain: string): Candidate | null {
  const url = URL.parse(link.url);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || siteOf(url.href) !== domain)
    return null;
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    return null;
  }
  // "/en/about" and "/de/about" are one page; a query string is mostly a filter or a session.
  const segments = path
    .toLowerCase()
    .replace(/\.(html?|php|aspx?|jsp)$/, '')
    .split('/')
    .filter((segment) => segment !== '');
  const meaningful = segments.filter((segment, index) => index > 0 || !LANGUAGE.test(segment));
  if (
    FILE.test(path) ||
    NEVER.test(path.replaceAll('_', '-')) ||
    url.search.length > 40 ||
    segments.length > 5
  )
    return null;
  const host = url.hostname.toLowerCase();
  if (meaningful.length === 0 && host.replace(/^www\./, '') === domain) return null;
  if (/^(app|login|my|auth|shop|store|status|cdn|static|mail|portal|account)\./.test(host)) return null;
  const topic = topicOf(meaningful, host, link.text);
  url.hash = '';
  return {
    url: url.href,
    topic: topic?.name ?? 'other',
    rank: topic?.rank ?? OTHER_RANK,
    depth: meaningful.length,
  };
}

/** Addresses that differ only in scheme, "www.", trailing slash, index file or language prefix name one page. */
function samePage(address: string): string {
  const url = new URL(address);
  const path = url.pathname
    .toLowerCase()
    .replace(/\/(index|default)\.\w+$/, '/')
    .replace(/\/+$/, '')
    .replace(/^\/[a-z]{2}([-_][a-z]{2})?(?=\/)/, '');
  return url.hostname.replace(/^www\./, '') + path + url.search;
}

/**
 * Which pages of the site to read after the front page, best first: one of each topic, then second ones. Same registrable domain only;
 * no files, no sign-in, no legal pages.
 * @param links what the pages read so far link to
 * @param already addresses that were read; they and their variants are not chosen again
 * @param most how many at most
 */
export function choosePages(
  links: readonly PageLink[],
  domain: string,
  already: readonly string[],
  most: number,
): ChosenPage[] {
  const seen = new Set(already.filter((address) => URL.canParse(address)).map(samePage));
  const candidates = links
    .flatMap((link) => consider(link, domain) ?? [])
    .toSorted(
      (a, b) =>
        a.rank - b.rank || a.depth - b.depth || a.url.length - b.url.length || (a.url < b.url ? -1 : 1),
    )
    .filter(({ url }) => {
      const page = samePage(url);
      if (seen.has(page)) return false;
      seen.add(page);
      return true;
    });
  const turns = new Map<string, number>();
  return candidates
    .map((candidate) => {
      const turn = turns.get(candidate.topic) ?? 0;
      turns.set(candidate.topic, turn + 1);
      return { candidate, turn };
    })
    .toSorted((a, b) => a.turn - b.turn)
    .slice(0, Math.max(0, most))
    .map(({ candidate: { url, topic } }) => ({ url, topic }));
}
