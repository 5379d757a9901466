import { ProviderDownError, ProviderError, describeError } from '../../errors.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

export type Stop = { because: string; fix?: string; comeBackAt: Date; error?: ProviderError };

/** Why a flush ended before its work was done, and when to go on; null for a mistake of ours, which must not be hidden. */
export function explainStop(error: unknown, signal: AbortSignal): Stop | null {
  const after = (ms: number): Date => new Date(Date.now() + ms);
  if (signal.aborted) return { because: 'Stopped on request', comeBackAt: after(0) };
  if (error instanceof ProviderDownError) return { because: error.message, comeBackAt: error.until };
  if (!(error instanceof ProviderError)) return null;
  const delays: Record<ProviderError['kind'], number> = {
    unavailable: 15 * SECOND_MS,
    'rate-limited': 15 * SECOND_MS,
    // Asking again costs no call until it is time for a look (connectors/daily-share.ts), and shows when another's look found more.
    quota: MINUTE_MS,
    unauthorized: 10 * MINUTE_MS,
    refused: 10 * MINUTE_MS,
    'not-found': 10 * MINUTE_MS,
    malformed: MINUTE_MS,
  };
  return {
    because: describeError(error),
    ...(error.fix === undefined ? {} : { fix: error.fix }),
    error,
    comeBackAt: after(
      error.kind === 'quota'
        ? Math.min(error.retryAfterMs ?? MINUTE_MS, MINUTE_MS)
        : (error.retryAfterMs ?? delays[error.kind]),
    ),
  };
}
