import type { ProviderError } from '../errors.ts';

// Slack shows a file a moment after it was told to; whoever looks for it sooner may miss it.
const TRY_AGAIN_MS = 5_000;
const TRY_LATER_MS = 10 * 60_000;
const GIVE_UP_MS = 3 * 86_400_000;

/**
 * When a message that Slack did not take is tried again: ever later, every ten minutes in the end, where Slack itself sets no time. A
 * refused token waits for a person, and so for long at once.
 * @param message `attempt` counts from 1
 * @param firstMs the first wait, in milliseconds; each one is twice the one before
 * @returns milliseconds; null: never, since nothing will change, or since it is three days old
 */
export function waitAfter(
  error: ProviderError,
  message: { attempt: number; plannedAt: Date },
  firstMs = TRY_AGAIN_MS,
): { againInMs: number } | null {
  const mayPass = error.retryable || error.kind === 'unauthorized';
  if (!mayPass || Date.now() - message.plannedAt.getTime() > GIVE_UP_MS) return null;
  if (!error.retryable) return { againInMs: TRY_LATER_MS };
  const patience = Math.min(TRY_LATER_MS, firstMs * 2 ** Math.min(message.attempt - 1, 10));
  return { againInMs: Math.max(error.retryAfterMs ?? 0, error.kind === 'rate-limited' ? 1_000 : patience) };
}

const BRIEFLY_MS = 15 * 60_000;
const MOST_BETWEEN_MS = 60_000;

/**
 * The same for what is worth nothing later, a Home tab or a preview: each wait as long as it has been tried already, from a second to a minute.
 * @param askedAt milliseconds since the epoch; unset: nobody knows, so that it is not tried again
 * @returns null: never, since nothing will change, or since it is a quarter of an hour old
 */
export function waitBriefly(error: ProviderError, askedAt: number | undefined): { againInMs: number } | null {
  const ageMs = Date.now() - (askedAt ?? 0);
  if (!error.retryable || ageMs > BRIEFLY_MS) return null;
  return { againInMs: Math.max(error.retryAfterMs ?? 0, Math.min(MOST_BETWEEN_MS, Math.max(1_000, ageMs))) };
}
