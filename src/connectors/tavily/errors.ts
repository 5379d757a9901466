import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { ProviderErrorKind } from '../../errors.ts';
import { classifyNetworkError, parseRetryAfter } from '../resilience.ts';
import type { Exchange } from './client.ts';

const refusal = z.object({ detail: z.union([z.string(), z.object({ error: z.string() })]) });

// Tavily's own codes: 432 is the key's or the plan's limit, 433 the pay-as-you-go limit (docs.tavily.com, API reference).
const MEANING: Record<number, { kind: ProviderErrorKind; fix?: string }> = {
  400: { kind: 'refused' },
  401: { kind: 'unauthorized', fix: 'Put a valid key in TAVILY_API_KEY (app.tavily.com shows it).' },
  403: { kind: 'unauthorized', fix: 'Put a valid key in TAVILY_API_KEY (app.tavily.com shows it).' },
  404: { kind: 'not-found', fix: 'Check TAVILY_BASE_URL.' },
  422: { kind: 'refused' },
  429: { kind: 'rate-limited' },
  432: {
    kind: 'quota',
    fix: 'Upgrade the Tavily plan or raise the key’s limit at app.tavily.com, or wait for the next month.',
  },
  433: {
    kind: 'quota',
    fix: 'Raise the pay-as-you-go limit on the Tavily dashboard, or wait for the next month.',
  },
};

/** Words of the provider go into logs and pages: one short line of them. */
function firstWords(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}

function saidBy(body: unknown): string | null {
  const parsed = refusal.safeParse(body);
  if (!parsed.success) return null;
  return firstWords(typeof parsed.data.detail === 'string' ? parsed.data.detail : parsed.data.detail.error);
}

/** What went wrong with a Tavily call, from what passed over the wire rather than from the library's bare Error. */
export function explainFailure(
  operation: string,
  exchange: Exchange,
  error: unknown,
  now: Date,
): ProviderError {
  const provider = 'tavily';
  const { status } = exchange;
  if (status !== undefined && (status < 200 || status > 299)) {
    const meaning = MEANING[status] ?? { kind: status >= 500 ? 'unavailable' : 'refused' };
    return new ProviderError({
      provider,
      operation,
      ...meaning,
      status,
      message: saidBy(exchange.body) ?? `answered ${status}`,
      retryAfterMs: parseRetryAfter(exchange.retryAfter, now),
      maybeApplied: meaning.kind === 'unavailable',
      cause: error,
    });
  }
  const network = classifyNetworkError(exchange.failure ?? error);
  if (network !== null) return new ProviderError({ provider, operation, ...network, cause: error });
  if (status === undefined)
    return new ProviderError({
      provider,
      operation,
      kind: 'unavailable',
      message: error instanceof Error ? firstWords(error.message) : 'no answer',
      maybeApplied: true,
      cause: error,
    });
  return new ProviderError({
    provider,
    operation,
    kind: 'malformed',
    status,
    message: 'the answer is not what Tavily promises',
    cause: error,
  });
}
