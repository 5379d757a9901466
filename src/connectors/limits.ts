/**
 * Limits that all workers share. The real ones live in Postgres and are handed in by app.ts; tests hand in their own.
 * Keys name a provider and an account, e.g. `tavily`, `llm`, `hubspot:CONNECTION`.
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
