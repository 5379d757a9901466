import { AsyncLocalStorage } from 'node:async_hooks';
import { PassThrough } from 'node:stream';
import { Transport } from 'jsforce/lib/transport.js';
import { StreamPromise } from 'jsforce/lib/util/promise.js';
import { z } from 'zod';

/** What jsforce has no room for: how a request is stopped, and the status and headers of its answer. */
export type Exchange = { signal: AbortSignal; status: number | null; headers: Headers | null };

export type HttpTransport = {
  /** Hand this to a jsforce Connection or OAuth2. */
  transport: Transport;
  /** Runs `call`; the HTTP requests that jsforce makes in it use the exchange. */
  within: <T>(exchange: Exchange, call: () => PromiseLike<T>) => Promise<T>;
  /** A GET past jsforce, which holds every answer as one text; resolves when the headers are there. Refusals are thrown. */
  open: (url: string, headers: Record<string, string>) => Promise<globalThis.Response>;
};

// Of all: a session outlives the client that logged in.
const exchanges = new AsyncLocalStorage<Exchange>();

type Fetch = typeof globalThis.fetch;
type Request = Parameters<Transport['httpRequest']>[0];
type Response = Awaited<ReturnType<Transport['httpRequest']>>;

/**
 * jsforce over a plain fetch. Its own transport cannot be stopped, repeats requests by its own rules, sends loopback
 * calls through a proxy, and lets the process die (an unhandled stream error) when an answer is cut off midway.
 */
export function createTransport(fetch: Fetch): HttpTransport {
  const current = (): Exchange => {
    const exchange = exchanges.getStore();
    if (exchange === undefined) throw new Error('a Salesforce request was made outside an exchange');
    return exchange;
  };
  const send = async (request: Request): Promise<Response> => {
    const exchange = current();
    if (typeof request.body !== 'string' && request.body !== undefined && request.body !== null)
      throw new Error('only text bodies are sent to Salesforce');
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      redirect: 'manual',
      signal: exchange.signal,
    });
    exchange.status = response.status;
    exchange.headers = response.headers;
    const body = await response.text();
    return { statusCode: response.status, headers: Object.fromEntries(response.headers), body };
  };
  const open = async (url: string, headers: Record<string, string>): Promise<globalThis.Response> => {
    const exchange = current();
    const response = await fetch(url, { headers, redirect: 'manual', signal: exchange.signal });
    exchange.status = response.status;
    exchange.headers = response.headers;
    if (response.status !== 200) throw readRefusal(await response.text());
    return response;
  };
  class FetchTransport extends Transport {
    override httpRequest(request: Request): StreamPromise<Response> {
      return StreamPromise.create(() => ({ stream: new PassThrough(), promise: send(request) }));
    }
  }
  return {
    transport: new FetchTransport(),
    within: (exchange, call) => exchanges.run(exchange, async () => call()),
    open,
  };
}

const Refusals = z.tuple([z.object({ errorCode: z.string(), message: z.string() })], z.unknown());

/** What the platform said, as jsforce would have thrown it. */
function readRefusal(text: string): Error {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  const parsed = Refusals.safeParse(body);
  if (!parsed.success) return new Error(text.slice(0, 200) || 'an empty answer');
  const [{ errorCode, message }] = parsed.data;
  return Object.assign(new Error(message), { errorCode });
}
