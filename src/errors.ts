/**
 * What can go wrong outside, in the terms a decision needs.
 * - `unavailable`: down, reset, 5xx, timed out; waiting helps
 * - `rate-limited`: 429 and friends; waiting until `retryAfterMs` helps
 * - `quota`: a daily or monthly allowance is used up; only time or money helps
 * - `unauthorized`: credentials or permissions are wrong; a person must act
 * - `refused`: the provider understood and said no (validation, content policy)
 * - `not-found`: the thing is gone
 * - `malformed`: the answer is not what the provider promises
 */
export type ProviderErrorKind =
  | 'unavailable'
  | 'rate-limited'
  | 'quota'
  | 'unauthorized'
  | 'refused'
  | 'not-found'
  | 'malformed';

export type ProviderErrorDetails = {
  provider: string;
  operation: string;
  kind: ProviderErrorKind;
  message: string;
  status?: number;
  /** The provider's own error code, verbatim. */
  code?: string;
  /** How long the provider asked us to wait, in milliseconds. */
  retryAfterMs?: number;
  /** True when the request may have taken effect although no answer arrived. */
  maybeApplied?: boolean;
  /** The one thing that a person can do about it. */
  fix?: string;
  cause?: unknown;
};

/** A call to the outside failed; says with whom, why, and whether trying again can help. */
export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly provider: string;
  readonly operation: string;
  readonly kind: ProviderErrorKind;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly maybeApplied: boolean;
  readonly fix: string | undefined;

  constructor(details: ProviderErrorDetails) {
    super(`${details.provider} ${details.operation}: ${details.message}`, { cause: details.cause });
    this.provider = details.provider;
    this.operation = details.operation;
    this.kind = details.kind;
    this.status = details.status;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
    this.maybeApplied = details.maybeApplied ?? false;
    this.fix = details.fix;
  }

  /** True when the credentials themselves were refused: no other request can succeed with them either. */
  get credentialsRefused(): boolean {
    return this.kind === 'unauthorized' && this.status !== 403;
  }

  /** True when the credentials are good and may not do this: other requests can succeed with them. */
  get forbidden(): boolean {
    return this.kind === 'unauthorized' && this.status === 403;
  }

  /** True when the same request can succeed later without anyone changing anything. */
  get retryable(): boolean {
    return this.kind === 'unavailable' || this.kind === 'rate-limited' || this.kind === 'quota';
  }
}

/** The provider's breaker is open: nothing was sent. Wait until `until`, then one probe goes first. */
export class ProviderDownError extends Error {
  override name = 'ProviderDownError';
  readonly provider: string;
  readonly until: Date;

  constructor(provider: string, until: Date) {
    super(`${provider} is not answering; next attempt ${until.toISOString()}`);
    this.provider = provider;
    this.until = until;
  }
}

/** Something that the person at the keyboard can fix: bad input, a missing setting, a broken file. */
export class UserError extends Error {
  override name = 'UserError';
  readonly fix: string | undefined;

  constructor(message: string, fix?: string, cause?: unknown) {
    super(message, { cause });
    this.fix = fix;
  }
}

/** Any thrown value as one readable sentence, with the causes that lie beneath it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = [error.message || error.name];
  let cause = error.cause;
  for (let depth = 0; cause instanceof Error && depth < 3; depth += 1) {
    const { message } = cause;
    // A wrapper often repeats what it wraps.
    if (message && !parts.some((part) => part.includes(message))) parts.push(message);
    cause = cause.cause;
  }
  return parts.join(': ');
}
