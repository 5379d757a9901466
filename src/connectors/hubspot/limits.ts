import type { SharedBreaker, SharedLimits } from '../limits.ts';
import { createPolicy } from '../resilience.ts';
import type { Policy, PolicyOptions } from '../resilience.ts';

/** What a bucket refills by, and how much it gives at once after a rest. */
export type Pace = { perSecond: number; burst: number };

/**
 * The fastest pace that never lets `calls` be exceeded in any window of `perMs`: what is given at once counts together with what
 * flows in during the window, and calls that left apart may arrive up to `spreadMs` closer together.
 */
function paceWithin(limit: { calls: number; perMs: number; atOnce: number; spreadMs: number }): Pace {
  const { calls, perMs, atOnce, spreadMs } = limit;
  return { perSecond: ((calls - atOnce + 1) * 1000) / (perMs + spreadMs), burst: atOnce };
}

/**
 * HubSpot's limits for a privately distributed app on the smallest plans, so that they hold on every plan: 100 calls
 * in ten seconds (usage guidelines, "Privately distributed apps"); searches count apart, five a second for the whole
 * account (search guide, "Rate limits").
 */
export const HUBSPOT_PACE: Readonly<Record<'burst' | 'search', Pace>> = {
  burst: paceWithin({ calls: 100, perMs: 10_000, atOnce: 10, spreadMs: 1_000 }),
  search: paceWithin({ calls: 5, perMs: 1_000, atOnce: 1, spreadMs: 500 }),
};

const ATTEMPTS = 3;
// A batch of 100 takes HubSpot a few seconds at worst; the whole stays under 30 s, for which the rows of a write are leased.
const ATTEMPT_TIMEOUT_MS = 12_000;
const TOTAL_TIMEOUT_MS = 28_000;
const BACKOFF_MS = { first: 500, max: 5_000 };

/**
 * The bucket keys of one account, for whoever sets their rates (HUBSPOT_PACE). HubSpot counts searches and the day per account, and the burst
 * per app: two apps in one account are kept within the limit of one, since nothing says which app a service key counts for.
 */
export function hubspotBuckets(account: string): { burst: string; search: string } {
  return { burst: account, search: `${account}:search` };
}

// Tokens are renewed under a lock that others wait for: with three turns of this the whole stays under the 40 s that they wait.
const LONGEST_TOKEN_TURN_MS = 3_000;

/**
 * How HubSpot is called: one policy for searches, which have a limit of their own, one for tokens, which count towards none and so wait for no
 * turn, one for everything else.
 */
export function createHubspotPolicies(options: {
  limits: SharedLimits;
  breaker: SharedBreaker;
  /** Whose limits these are: `hubspot:…`. */
  account: string;
}): { policy: Policy; searchPolicy: Policy; tokenPolicy: Policy } {
  const keys = hubspotBuckets(options.account);
  const make = (own: Pick<PolicyOptions, 'buckets' | 'longestTurnMs'>): Policy =>
    createPolicy({
      ...own,
      provider: 'hubspot',
      limits: options.limits,
      breaker: options.breaker,
      attempts: ATTEMPTS,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      totalTimeoutMs: TOTAL_TIMEOUT_MS,
      backoffMs: BACKOFF_MS,
    });
  const paced = (key: string) => make({ buckets: [{ key, cost: ({ requests }) => requests }] });
  return {
    policy: paced(keys.burst),
    searchPolicy: paced(keys.search),
    tokenPolicy: make({ buckets: [], longestTurnMs: LONGEST_TOKEN_TURN_MS }),
  };
}
