import { ProviderDownError, ProviderError } from '../errors.ts';

const RETRY_MS = 30_000;
// Asking again costs no call until it is time for a look (connectors/daily-share.ts), and shows when another's look found more.
const QUOTA_RETRY_MS = 60_000;
const DOWN_RETRY_LEAST_MS = 1_000;

/** In how many milliseconds the same work on a CRM may succeed, which nobody needs to do anything for; null: it will not by itself. */
export function whenToRetry(error: unknown): number | null {
  if (error instanceof ProviderDownError)
    return Math.max(DOWN_RETRY_LEAST_MS, error.until.getTime() - Date.now());
  if (!(error instanceof ProviderError) || !error.retryable) return null;
  return error.kind === 'quota'
    ? Math.min(error.retryAfterMs ?? QUOTA_RETRY_MS, QUOTA_RETRY_MS)
    : (error.retryAfterMs ?? RETRY_MS);
}
