import type { LlmEndpoint } from './config-llm.ts';
import type { Config } from './config.ts';
import { HUBSPOT_PACE, hubspotBuckets } from './connectors/hubspot/limits.ts';
import type { IdentityProvider } from './connectors/identity.ts';
import type { SharedBreaker, SharedLimits } from './connectors/limits.ts';
import { LLM_TIMES, createLlm, createTextModels, llmBuckets } from './connectors/llm/llm.ts';
import { createOidc } from './connectors/oidc/oidc.ts';
import type { PageReader } from './connectors/page-reader.ts';
import { createPolicy, noBreaker } from './connectors/resilience.ts';
import type { PolicyBucket } from './connectors/resilience.ts';
import type { Search } from './connectors/search.ts';
import { createTavily } from './connectors/tavily/search.ts';
import type { TextModel } from './connectors/text-model.ts';
import { createWebsite } from './connectors/website/website.ts';
import type { Demand } from './pipeline/admission.ts';
import type { BucketRate } from './pipeline/store/limits.ts';

export type Connectors = { search: Search | null; pages: PageReader; textModel: TextModel | null };

// A burst of two seconds' worth lets a rested bucket start at once without ever doubling a minute's allowance.
const BURST_SECONDS = 2;

export type Shared = { limits: SharedLimits; breaker: SharedBreaker };

// Buckets without a rate of their own still carry a provider's "not before" to every worker.
const perRequest = (key: string): PolicyBucket => ({ key, cost: ({ requests }) => requests });

/** Search, pages and text model, as configured. */
export function openConnectors(config: Config, shared: Shared): Connectors {
  const common = { attempts: 3, backoffMs: { first: 500, max: 10_000 } };
  const search =
    config.tavily === null
      ? null
      : createTavily({
          ...config.tavily,
          policy: createPolicy({
            ...shared,
            ...common,
            provider: 'tavily',
            buckets: [{ ...perRequest('tavily'), interactiveKey: 'tavily:interactive' }],
            attemptTimeoutMs: 60_000,
            totalTimeoutMs: 120_000,
          }),
        });
  const pages = createWebsite({
    ...(config.websiteReaderUrl === null ? {} : { readerUrl: config.websiteReaderUrl }),
    policy: createPolicy({
      ...shared,
      ...common,
      // Fetched directly, each site is its own provider: one that is down says nothing about the next.
      ...(config.websiteReaderUrl === null ? { breaker: noBreaker } : {}),
      provider: 'website',
      buckets: config.websiteReaderUrl === null ? [] : [perRequest('website')],
      attemptTimeoutMs: 30_000,
      totalTimeoutMs: 60_000,
    }),
  });
  const endpoint = (label: string, { baseUrl, apiKey, model }: LlmEndpoint, own = shared): TextModel =>
    createLlm({
      label,
      baseUrl,
      apiKey: apiKey ?? '',
      model,
      policy: createPolicy({ ...own, ...LLM_TIMES, provider: label, buckets: llmBuckets(label) }),
    });
  const fallback = config.llmFallback === null ? undefined : endpoint('llm-fallback', config.llmFallback);
  const { llm } = config;
  if (llm === null) return { search, pages, textModel: null };
  const others = llm.others.map((model): [string, TextModel] => {
    const own = { ...shared, breaker: renameBreaker(shared.breaker, `llm ${model}`) };
    return [model, createTextModels(endpoint('llm', { ...llm, model }, own), fallback)];
  });
  const textModel = { ...createTextModels(endpoint('llm', llm), fallback), others: new Map(others) };
  return { search, pages, textModel };
}

/** A model that somebody chose and that does not answer must not stop what the others are asked for. */
function renameBreaker(breaker: SharedBreaker, name: string): SharedBreaker {
  return {
    enter: () => breaker.enter(name),
    report: (_provider, outcome) => breaker.report(name, outcome),
  };
}

/** The pace of each shared bucket; undefined where only the provider's own pauses count. */
export function rateOf(bucket: string, config: Config): BucketRate | undefined {
  const perMinute = (value: number): BucketRate => ({
    perSecond: value / 60,
    burst: Math.max(1, (value / 60) * BURST_SECONDS),
  });
  const { searches, llmRequests, llmTokens } = config.perMinute;
  // The lines of people who wait have the whole pace, too: the few lookups at once cannot use it up, and batch work has what is left.
  if (bucket === 'tavily' || bucket === 'tavily:interactive') return perMinute(searches);
  if (bucket.startsWith('llm')) return perMinute(bucket.includes(':tokens') ? llmTokens : llmRequests);
  if (bucket.startsWith('hubspot:')) {
    const { search } = hubspotBuckets(bucket.replace(/:search$/, ''));
    return bucket === search ? HUBSPOT_PACE.search : HUBSPOT_PACE.burst;
  }
  return undefined;
}

/** Providers that every company's research and reading need. */
export function neededProviders(config: Config): string[] {
  return [
    config.tavily && 'tavily',
    config.websiteReaderUrl && 'website',
    config.llm && !config.llmFallback && 'llm',
  ].filter((name): name is string => typeof name === 'string');
}

// Of the shipped scoring model: its questions to the web, and reading and writing. About: a company whose site says little
// takes one search more, one that was researched lately takes none.
const SEARCHES_PER_COMPANY = 3;
const LLM_CALLS_PER_COMPANY = 2;
// Research comes before: robots.txt, the front page and the others one after another (measured: 3 s).
const SECONDS_OF_RESEARCH = 3;

/** What each company takes from the shared buckets of the providers that are configured. */
export function demandsOf(config: Config): Demand[] {
  return [
    ...(config.tavily === null
      ? []
      : [{ bucket: 'tavily', perCompany: SEARCHES_PER_COMPANY, comesAfter: 0 }]),
    ...(config.llm === null
      ? []
      : [{ bucket: 'llm:requests', perCompany: LLM_CALLS_PER_COMPANY, comesAfter: SECONDS_OF_RESEARCH }]),
  ].flatMap((demand) => {
    const rate = rateOf(demand.bucket, config);
    return rate === undefined ? [] : [{ ...demand, perSecond: rate.perSecond }];
  });
}

/** Who signs people in, as configured; null: nobody. */
export function openIdentity({ oidc }: Config): IdentityProvider | null {
  return oidc === null ? null : createOidc(oidc);
}
