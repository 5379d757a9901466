import { ProviderError } from '../../errors.ts';
import { QUOTA_WAIT_MS, provider } from './failures.ts';

export type Usage = { used: number; limit: number };

export type Quota = {
  /** Learns from a Sforce-Limit-Info header (`api-usage=25/100000`). */
  observe(header: string | null): void;
  /** Throws a ProviderError of kind `quota` when our share of the day is used up. */
  ensure(operation: string): void;
  usage(): Usage | null;
};

/**
 * Leaves the rest of the org's daily API calls to everyone else: they are shared by all integrations.
 * @param share 0–1 of the daily limit, used by whomever, at which we stop
 */
export function createQuota(share: number, now: () => Date): Quota {
  let last: (Usage & { at: number }) | null = null;
  return {
    observe: (header) => {
      const [, used, limit] = /api-usage=(\d+)\/(\d+)/.exec(header ?? '') ?? [];
      if (used !== undefined && limit !== undefined)
        last = { used: Number(used), limit: Number(limit), at: now().getTime() };
    },
    ensure: (operation) => {
      if (last === null || last.limit === 0 || last.used < share * last.limit) return;
      // What we know grows old: now and then one call goes out to see whether the window has moved on.
      const left = last.at + QUOTA_WAIT_MS - now().getTime();
      if (left <= 0) return;
      throw new ProviderError({
        provider,
        operation,
        kind: 'quota',
        message: `${last.used} of ${last.limit} daily API calls are used; Fieldnote stops at ${Math.round(share * 100)} %`,
        retryAfterMs: left,
        fix: 'wait for the 24-hour window to move on, or raise the share that Fieldnote may use',
      });
    },
    usage: () => (last === null ? null : { used: last.used, limit: last.limit }),
  };
}
