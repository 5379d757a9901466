import type { ProviderErrorDetails } from '../errors.ts';

/** What a ProviderError says about a request that broke on the way. */
export type NetworkFailure = Pick<ProviderErrorDetails, 'kind' | 'message' | 'code' | 'maybeApplied' | 'fix'>;

// The connection never stood, so no request can have reached the provider.
const NEVER_SENT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  EAI_FAIL: 'host name could not be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
};

// The connection stood and broke: the provider may have acted before.
const MAYBE_SENT: Readonly<Record<string, string>> = {
  ECONNRESET: 'connection reset',
  ECONNABORTED: 'connection broken off',
  EPIPE: 'connection closed while sending',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'host not reachable',
  ENETUNREACH: 'network not reachable',
  UND_ERR_SOCKET: 'connection closed',
  UND_ERR_CLOSED: 'connection closed',
  UND_ERR_DESTROYED: 'connection closed',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'answer stopped midway',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'answer cut short',
  ERR_STREAM_PREMATURE_CLOSE: 'answer cut short',
};

// OpenSSL's and Node's codes for a certificate that is not trusted: no request was sent, and waiting alone rarely helps.
const CERTIFICATE =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_|ERR_SSL_)/;

/**
 * Tells a network failure (Node, undici, axios; also wrapped in causes or an AggregateError) from other errors, and
 * whether the request may have taken effect.
 * @returns parts for a ProviderError; null when nothing in the error is a network failure
 */
export function classifyNetworkError(error: unknown): NetworkFailure | null {
  for (const layer of layersOf(error)) {
    const failure = classifyLayer(layer);
    if (failure !== null) return failure;
  }
  // undici's fetch hides parser errors and the like behind these two, with a cause that has no known code.
  if (error instanceof TypeError && (error.message === 'fetch failed' || error.message === 'terminated'))
    return unavailable(error.message, undefined, true);
  return null;
}

function classifyLayer(error: Error): NetworkFailure | null {
  if (error.name === 'TimeoutError') return unavailable('no answer in time', undefined, true);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (code === null) return null;
  const never = NEVER_SENT[code];
  if (never !== undefined) return unavailable(never, code, false);
  const maybe = MAYBE_SENT[code];
  if (maybe !== undefined)
    return unavailable(maybe, code, !('syscall' in error && error.syscall === 'connect'));
  if (code.startsWith('HPE_')) return unavailable('not an HTTP answer', code, true);
  if (CERTIFICATE.test(code))
    return {
      ...unavailable('certificate not trusted', code, false),
      fix: 'check the certificate and the https:// address',
    };
  return null;
}

function unavailable(message: string, code: string | undefined, maybeApplied: boolean): NetworkFailure {
  return {
    kind: 'unavailable',
    message: code === undefined ? message : `${message} (${code})`,
    code,
    maybeApplied,
  };
}

// Deep enough for SDK error → fetch failed → AggregateError → socket error; a loop of causes ends too.
const DEEPEST = 8;

function layersOf(error: unknown, depth = 0): Error[] {
  if (!(error instanceof Error) || depth > DEEPEST) return [];
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error, ...inner.flatMap((each) => layersOf(each, depth + 1)), ...layersOf(error.cause, depth + 1)];
}

// The longest wait that is believed; anything above is a broken header, and Date arithmetic must stay finite.
const LONGEST_RETRY_AFTER_MS = 366 * 86_400_000;
const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a Retry-After header (RFC 9110 §10.2.3: seconds or an HTTP date; decimals are seen in the wild and taken).
 * @param now the time to count a date from
 * @returns milliseconds from now, at least 0; undefined when there is none or it can't be understood
 */
export function parseRetryAfter(header: string | null | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text))
    return Math.min(Math.ceil(Number(text) * 1000), LONGEST_RETRY_AFTER_MS);
  if (!HTTP_DATE.test(text)) return undefined;
  const until = Date.parse(text);
  if (Number.isNaN(until)) return undefined;
  return Math.min(Math.max(0, until - now.getTime()), LONGEST_RETRY_AFTER_MS);
}
