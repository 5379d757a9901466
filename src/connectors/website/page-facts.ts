import { getDomain } from 'tldts';
import type { PageLink } from '../page-reader.ts';
import { oneLine } from './clean-text.ts';
import { findElement, isElement, textOf, walk } from './dom.ts';
import type { DomDocument, DomElement } from './dom.ts';

const DATE_NAMES = [
  'article:published_time',
  'og:published_time',
  'datepublished',
  'date',
  'dc.date',
  'dc.date.issued',
  'dcterms.date',
  'dcterms.created',
  'pubdate',
  'publishdate',
  'publish-date',
  'sailthru.date',
  'parsely-pub-date',
];
const EARLIEST = Date.UTC(1995, 0, 1);
const DAY_MS = 86_400_000;
const LONGEST_JSON_LD = 200_000;
const MOST_LINKS = 300;
const LONGEST_LINK_TEXT = 200;

/** A date as a site writes it → ISO; null when it is none, before the web or in the future. */
function toIso(text: string | null, now: Date): string | null {
  const value = text?.trim() ?? '';
  // Bare numbers and "May" alone are read as dates by Date.parse, and mean nothing.
  if (value.length > 60 || !/\d{4}/.test(value) || /^\d+$/.test(value)) return null;
  const dayOnly = /^\d{4}-\d{2}-\d{2}$/.test(value);
  const time = Date.parse(value);
  if (Number.isNaN(time) || time < EARLIEST || time > now.getTime() + DAY_MS) return null;
  return dayOnly ? value : new Date(time).toISOString();
}

function datesOfJsonLd(root: DomElement): string[] {
  const dates: string[] = [];
  walk(root, (node) => {
    if (!isElement(node)) return false;
    if (node.localName === 'script' && /ld\+json/i.test(node.getAttribute('type') ?? '')) {
      const json = textOf(node).slice(0, LONGEST_JSON_LD);
      for (const [, date = ''] of json.matchAll(/"datePublished"\s*:\s*"([^"]{4,60})"/g)) dates.push(date);
    }
    return true;
  });
  return dates;
}

/** When a page says it was published: from its meta tags, its JSON-LD, its first `time` element, in that order. ISO or null. */
export function findPublished(document: DomDocument, now: Date): string | null {
  const root = document.documentElement;
  if (root === null) return null;
  const byName = new Map<string, string>();
  let time: string | null = null;
  walk(root, (node) => {
    if (!isElement(node)) return false;
    if (node.localName === 'meta') {
      const name =
        node.getAttribute('property') ?? node.getAttribute('name') ?? node.getAttribute('itemprop');
      const content = node.getAttribute('content');
      if (name !== null && content !== null && !byName.has(name.toLowerCase()))
        byName.set(name.toLowerCase(), content);
    }
    if (node.localName === 'time') time ??= toIso(node.getAttribute('datetime'), now);
    return true;
  });
  const named = DATE_NAMES.flatMap((name) => byName.get(name) ?? []);
  for (const candidate of [...named, ...datesOfJsonLd(root)]) {
    const date = toIso(candidate, now);
    if (date !== null) return date;
  }
  return time;
}

/** The page's title; its first heading when it has none. */
export function findTitle(document: DomDocument): string {
  const root = document.documentElement;
  if (root === null) return '';
  for (const tag of ['title', 'h1']) {
    const element = findElement(root, ({ localName }) => localName === tag);
    const text = element === null ? '' : oneLine(textOf(element));
    if (text !== '') return text.slice(0, 300);
  }
  return '';
}

/** The registrable domain of a host; hosts of shared platforms count by themselves. */
function siteOf(url: string): string | null {
  return getDomain(url, { allowPrivateDomains: true });
}

/** Where links of a page are resolved against. */
export function baseOf(document: DomDocument, pageUrl: string): string {
  const root = document.documentElement;
  const base = root === null ? null : findElement(root, ({ localName }) => localName === 'base');
  return URL.parse(base?.getAttribute('href') ?? '', pageUrl)?.href ?? pageUrl;
}

/**
 * Keeps links that lead to other pages of the same site: http(s), same registrable domain, without fragment, each once,
 * at most 300, in the order of the page.
 */
export function keepOwnLinks(
  links: readonly { href: string; text: string }[],
  base: string,
  pageUrl: string,
): PageLink[] {
  const site = siteOf(pageUrl);
  const own = new Map<string, PageLink>();
  for (const { href, text } of links) {
    if (own.size >= MOST_LINKS) break;
    const url = URL.parse(href.trim(), base);
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '')
      continue;
    url.hash = '';
    if (url.href === pageUrl || siteOf(url.href) !== site || url.href.length > 2000) continue;
    const label = oneLine(text).slice(0, LONGEST_LINK_TEXT);
    const known = own.get(url.href);
    if (known === undefined || known.text === '') own.set(url.href, { url: url.href, text: label });
  }
  return [...own.values()];
}

/** All links of a document with their text. */
export function findLinks(document: DomDocument): { href: string; text: string }[] {
  const links: { href: string; text: string }[] = [];
  if (document.documentElement === null) return links;
  walk(document.documentElement, (node) => {
    if (!isElement(node)) return false;
    const href = node.localName === 'a' ? node.getAttribute('href') : null;
    if (href !== null && href !== '' && !href.startsWith('#'))
      links.push({ href, text: textOf(node) || (node.getAttribute('aria-label') ?? '') });
    return true;
  });
  return links;
}
