import type { CallOptions } from './call.ts';

export type SearchQuery = {
  query: string;
  topic: 'general' | 'news';
  /** 1–20 (Tavily's bound). */
  maxResults: number;
  includeDomains?: string[];
  excludeDomains?: string[];
  /** Only results published within this many days. */
  days?: number;
};

export type SearchHit = {
  url: string;
  title: string;
  /** The passage or page text that the provider returned. */
  content: string;
  /** The provider's relevance, 0–1. */
  score: number;
  /** ISO date, when the provider knows it. */
  published: string | null;
};

export type SearchAnswer = { hits: SearchHit[]; credits: number };

/** The port behind which a web search lives. Errors are ProviderError. */
export type Search = {
  name: string;
  search(query: SearchQuery, options: CallOptions): Promise<SearchAnswer>;
  /** Is the key let in? Costs nothing. @throws ProviderError when it is not, or nobody answers */
  check?(options: CallOptions): Promise<void>;
};
