import type { TwinClock } from './clock.ts';

export type RateLimits = {
  /** Milliseconds until a request of so many prompt tokens may come; 0: it is let in. */
  admit(promptTokens: number): number;
  /** Books the tokens of the answer. */
  charge(completionTokens: number): void;
  /** Requests that came before an earlier refusal's Retry-After was over. */
  early(): number;
};

type Bucket = { rate: number; level: number; at: number };

/** Requests and tokens per minute, as buckets that hold one minute's allowance and refill all the time. */
export function createRateLimits(
  clock: TwinClock,
  limits: { requestsPerMinute: number | null; tokensPerMinute: number | null },
): RateLimits {
  const open = (perMinute: number | null): Bucket | null =>
    perMinute === null ? null : { rate: perMinute, level: perMinute, at: clock.now().getTime() };
  const requests = open(limits.requestsPerMinute);
  const tokens = open(limits.tokensPerMinute);
  let closedUntil = 0;
  let early = 0;

  const waitFor = (bucket: Bucket | null, units: number): number => {
    if (bucket === null) return 0;
    const now = clock.now().getTime();
    bucket.level = Math.min(bucket.rate, bucket.level + ((now - bucket.at) / 60_000) * bucket.rate);
    bucket.at = now;
    // What is larger than a whole minute's allowance goes through on a full bucket.
    const missing = Math.min(units, bucket.rate) - bucket.level;
    return missing <= 0 ? 0 : (missing / bucket.rate) * 60_000;
  };

  return {
    admit: (promptTokens) => {
      const now = clock.now().getTime();
      if (now < closedUntil) early += 1;
      const wait = Math.max(waitFor(requests, 1), waitFor(tokens, promptTokens));
      if (wait > 0) {
        closedUntil = Math.max(closedUntil, now + wait);
        return wait;
      }
      if (requests !== null) requests.level -= 1;
      if (tokens !== null) tokens.level -= promptTokens;
      return 0;
    },
    charge: (completionTokens) => {
      if (tokens !== null) tokens.level -= completionTokens;
    },
    early: () => early,
  };
}
