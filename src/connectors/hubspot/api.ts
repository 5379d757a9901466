import { Client } from '@hubspot/api-client';
import type { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import { classifyNetworkError } from '../resilience.ts';
import type { Policy } from '../resilience.ts';
import type { DailyShare } from './daily-share.ts';
import { translateRefusal } from './refusals.ts';

/**
 * The API version that we speak. The numbered paths, which are all that the SDK's typed methods know, are unsupported
 * from September 2027 (v4: March 2027; HubSpot changelog of 15 September 2026), so every call goes to dated paths.
 */
export const HUBSPOT_API_VERSION = '2026-09';

type ApiRequest<T> = {
  /** What the ledger calls it. */
  operation: string;
  method: 'GET' | 'POST';
  path: string;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
  schema: z.ZodType<T>;
  /** True when sending it twice does no harm. */
  repeatable: boolean;
};

export type ApiAnswer<T> = {
  status: number;
  data: T;
  /** HubSpot's clock when the request was sent. */
  sentAt: Date;
};

export type HubspotApi = {
  /** @throws ProviderError (kinds as in src/errors.ts), ProviderDownError, or the signal's reason */
  send<T>(request: ApiRequest<T>, options: CallOptions): Promise<ApiAnswer<T>>;
};

/**
 * The SDK's client behind our own rules. Its apiRequest() resolves on every status, which we judge ourselves; its retry
 * and limiter stay off: they are one global pair that any other client in the process would change for us too.
 * It takes no AbortSignal: the signal is looked at before each request, and the policy stops waiting for an answer.
 */
export function createApi(settings: {
  baseUrl: string;
  accessToken: string;
  policy: Policy;
  searchPolicy: Policy;
  daily: DailyShare;
}): HubspotApi {
  // A trailing slash would give //crm/…, which HubSpot does not know.
  const basePath = settings.baseUrl.replace(/\/+$/, '');
  const client = new Client({ basePath, accessToken: settings.accessToken });

  async function request<T>(wanted: ApiRequest<T>, signal: AbortSignal): Promise<ApiAnswer<T>> {
    const { operation, method, path, query, body } = wanted;
    signal.throwIfAborted();
    const began = performance.now();
    let response: Response;
    let text: string;
    try {
      response = await client.apiRequest({ method, path, qs: query, body });
      text = await response.text();
    } catch (error) {
      const failure = classifyNetworkError(error);
      if (failure === null) throw error;
      throw new ProviderError({ provider: 'hubspot', operation, ...failure, cause: error });
    }
    settings.daily.note(response.headers);
    if (!response.ok) throw translateRefusal(operation, response.status, text, response.headers);
    const data = parseAnswer(operation, wanted.schema, text);
    return { status: response.status, data, sentAt: readClock(response, performance.now() - began) };
  }

  return {
    send: async (wanted, options) => {
      const { operation, repeatable } = wanted;
      settings.daily.check(operation, options.interactive === true);
      const policy = wanted.path.endsWith('/search') ? settings.searchPolicy : settings.policy;
      return policy.run(operation, (signal) => request(wanted, signal), { ...options, repeatable });
    },
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

/** HubSpot's clock from its Date header, taken back to when the request was sent; ours when there is none. */
function readClock(response: Response, elapsedMs: number): Date {
  const header = Date.parse(response.headers.get('date') ?? '');
  return new Date((Number.isNaN(header) ? Date.now() : header) - elapsedMs);
}
