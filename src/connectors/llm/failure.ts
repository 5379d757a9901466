import {
  APIConnectionError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  PermissionDeniedError,
} from 'openai';
import { ProviderError } from '../../errors.ts';
import type { ProviderErrorDetails } from '../../errors.ts';
import { classifyNetworkError, parseRetryAfter } from '../resilience.ts';
import { CutShort } from './read-stream.ts';

/**
 * What the SDK threw → a ProviderError. Anything else (a bug, our own abort) comes back as it is.
 * @param where whom we called, and for what
 */
export function toProviderError(error: unknown, where: { provider: string; operation: string }): unknown {
  if (error instanceof ProviderError || error instanceof APIUserAbortError) return error;
  const details = describe(error, where.provider);
  return details === null ? error : new ProviderError({ ...where, ...details, cause: error });
}

type Details = Pick<
  ProviderErrorDetails,
  'kind' | 'message' | 'status' | 'code' | 'retryAfterMs' | 'maybeApplied' | 'fix'
>;

function describe(error: unknown, provider: string): Details | null {
  if (error instanceof SyntaxError) return { kind: 'malformed', message: 'the answer is not JSON' };
  if (error instanceof CutShort) return { kind: 'unavailable', message: error.message, maybeApplied: true };
  if (error instanceof APIConnectionError)
    return classifyNetworkError(error) ?? { kind: 'unavailable', message: error.message, maybeApplied: true };
  if (!(error instanceof APIError) || error.status === undefined) return classifyNetworkError(error);
  const { status, message } = error;
  const code = typeof error.code === 'string' ? error.code : undefined;
  const base = { status, code, message: message.slice(0, 500) };
  if (error instanceof AuthenticationError || error instanceof PermissionDeniedError)
    return { ...base, kind: 'unauthorized', fix: `check the API key of ${provider} and what it may use` };
  if (status === 404)
    return { ...base, kind: 'not-found', fix: `check the model name and the base URL of ${provider}` };
  if (status === 429) return describe429(base, error.headers, provider);
  // 408, 409 and 425 ask for another try, as every 5xx but "not implemented" does.
  if ([408, 409, 425].includes(status) || (status >= 500 && status !== 501))
    return {
      ...base,
      kind: 'unavailable',
      maybeApplied: status !== 503,
      retryAfterMs: retryAfterOf(error.headers),
    };
  if (
    /context.{0,20}(length|window|size)|maximum.{0,20}tokens|too many tokens|exceed.{0,30}context/i.test(
      message,
    )
  )
    return { ...base, kind: 'refused', code: 'context_length_exceeded' };
  return { ...base, kind: 'refused' };
}

function describe429(
  base: { status: number; code: string | undefined; message: string },
  headers: Headers | undefined,
  provider: string,
): Details {
  // OpenAI answers 429 both for "slower, please" and for an account without credit.
  if (base.code === 'insufficient_quota')
    return { ...base, kind: 'quota', fix: `add credit to the account of ${provider}` };
  return { ...base, kind: 'rate-limited', retryAfterMs: retryAfterOf(headers) };
}

function retryAfterOf(headers: Headers | undefined): number | undefined {
  // OpenAI and Azure also send milliseconds, in a header of their own.
  const milliseconds = headers?.get('retry-after-ms') ?? '';
  if (/^\d{1,12}(\.\d{1,6})?$/.test(milliseconds)) return Math.ceil(Number(milliseconds));
  return parseRetryAfter(headers?.get('retry-after'), new Date());
}
