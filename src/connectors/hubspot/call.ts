import { Client } from '@hubspot/api-client';
import type { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { DailyShare } from '../daily-share.ts';
import type { DailyUsage } from '../limits.ts';
import { classifyNetworkError } from '../resilience.ts';
import { translateRefusal } from './refusals.ts';

/** One request to HubSpot and what its answer must look like. */
export type ApiRequest<T> = {
  /** What the ledger calls it. */
  operation: string;
  method: 'GET' | 'POST';
  path: string;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
  /** Sent as a form in place of `body` (the OAuth endpoints take nothing else). */
  form?: Record<string, string>;
  /** Sent without a token: what it asks for is proven by the form. */
  anonymous?: boolean;
  schema: z.ZodType<T>;
  /** True when sending it twice does no harm. */
  repeatable: boolean;
};

export type ApiAnswer<T> = {
  status: number;
  data: T;
  /** HubSpot's clock when the request was sent. */
  sentAt: Date;
  /** What its headers say of the account's day; a search's say nothing. */
  usage: DailyUsage | null;
};

/** One HTTP exchange; a null token sends none. @throws ProviderError (kinds as in src/errors.ts) or the signal's reason */
export type Caller = <T>(
  wanted: ApiRequest<T>,
  token: string | null,
  signal: AbortSignal,
) => Promise<ApiAnswer<T>>;

/**
 * The SDK's client, bare. Its apiRequest() resolves on every status, which we judge ourselves; its retry and limiter stay
 * off: they are one global pair that any other client in the process would change for us too.
 * It takes no AbortSignal: the signal is looked at before each request, and the policy stops waiting for an answer.
 */
export function createCaller(baseUrl: string, daily: Pick<DailyShare, 'noteAnswer' | 'noteRefusal'>): Caller {
  // A trailing slash would give //crm/…, which HubSpot does not know.
  const client = new Client({ basePath: baseUrl.replace(/\/+$/, '') });
  return async (wanted, token, signal) => {
    const { operation, method, path, query, form } = wanted;
    signal.throwIfAborted();
    const began = performance.now();
    const authorization: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
    const content =
      form === undefined
        ? { headers: authorization, body: wanted.body }
        : {
            headers: { ...authorization, 'Content-Type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams(form).toString(),
            defaultJson: false,
          };
    let response: Response;
    let text: string;
    try {
      response = await client.apiRequest({ method, path, qs: query, ...content });
      text = await response.text();
    } catch (error) {
      const failure = classifyNetworkError(error);
      if (failure === null) throw error;
      throw new ProviderError({ provider: 'hubspot', operation, ...failure, cause: error });
    }
    const sentAt = readClock(response, performance.now() - began);
    const usage = readUsage(response.headers);
    // Tokens are asked for elsewhere: what they cost does not count, and their answers say nothing of the day.
    if (usage !== null || (response.ok && form === undefined)) await daily.noteAnswer(usage);
    if (!response.ok) {
      const refusal = translateRefusal(operation, response.status, text, response.headers);
      if (refusal.kind === 'quota') await daily.noteRefusal();
      throw refusal;
    }
    return { status: response.status, data: parseAnswer(operation, wanted.schema, text), sentAt, usage };
  };
}

function parseAnswer<T>(operation: string, schema: z.ZodType<T>, text: string): T {
  let json: unknown;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch (error) {
    // Cut off or a proxy's page: asking again helps, but a write may have been done.
    const message = 'the answer is not JSON';
    throw new ProviderError({ provider: 'hubspot', operation, kind: 'unavailable', message, maybeApplied: true, cause: error }); // prettier-ignore
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ProviderError({
    provider: 'hubspot',
    operation,
    kind: 'malformed',
    message: `the answer has an unexpected shape: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    maybeApplied: true,
  });
}

/** X-HubSpot-RateLimit-Daily and -Daily-Remaining (usage guidelines; OAuth apps and searches get neither). */
function readUsage(headers: Headers): DailyUsage | null {
  const limit = Number(headers.get('x-hubspot-ratelimit-daily') ?? Number.NaN);
  const left = Number(headers.get('x-hubspot-ratelimit-daily-remaining') ?? Number.NaN);
  if (!Number.isFinite(limit) || !Number.isFinite(left) || limit <= 0) return null;
  return { used: Math.max(0, limit - left), limit };
}

/** HubSpot's clock from its Date header, taken back to when the request was sent; ours when there is none. */
function readClock(response: Response, elapsedMs: number): Date {
  const header = Date.parse(response.headers.get('date') ?? '');
  return new Date((Number.isNaN(header) ? Date.now() : header) - elapsedMs);
}
