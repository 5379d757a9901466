import { ProviderError } from '../../errors.ts';
import type { UnreadableReason } from '../page-reader.ts';
import { classifyNetworkError, parseRetryAfter } from '../resilience.ts';
import { PrivateAddressError } from './guard.ts';
import { receive } from './receive.ts';
import type { ReceiveOptions, Received } from './receive.ts';

/** An answer from the web, or the plain reason why there can be none; asking again would not change it. */
export type Outcome = Received | { reason: UnreadableReason; detail: string };

/** Whom a failure is to be blamed on: one site among many, or the gateway through which all are read. */
export type Blame = 'site' | 'gateway';

function findPrivateAddress(error: unknown): PrivateAddressError | null {
  for (let layer = error; layer instanceof Error; layer = layer.cause) {
    if (layer instanceof PrivateAddressError) return layer;
  }
  return null;
}

function explainNetwork(operation: string, error: unknown): Outcome {
  const refused = findPrivateAddress(error);
  if (refused !== null) return { reason: 'private-address', detail: refused.message };
  const failure = classifyNetworkError(error);
  if (failure === null)
    throw new ProviderError({
      provider: 'website',
      operation,
      kind: 'malformed',
      message: error instanceof Error ? error.message : String(error),
      cause: error,
    });
  throw new ProviderError({ provider: 'website', operation, ...failure, cause: error });
}

/**
 * Sends one request. 5xx and network failures are ProviderErrors that may be repeated; 429 too when the gateway says it. A
 * site that asks us to wait is left alone instead: its wish must not hold up all other sites.
 */
export async function request(
  operation: string,
  url: string,
  blame: Blame,
  options: ReceiveOptions,
): Promise<Outcome> {
  let received: Received;
  try {
    received = await receive(url, options);
  } catch (error) {
    options.signal.throwIfAborted();
    if (blame === 'site' && hasCode(error, 'ENOTFOUND'))
      return { reason: 'no-such-host', detail: `${new URL(url).host} does not exist` };
    return explainNetwork(operation, error);
  }
  const { status } = received;
  if (status !== 429 && status < 500) return received;
  const retryAfterMs = parseRetryAfter(received.retryAfter, new Date());
  if (blame === 'site' && (status === 429 || retryAfterMs !== undefined))
    return { reason: 'unavailable', detail: `the site answers ${status} and asks to wait` };
  throw new ProviderError({
    provider: 'website',
    operation,
    kind: status === 429 ? 'rate-limited' : 'unavailable',
    message: `answered ${status}`,
    status,
    retryAfterMs,
  });
}

function hasCode(error: unknown, code: string): boolean {
  for (let layer = error; layer instanceof Error; layer = layer.cause) {
    if ('code' in layer && layer.code === code) return true;
  }
  return false;
}
