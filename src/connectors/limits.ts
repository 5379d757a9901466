/**
 * Limits that all workers share. The real ones live in Postgres and are handed in by app.ts; tests hand in their own.
 * Keys name a provider and an account, e.g. `tavily`, `llm`, `hubspot:HOST/PORTAL`.
 */
export type SharedLimits = {
  /**
   * Reserves `units` from the bucket and answers how many milliseconds to wait before using them (0: now).
   * Waiting is the caller's; what was reserved is spent.
   */
  reserve(bucket: string, units: number): Promise<number>;
  /** Nobody takes from the bucket before `until` (a Retry-After was received). */
  pause(bucket: string, until: Date): Promise<void>;
  /** Milliseconds until none of the buckets is paused any more (0: none is); takes nothing. */
  pausedFor(buckets: readonly string[]): Promise<number>;
};

/** A breaker whose state all workers share. */
export type SharedBreaker = {
  /** May I call? `call`: yes. `probe`: you alone may, report at once. Otherwise when to ask again. */
  enter(provider: string): Promise<'call' | 'probe' | { openUntil: Date }>;
  /** What came of it. Only outages count as failures (unavailable), never a refusal of one request. */
  report(provider: string, outcome: 'success' | 'failure'): Promise<void>;
};

/**
 * Calls of an account's day that are used, by whomever, as the platform itself says; `limit` null: they are used up, and it
 * did not say how many there are.
 */
export type DailyUsage = { used: number; limit: number | null };

/** What a platform says of one account's daily calls, shared by all workers and connections: one that just started knows it, too. */
export type SharedQuota = {
  /** What any worker heard last, and how many milliseconds ago; null: nothing yet. */
  read(): Promise<{ usage: DailyUsage; ageMs: number } | null>;
  /** Tells the others what the platform said just now; null: it sets no limit (any more). */
  tell(usage: DailyUsage | null): Promise<void>;
  /**
   * Claims, for `forMs` milliseconds, the one look at whether the allowance is back. False while another worker has it, or
   * where one has heard from the platform less than `sinceMs` milliseconds ago.
   */
  claimLook(forMs: number, sinceMs: number): Promise<boolean>;
};
