import { ProviderError } from '../../errors.ts';

// How long what HubSpot last said about the day is believed before one call may look again.
const BELIEVED_MS = 15 * 60_000;

/** Keeps batch work within a share of the account's daily calls, from what HubSpot's own headers say is left. */
export type DailyShare = {
  /** @throws ProviderError of kind quota when the share is used up; a person's own request may use the rest */
  check(operation: string, interactive: boolean): void;
  /** Reads X-HubSpot-RateLimit-Daily and -Daily-Remaining (usage guidelines; OAuth apps get neither, and no stop). */
  note(headers: Headers): void;
};

/** @param share between 0 and 1, of the calls that all apps of the account have in a day */
export function createDailyShare(share: number): DailyShare {
  let known: { limit: number; used: number; at: number } | null = null;
  return {
    check: (operation, interactive) => {
      if (known === null || interactive || known.used < known.limit * share) return;
      const age = performance.now() - known.at;
      if (age >= BELIEVED_MS) {
        known = null;
        return;
      }
      throw new ProviderError({
        provider: 'hubspot',
        operation,
        kind: 'quota',
        code: 'DAILY_SHARE',
        message: `${known.used} of the account's ${known.limit} daily calls are used, our share is ${Math.round(share * 100)} %`,
        retryAfterMs: BELIEVED_MS - age,
        fix: 'wait for the next day, or raise the share or the account’s limit',
      });
    },
    note: (headers) => {
      const limit = Number(headers.get('x-hubspot-ratelimit-daily') ?? Number.NaN);
      const left = Number(headers.get('x-hubspot-ratelimit-daily-remaining') ?? Number.NaN);
      if (Number.isFinite(limit) && Number.isFinite(left) && limit > 0)
        known = { limit, used: limit - left, at: performance.now() };
    },
  };
}
