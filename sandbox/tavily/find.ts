import { normalizeHost } from '../kit/world-rows.ts';
import { visibleWords } from '../web/words.ts';
import type { WebDocument, WebState } from '../web/state.ts';
import { pickChunks } from './chunks.ts';
import { createRanker } from './rank.ts';
import type { Ranker } from './rank.ts';
import type { SearchRequest } from './request.ts';

type FoundResult = {
  title: string;
  url: string;
  content: string;
  score: number;
  raw_content: string | null;
  published_date?: string;
};

const DAYS_OF_RANGE = { day: 1, d: 1, week: 7, w: 7, month: 31, m: 31, year: 366, y: 366 };
// A robots.txt that forbids everything to everybody.
const SHUT = /^user-agent:\s*\*\s*\ndisallow:\s*\/\s*$/im;
const DAY_MS = 86_400_000;

export type Finder = {
  find(request: SearchRequest, now: Date): FoundResult[];
  textAt(url: string): string | null;
};

/** What a crawler could have read: pages that answer 200 on sites that do not shut all crawlers out. */
function isFindable(web: WebState, document: WebDocument): boolean {
  return document.status === 200 && !SHUT.test(web.robotsOf(hostOf(document)) ?? '');
}

function hostOf(document: WebDocument): string {
  return normalizeHost(new URL(document.url).hostname);
}

function textOf(document: WebDocument): string {
  return document.html === null ? document.text : visibleWords(document.html);
}

/** A domain's filter takes the domain itself and its subdomains. */
function covers(domain: string, host: string): boolean {
  const wanted = normalizeHost(domain.replace(/^https?:\/\//, '').replace(/\/.*$/, ''));
  return host === wanted || host.endsWith(`.${wanted}`);
}

function publishedWithin(request: SearchRequest, now: Date): (published: string | null) => boolean {
  const days = request.time_range === null ? request.days : DAYS_OF_RANGE[request.time_range];
  const from = Math.max(
    days === undefined ? -Infinity : now.getTime() - days * DAY_MS,
    request.start_date === null ? -Infinity : Date.parse(request.start_date),
  );
  const to = request.end_date === null ? Infinity : Date.parse(request.end_date) + DAY_MS;
  if (from === -Infinity && to === Infinity) return () => true;
  return (published) => published !== null && Date.parse(published) >= from && Date.parse(published) < to;
}

function quotedIn(query: string): string[] {
  return [...query.matchAll(/"([^"]+)"/g)].map(([, phrase = '']) => phrase.toLowerCase());
}

/** Searches over the sandbox's web; indexes it on first use and again after an edit. */
export function createFinder(web: WebState): Finder {
  let ranker: Ranker = createRanker([]);
  let indexed = -1;
  let texts = new Map<string, { document: WebDocument; host: string; text: string }>();

  const refresh = (): void => {
    if (indexed === web.revision()) return;
    indexed = web.revision();
    texts = new Map(
      web
        .documents()
        .filter((document) => isFindable(web, document))
        .map((document) => [document.key, { document, host: hostOf(document), text: textOf(document) }]),
    );
    ranker = createRanker(
      [...texts].map(([id, { document, host, text }]) => ({ id, title: document.title, host, text })),
    );
  };

  return {
    find: (request, now) => {
      refresh();
      const inTime = publishedWithin(request, now);
      const phrases = request.exact_match ? quotedIn(request.query) : [];
      const news = request.topic === 'news';
      const results: FoundResult[] = [];
      for (const { id, score } of ranker.rank(request.query)) {
        if (results.length >= request.max_results) break;
        const entry = texts.get(id);
        if (entry === undefined) continue;
        const { document, host, text } = entry;
        if (news && document.origin !== 'news' && document.origin !== 'distractor') continue;
        if (
          request.include_domains.length > 0 &&
          !request.include_domains.some((domain) => covers(domain, host))
        )
          continue;
        if (request.exclude_domains.some((domain) => covers(domain, host))) continue;
        if (!inTime(document.published)) continue;
        if (!phrases.every((phrase) => text.toLowerCase().includes(phrase))) continue;
        const most = request.search_depth === 'ultra-fast' ? 1 : request.chunks_per_source;
        const result: FoundResult = {
          title: document.title,
          url: document.url,
          content: pickChunks(text, request.query, most),
          score: Math.round(score * 1e6) / 1e6,
          raw_content: request.include_raw_content === false ? null : text,
        };
        // Only news carry a date, in the mail format.
        if (news && document.published !== null)
          result.published_date = new Date(document.published).toUTCString();
        results.push(result);
      }
      return results;
    },
    textAt: (url) => {
      const document = web.find(url);
      return document === undefined || !isFindable(web, document) ? null : textOf(document);
    },
  };
}
