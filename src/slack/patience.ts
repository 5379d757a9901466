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
