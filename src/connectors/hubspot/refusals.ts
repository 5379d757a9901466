import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import type { ProviderErrorDetails } from '../../errors.ts';
import { parseRetryAfter } from '../resilience.ts';
import { ErrorDetails } from './shapes.ts';
import type { RowError } from './shapes.ts';

// What a 429 without Retry-After asks for: the window of the policy that it names (usage guidelines, "429 response").
const WINDOW_MS: Readonly<Record<string, number>> = { SECONDLY: 1_000, TEN_SECONDLY_ROLLING: 10_000 };
const UNKNOWN_WINDOW_MS = 10_000;
// Error handling guide: a 423 (locked) wants at least two seconds, a 477 (account being moved) names its own time.
const LOCKED_MS = 2_000;

const ErrorBody = z.object({
  message: z.string().catch(''),
  category: z.string().optional().catch(undefined),
  policyName: z.string().optional().catch(undefined),
  /** The OAuth endpoints' own word (RFC 6749 §5.2). */
  error: z.string().optional().catch(undefined),
  context: z.record(z.string(), z.array(z.string())).optional().catch(undefined),
  errors: ErrorDetails,
});
type ErrorBody = z.infer<typeof ErrorBody>;

/** A value that HubSpot did not take: of which property, with its code and words. */
export type ValueRefusal = { property: string; code: string; message: string };

/** HubSpot refused values of a write; nothing of the batch was applied. */
export class ValuesRefused extends ProviderError {
  override name = 'ValuesRefused';
  readonly values: readonly ValueRefusal[];
  constructor(details: ProviderErrorDetails, values: readonly ValueRefusal[]) {
    super(details);
    this.values = values;
  }
}

const Problems = z.array(
  z.object({
    name: z.string(),
    error: z.string().catch('INVALID'),
    message: z.string().catch(''),
  }),
);

/** The list that HubSpot puts as JSON inside the message of a 400, or its `errors`. */
export function readValueRefusals(body: Pick<ErrorBody, 'message' | 'errors'>): ValueRefusal[] {
  const start = body.message.indexOf('[{');
  if (start >= 0) {
    try {
      const problems = Problems.safeParse(JSON.parse(body.message.slice(start)));
      if (problems.success)
        return problems.data.map(({ name, error, message }) => ({ property: name, code: error, message }));
    } catch {
      // Cut off or not JSON after all: what `errors` says is read instead.
    }
  }
  return (body.errors ?? []).flatMap(({ context, code, message }) =>
    (context?.propertyName ?? []).map((property) => ({ property, code: code ?? 'INVALID', message })),
  );
}

/** An answer that is no success, as the error it means. */
export function translateRefusal(
  operation: string,
  status: number,
  text: string,
  headers: Headers,
): ProviderError {
  const body = readBody(text);
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'), new Date());
  const message = body.message === '' ? `answered ${status}` : `${body.message} (${status})`;
  const base = {
    provider: 'hubspot',
    operation,
    status,
    message,
    code: body.policyName ?? body.category ?? body.error,
  };
  if (status === 429) return tooMany(base, body.policyName ?? guessPolicy(body.message), retryAfterMs);
  if (status === 423 || status === 477)
    return new ProviderError({ ...base, kind: 'rate-limited', retryAfterMs: retryAfterMs ?? LOCKED_MS });
  if (status >= 500)
    return new ProviderError({ ...base, kind: 'unavailable', retryAfterMs, maybeApplied: true });
  if (status === 401)
    return new ProviderError({
      ...base,
      kind: 'unauthorized',
      fix: 'give the connection a valid token: in HUBSPOT_ACCESS_TOKEN, or where it has a name with "fieldnote connect hubspot --name NAME --credentials prompt"',
    });
  if (status === 403) return forbidden(base, body);
  if (status === 404) return notFound(base, body);
  if (status === 408 || status === 425) return new ProviderError({ ...base, kind: 'unavailable' });
  const values = readValueRefusals(body);
  if (values.length > 0)
    return new ValuesRefused({ ...base, kind: 'refused', code: values[0]?.code ?? base.code }, values);
  return new ProviderError({ ...base, kind: 'refused' });
}

type Base = Omit<ProviderErrorDetails, 'kind'>;

/**
 * Of records HubSpot says so with a category. A page of a proxy, or words about the address, come whatever is asked: taken for a refusal of
 * records, these would be asked for one by one, and each value refused.
 */
function notFound(base: Base, { category, message }: ErrorBody): ProviderError {
  if (category !== undefined && !/^resource not found/i.test(message))
    return new ProviderError({ ...base, kind: 'not-found' });
  return new ProviderError({
    ...base,
    kind: 'unavailable',
    message: `${base.message}: what answers there is not HubSpot, or does not know the address`,
    fix: 'check HUBSPOT_BASE_URL, and the proxy between here and HubSpot where there is one',
  });
}

function readBody(text: string): ErrorBody {
  try {
    return ErrorBody.parse(JSON.parse(text));
  } catch {
    // A proxy's HTML page: the status alone speaks.
    return { message: '' };
  }
}

// Searches name their limit in the message alone.
function guessPolicy(message: string): string | undefined {
  return /your (\w+) limit/i.exec(message)?.[1]?.toUpperCase();
}

function tooMany(base: Base, policy: string | undefined, retryAfterMs: number | undefined): ProviderError {
  if (policy === 'DAILY')
    return new ProviderError({
      ...base,
      kind: 'quota',
      code: 'DAILY',
      retryAfterMs,
      fix: "HubSpot's daily calls are used up by all apps of the account; they come back at midnight of its time zone",
    });
  return new ProviderError({
    ...base,
    kind: 'rate-limited',
    code: policy,
    retryAfterMs: retryAfterMs ?? WINDOW_MS[policy ?? ''] ?? UNKNOWN_WINDOW_MS,
  });
}

function forbidden(base: Base, body: ErrorBody): ProviderError {
  const scopes = (body.errors ?? []).flatMap(({ context }) => [
    ...(context?.requiredGranularScopes ?? []),
    ...(context?.requiredScopes ?? []),
  ]);
  const named = scopes.length > 0 ? `${base.message}: ${scopes.join(' or ')}` : base.message;
  const fix =
    scopes.length > 0
      ? `give the HubSpot app the scope ${scopes.join(' or ')}`
      : 'check what the HubSpot app may do in the account';
  return new ProviderError({ ...base, message: named, kind: 'unauthorized', fix });
}

/**
 * A row that HubSpot would not read is neither there nor gone. @throws ProviderError of kind refused, so that who asked for many asks
 * for fewer until that row stands alone.
 */
export function refuseUnread(operation: string, errors: readonly RowError[]): void {
  const strange = errors.find((error) => error.category !== 'OBJECT_NOT_FOUND');
  if (strange === undefined) return;
  const { category: code, message } = strange;
  throw new ProviderError({ provider: 'hubspot', operation, kind: 'refused', code, message });
}
