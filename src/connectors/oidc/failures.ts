import * as client from 'openid-client';
import { ProviderError, describeError } from '../../errors.ts';
import type { ProviderErrorKind } from '../../errors.ts';

// Their codes for what our own registration lacks: nobody who signs in can help it.
const OURS =
  /^(invalid_client|unauthorized_client|invalid_client_id|bad_client_secret|redirect_uri_mismatch)$/;
// RFC 6749, 4.1.2.1 and 5.2: the provider has a bad day.
const BUSY = /^(server_error|temporarily_unavailable)$/;
const TIMES = /^OAUTH_(TIMEOUT|ABORT)$/;

/** What openid-client threw, in the terms that a decision needs. */
export function explainFailure(provider: string, operation: string, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const { kind, code, status, fix } = judge(error);
  return new ProviderError({
    provider,
    operation,
    kind,
    message: describeError(error),
    cause: error,
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { status }),
    ...(fix === undefined ? {} : { fix }),
  });
}

type Judgement = { kind: ProviderErrorKind; code?: string; status?: number; fix?: string };

function judge(error: unknown): Judgement {
  if (error instanceof client.AuthorizationResponseError) return judgeCode(error.error);
  if (error instanceof client.ResponseBodyError) return judgeCode(error.error, error.status);
  const code = error instanceof client.ClientError ? error.code : undefined;
  const status = statusOf(error);
  if (status !== undefined)
    return status === 429 || status >= 500 ? { kind: 'unavailable', status } : { kind: 'malformed', status };
  // No code of its own: the socket, a name that does not resolve, a certificate.
  const isNetwork = code === undefined && !(error instanceof client.ClientError && error.cause === undefined);
  if (isNetwork || TIMES.test(code ?? '')) return { kind: 'unavailable' };
  return { kind: 'malformed', ...(code === undefined ? {} : { code }) };
}

function judgeCode(code: string, status?: number): Judgement {
  const known = { code, ...(status === undefined ? {} : { status }) };
  if (BUSY.test(code)) return { kind: 'unavailable', ...known };
  if (!OURS.test(code)) return { kind: 'refused', ...known };
  const fix = 'Check OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and the redirect address at the provider.';
  return { kind: 'unauthorized', ...known, fix };
}

/** The answer that was none of OpenID Connect's hangs below the library's error. */
function statusOf(error: unknown): number | undefined {
  let cause: unknown = error;
  for (let depth = 0; depth < 4 && cause instanceof Error; depth += 1) cause = cause.cause;
  return cause instanceof Response ? cause.status : undefined;
}
