import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import type { TavilyClient, TavilyClientOptions } from '@tavily/core';

/** What passed between us and Tavily that the vendor's library does not tell. */
export type Exchange = {
  signal: AbortSignal;
  /** HTTP status of the answer; absent when none arrived. */
  status?: number;
  retryAfter?: string;
  body?: unknown;
  /** The network's own error when no answer arrived. */
  failure?: unknown;
};

type AxiosRequest = { signal?: AbortSignal; maxRedirects?: number; maxContentLength?: number };
type AxiosAnswer = { status: number; headers: Record<string, unknown>; data: unknown };
type Interceptors<Value> = {
  use(pass: (value: Value) => Value, fail?: (error: unknown) => Promise<never>): number;
};
type Axios = { interceptors: { request: Interceptors<AxiosRequest>; response: Interceptors<AxiosAnswer> } };
type Library = { tavily(options: TavilyClientOptions): TavilyClient };

// Twenty results with three 500-character passages are 40 kB; anything near this is no search answer.
const LONGEST_ANSWER_BYTES = 8 * 1024 * 1024;

// The library's errors carry neither status nor Retry-After and it takes no AbortSignal. Its axios instance has all three,
// so we look over its shoulder. Both are required as CommonJS, from the library's own place, so that it is the same instance.
const require = createRequire(import.meta.url);
const library: Library = require('@tavily/core');
const axios: Axios = createRequire(require.resolve('@tavily/core'))('axios');
const exchanges = new AsyncLocalStorage<Exchange>();

axios.interceptors.request.use((request) => {
  const exchange = exchanges.getStore();
  if (exchange === undefined) return request;
  // A redirect would take the key to another host.
  return { ...request, signal: exchange.signal, maxRedirects: 0, maxContentLength: LONGEST_ANSWER_BYTES };
});

axios.interceptors.response.use(
  (answer) => {
    note(answer);
    return answer;
  },
  (error: unknown) => {
    const exchange = exchanges.getStore();
    if (exchange !== undefined) exchange.failure = error;
    if (error instanceof Error && 'response' in error && isAnswer(error.response)) note(error.response);
    return Promise.reject(error);
  },
);

function note(answer: AxiosAnswer): void {
  const exchange = exchanges.getStore();
  if (exchange === undefined) return;
  exchange.status = answer.status;
  exchange.body = answer.data;
  const retryAfter = answer.headers['retry-after'];
  if (typeof retryAfter === 'string') exchange.retryAfter = retryAfter;
}

function isAnswer(value: unknown): value is AxiosAnswer {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value;
}

/** The vendor's client. */
export function createClient(options: { apiKey: string; baseUrl: string }): TavilyClient {
  return library.tavily({ apiKey: options.apiKey, apiBaseURL: options.baseUrl });
}

/** Runs one call of the library under a signal and hands back what passed over the wire beside its outcome. */
export async function watchExchange<Result>(
  signal: AbortSignal,
  call: () => Promise<Result>,
): Promise<{ exchange: Exchange; outcome: { result: Result } | { error: unknown } }> {
  const exchange: Exchange = { signal };
  try {
    return { exchange, outcome: { result: await exchanges.run(exchange, call) } };
  } catch (error) {
    return { exchange, outcome: { error } };
  }
}
