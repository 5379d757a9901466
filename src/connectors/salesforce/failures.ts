import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { ProviderErrorDetails } from '../../errors.ts';
import { classifyNetworkError, parseRetryAfter } from '../resilience.ts';
import type { Exchange } from './transport.ts';

export const provider = 'salesforce';

// Too many long calls at once (25 of 20 s and more): the platform names no time, so we leave it a little.
const CONCURRENCY_WAIT_MS = 5000;

// The token endpoint's own trouble, which it says with status 400 (RFC 6749 §4.1.2.1, and Salesforce's "unknown_error: retry your request").
const OAUTH_TROUBLE = new Set(['unknown_error', 'server_error', 'temporarily_unavailable']);
// Logins are limited to 3,600 an hour and user ("login rate exceeded", said as an invalid_grant); it names no time.
const LOGIN_WAIT_MS = 5 * 60_000;

const JsforceError = z.object({ message: z.string(), name: z.string(), errorCode: z.string().optional() });

// OAuth 2.0 token endpoint errors (RFC 6749 §5.2) and Salesforce's own `invalid_client_id`.
const OAUTH_REFUSALS = new Set([
  'invalid_client',
  'invalid_client_id',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'inactive_user',
]);

/**
 * Whatever jsforce threw → ProviderError; a fault of our own stays what it is.
 * @param exchange what is known of the HTTP answer
 */
export function toProviderError(operation: string, error: unknown, exchange: Exchange, now: Date): Error {
  if (error instanceof ProviderError) return error;
  const fail = (details: Omit<ProviderErrorDetails, 'provider' | 'operation'>): ProviderError =>
    new ProviderError({
      provider,
      operation,
      status: exchange.status ?? undefined,
      cause: error,
      ...details,
    });
  const network = classifyNetworkError(error);
  if (network !== null) return fail(network);
  // No answer and no network failure: a fault of ours, which says nothing about the org.
  if (exchange.status === null) return error instanceof Error ? error : new Error(String(error));
  const { status } = exchange;
  const { message, name, errorCode } = JsforceError.safeParse(error).data ?? namelessError(status);
  const code = (errorCode ?? name).replace(/^\w+:/, '');
  const retryAfterMs = parseRetryAfter(exchange.headers?.get('retry-after'), now);

  if (OAUTH_TROUBLE.has(code)) return fail({ kind: 'unavailable', code, message: `login: ${message}` });
  if (OAUTH_REFUSALS.has(code)) {
    const said = { code, message: `login refused (${code}): ${message}` };
    if (/login rate/i.test(message))
      return fail({ ...said, kind: 'rate-limited', retryAfterMs: retryAfterMs ?? LOGIN_WAIT_MS });
    return fail({
      ...said,
      kind: 'unauthorized',
      fix: /\bip\b/i.test(message) ? LET_IN : LOGIN_FIXES[operation],
    });
  }
  if (status === 401 || code === 'INVALID_SESSION_ID')
    return fail({
      kind: 'unauthorized',
      code: 'INVALID_SESSION_ID',
      message: 'the session was refused',
      fix: 'check that the app and its run-as user are still active and not restricted by IP',
    });
  if (code === 'REQUEST_LIMIT_EXCEEDED' && status === 403 && !/concurrent/i.test(message))
    return fail({
      kind: 'quota',
      code,
      message: `the org's daily API calls are used up: ${message}`,
      fix: 'wait for the 24-hour window to move on, or buy more API calls',
    });
  if (status === 429 || code === 'REQUEST_LIMIT_EXCEEDED')
    return fail({ kind: 'rate-limited', code, message, retryAfterMs: retryAfterMs ?? CONCURRENCY_WAIT_MS });
  if (status >= 500 || status === 408 || status === 420)
    return code === 'INSUFFICIENT_ACCESS'
      ? fail({ kind: 'unauthorized', code, message, fix: 'use the client of an administrator' })
      : fail({ kind: 'unavailable', code, message, retryAfterMs, maybeApplied: true });
  if (status < 300)
    return fail({ kind: 'unavailable', message: `unreadable answer: ${message}`, maybeApplied: true });
  if (status < 400) return moved(operation, exchange, error);
  if (status === 403 || code === 'API_DISABLED_FOR_ORG')
    return fail({
      kind: 'unauthorized',
      code,
      message,
      fix: 'give the integration user the permission that the message names',
    });
  // Salesforce names a code. A page of a proxy comes whatever is asked: taken for a refusal of records, these would be asked for one by one,
  // and each value refused.
  if (status === 404 && (errorCode === undefined || errorCode === namelessError(status).name))
    return fail({ kind: 'unavailable', message: 'answered 404, and not in words of Salesforce', fix: CHECK_ADDRESS }); // prettier-ignore
  if (status === 404) return fail({ kind: 'not-found', code, message });
  // A version that was retired: "410: GONE" (REST API guide, "API End-of-Life Policy"). No call at all can succeed, of whatever records:
  // taken for a refusal of these, thousands of values would be sent one by one, each to be refused again.
  if (status === 410 || code === 'UNSUPPORTED_API_VERSION')
    return fail({ kind: 'unauthorized', code, message, fix: UPDATE });
  return fail({ kind: 'refused', code, message });
}

/**
 * The org is to be asked elsewhere. We go nowhere with its token by ourselves, and no call at this address can succeed: a matter for a
 * person, like credentials that are refused.
 */
function moved(operation: string, { status, headers }: Exchange, cause?: unknown): ProviderError {
  return new ProviderError({
    provider,
    operation,
    kind: 'unauthorized',
    status: status ?? undefined,
    message: `the org moved to ${headers?.get('location') ?? 'another address'}`,
    fix: "set SALESFORCE_LOGIN_URL to the org's My Domain URL",
    cause,
  });
}

/** What jsforce makes of an answer without words; a login refused in other words than OAuth's, as by a gateway, it leaves without a name. */
function namelessError(status: number): z.infer<typeof JsforceError> {
  return { name: `ERROR_HTTP_${status}`, message: `status ${status}, and no reason that is understood` };
}

/** How a login is called, by whose it is. */
export const LOGIN = 'login';
export const ADMINISTRATOR_LOGIN = 'login of the administrator';
const CHECK_APP = 'that the app allows the client-credentials flow with a run-as user';
const LOGIN_FIXES: Readonly<Record<string, string>> = {
  [LOGIN]: `check the key and secret (SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET; a connection with a name takes others with "fieldnote connect salesforce --name NAME --credentials prompt"), that the address it logs in at is your My Domain, and ${CHECK_APP}`,
  [ADMINISTRATOR_LOGIN]: `check that SALESFORCE_ADMIN_CLIENT_ID and SALESFORCE_ADMIN_CLIENT_SECRET are of an app in this very org, and ${CHECK_APP}`,
};
const CHECK_ADDRESS =
  'check SALESFORCE_LOGIN_URL, and the proxy between here and Salesforce where there is one';
const LET_IN =
  "let the addresses of the machines that run Fieldnote in: the app's IP Relaxation (its Policies tab), or the login IP ranges of the run-as user's profile";
/** What to do about an org that speaks newer versions of the API only. */
export const UPDATE = 'update Fieldnote: the org no longer speaks the version of the API that this one does';

/**
 * Holds an answer to its shape. An answer that is no JSON at all (a maintenance page with status 200, a cut-off body)
 * is an outage; JSON of another shape is not what the platform promises. Either may have taken effect.
 */
export function readAnswer<T>(operation: string, schema: z.ZodType<T>, body: unknown, exchange: Exchange): T {
  // jsforce takes a redirect for an answer.
  if (exchange.status !== null && exchange.status >= 300) throw moved(operation, exchange);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const status = exchange.status ?? undefined;
  const shared = { provider, operation, status, maybeApplied: true };
  // Of a login's answer that is no JSON jsforce leaves nothing.
  if (typeof body === 'string' || body === undefined)
    throw new ProviderError({ ...shared, kind: 'unavailable', message: 'the answer is not JSON' });
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  throw new ProviderError({
    ...shared,
    kind: 'malformed',
    message: `unexpected answer at "${where}": ${issue?.message ?? ''}`,
    cause: parsed.error,
  });
}
