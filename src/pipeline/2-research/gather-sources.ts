import type { Source, SourceKind, UnreadPage } from '../store/sources.ts';
import { findNamesakes, isRelevant, judgeAbout } from './about-company.ts';
import type { FoundHit } from './ask-searches.ts';
import { classifySource } from './classify.ts';
import { contentHash } from './content-hash.ts';
import { credibilityOf } from './credibility.ts';
import { foldDuplicates } from './fold-duplicates.ts';
import { orderSources } from './order-sources.ts';
import { LEAST_QUALITY, qualityOf } from './quality.ts';
import type { ReadPage } from './read-site.ts';
import { stripText } from './strip.ts';

type NewSource = Omit<Source, 'id' | 'companyId'>;

// Nothing that a reader could use lies beyond this in one document.
const LONGEST_TEXT = 100_000;
const LONGEST_TITLE = 300;
const MOST_SOURCES = 40;

/**
 * What was read and found → the sources worth keeping: about this company and not a namesake, with readable text, each
 * story once, in canonical order. The same findings give the same sources, whatever order they came in.
 */
export function gatherSources(options: {
  company: { name: string; domain: string };
  pages: readonly ReadPage[];
  hits: readonly FoundHit[];
}): NewSource[] {
  const { company } = options;
  const own = options.pages.map((page) => describe(page, classifySource(page, company.domain, 'site')));
  const found = options.hits.map((hit) => ({ ...hit, text: hit.content }));
  const namesakes = findNamesakes(found, company);
  const ownText = own.map((page) => page.text).join('\n');
  const elsewhere = found.flatMap((hit) => {
    const kind = classifySource(hit, company.domain, hit.asked);
    if (!isRelevant(kind, hit.score)) return [];
    return judgeAbout(hit, company, { ownText, namesakes }).about ? [describe(hit, kind)] : [];
  });
  const readable = [...own, ...dropRepeatedUrls(own, elsewhere)].filter(
    (source) => source.quality >= LEAST_QUALITY,
  );
  return orderSources(foldDuplicates(readable).kept).slice(0, MOST_SOURCES);
}

/** Pages of the company's own site that hold too little to read, for people to see: they answered, and yet say nothing. */
export function listThinPages(pages: readonly Pick<ReadPage, 'url' | 'text'>[]): UnreadPage[] {
  return pages
    .filter(({ text }) => qualityOf(stripText(text).slice(0, LONGEST_TEXT)) < LEAST_QUALITY)
    .map(({ url }) => ({
      url,
      reason: 'hardly-any-text',
      detail: 'menus and labels, but hardly a sentence that could be quoted',
    }));
}

function describe(
  document: { url: string; title: string; text: string; published: string | null; fetchedAt: string },
  kind: SourceKind,
): NewSource {
  const text = stripText(document.text).slice(0, LONGEST_TEXT).toWellFormed();
  return {
    url: document.url,
    kind,
    title: stripText(document.title).replaceAll('\n', ' ').slice(0, LONGEST_TITLE).toWellFormed(),
    text,
    published: dayOf(document.published),
    fetchedAt: document.fetchedAt,
    contentHash: contentHash(text),
    credibility: credibilityOf(kind),
    quality: qualityOf(text),
  };
}

/**
 * Several searches find the same page; the page itself, where it was read, says more than an excerpt. Of the excerpts the longest stays,
 * with the date and the standing that any of the searches gave it.
 */
function dropRepeatedUrls(own: readonly NewSource[], found: readonly NewSource[]): NewSource[] {
  const read = new Set(own.map((source) => source.url));
  const byUrl = new Map<string, NewSource>();
  const longestFirst = found.toSorted((a, b) => b.text.length - a.text.length || (a.text < b.text ? -1 : 1));
  for (const source of longestFirst) {
    if (read.has(source.url)) continue;
    const longest = byUrl.get(source.url) ?? source;
    const { kind, credibility } = source.credibility > longest.credibility ? source : longest;
    byUrl.set(source.url, {
      ...longest,
      kind,
      credibility,
      published: earlier(longest.published, source.published),
    });
  }
  return [...byUrl.values()];
}

function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}

/** ISO day of a date that a page or search states; null when it is none, or lies in the future. */
function dayOf(stated: string | null): string | null {
  if (stated === null) return null;
  const time = Date.parse(stated);
  if (Number.isNaN(time) || time > Date.now()) return null;
  const day = new Date(time).toISOString().slice(0, 10);
  return /^\d{4}-/.test(day) ? day : null;
}
