import type { TavilyClient, TavilySearchOptions } from '@tavily/core';
import { z } from 'zod';
import { ProviderError, UserError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { Policy } from '../resilience.ts';
import type { Search, SearchAnswer, SearchHit, SearchQuery } from '../search.ts';
import { createClient, watchExchange } from './client.ts';
import type { Exchange } from './client.ts';
import { explainFailure } from './errors.ts';

// Beyond any policy's own timeout, so that the policy alone decides.
const LIBRARY_TIMEOUT_SECONDS = 300;
/** Tavily refuses longer queries. */
const LONGEST_QUERY = 400;
const DAY_MS = 86_400_000;
// Between two passages of one page, which do not follow each other in it.
const PASSAGE_MARK = /\s*\[\.\.\.\]\s*/g;

const result = z.object({
  url: z.url({ protocol: /^https?$/ }),
  title: z.string().nullish(),
  content: z.string().nullish(),
  score: z.number().min(0).nullish(),
  publishedDate: z.string().nullish(),
});
const answer = z.object({
  results: z.array(z.unknown()).max(100),
  usage: z.object({ credits: z.number().min(0) }).nullish(),
});

function optionsOf(query: SearchQuery, now: Date): TavilySearchOptions {
  return {
    searchDepth: 'basic',
    topic: query.topic,
    maxResults: query.maxResults,
    includeUsage: true,
    timeout: LIBRARY_TIMEOUT_SECONDS,
    ...(query.includeDomains?.length ? { includeDomains: query.includeDomains } : {}),
    ...(query.excludeDomains?.length ? { excludeDomains: query.excludeDomains } : {}),
    // `days` is no longer in Tavily's description; start_date is.
    ...(query.days === undefined
      ? {}
      : { startDate: new Date(now.getTime() - query.days * DAY_MS).toISOString().slice(0, 10) }),
  };
}

function toIsoDate(text: string | null | undefined): string | null {
  const time = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/** One bad result among good ones is left out; an answer of bad ones alone is no answer. */
function toAnswer(raw: unknown): SearchAnswer {
  const { results, usage } = answer.parse(raw);
  const good = results.flatMap((each) => result.safeParse(each).data ?? []);
  if (good.length === 0 && results.length > 0) result.parse(results[0]);
  const hits = good.map(({ url, title, content, score, publishedDate }): SearchHit => ({
    url,
    title: title ?? '',
    content: (content ?? '').replace(PASSAGE_MARK, '\n'),
    score: Math.min(1, score ?? 0),
    published: toIsoDate(publishedDate),
  }));
  // A basic search costs one credit, also when the answer does not say so.
  return { hits, credits: usage?.credits ?? 1 };
}

async function askTavily(
  client: TavilyClient,
  query: SearchQuery,
  signal: AbortSignal,
): Promise<SearchAnswer> {
  const now = new Date();
  const { exchange, outcome } = await watchExchange(signal, () =>
    client.search(query.query.slice(0, LONGEST_QUERY), optionsOf(query, now)),
  );
  if ('error' in outcome) {
    signal.throwIfAborted();
    throw explainFailure('search', exchange, outcome.error, now);
  }
  try {
    return toAnswer(outcome.result);
  } catch (error) {
    throw explainFailure('search', exchange, error, now);
  }
}

/** GET /usage tells what a key has used, and costs no credit (Tavily's API reference); the library has no call for it. */
async function askUsage(baseUrl: string, apiKey: string, signal: AbortSignal): Promise<void> {
  const exchange: Exchange = { signal };
  try {
    const headers = { authorization: `Bearer ${apiKey}` };
    const response = await fetch(`${baseUrl}/usage`, { headers, redirect: 'manual', signal });
    exchange.status = response.status;
    exchange.body = await response.json();
    if (response.ok) return;
  } catch (error) {
    signal.throwIfAborted();
    exchange.failure = error;
  }
  throw explainFailure('usage', exchange, exchange.failure, new Date());
}

/**
 * Tavily behind the search port: basic depth, one credit a search.
 * @param options.baseUrl without a slash at the end, e.g. https://api.tavily.com
 * @param options.policy timeouts, repeats, breaker and pace; a search may be repeated
 * @throws UserError when there is no key: without one the library would call Tavily's anonymous tier
 */
export function createTavily(options: { baseUrl: string; apiKey: string; policy: Policy }): Search {
  const apiKey = options.apiKey.trim();
  if (apiKey === '') throw new UserError('No Tavily key is set.', 'Put one in TAVILY_API_KEY.');
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const client = createClient({ apiKey, baseUrl });
  return {
    name: 'tavily',
    check: (callOptions) =>
      options.policy.run('usage', (signal) => askUsage(baseUrl, apiKey, signal), {
        ...callOptions,
        repeatable: true,
      }),
    search: (query: SearchQuery, callOptions: CallOptions) => {
      if (query.query.trim() === '' || query.maxResults < 1 || query.maxResults > 20)
        return Promise.reject(
          new ProviderError({
            provider: 'tavily',
            operation: 'search',
            kind: 'refused',
            message: 'a search needs a query and 1–20 results',
          }),
        );
      return options.policy.run(
        'search',
        (signal) => askTavily(client, query, signal),
        { ...callOptions, repeatable: true },
        ({ credits }) => ({ searchCredits: credits }),
      );
    },
  };
}
