import type { DailyUsage, SharedQuota } from '../../src/connectors/limits.ts';

export type OwnQuota = SharedQuota & {
  /** What the platform is known to have said. */
  heard(): DailyUsage | null;
  /** How often it was written and read. */
  counts(): { told: number; read: number };
  /** Lets what is known grow older. */
  age(milliseconds: number): void;
};

/** What is shared of a day's calls, in memory: several connectors that get the same one stand for several workers. */
export function createOwnQuota(): OwnQuota {
  let known: { usage: DailyUsage; at: number } | null = null;
  let lookingUntil = 0;
  let older = 0;
  let [told, read] = [0, 0];
  const now = (): number => performance.now() + older;
  return {
    read: async () => {
      read += 1;
      return known && { usage: known.usage, ageMs: now() - known.at };
    },
    tell: async (usage) => {
      told += 1;
      known = usage && { usage, at: now() };
    },
    claimLook: async (forMs, sinceMs) => {
      if (known === null || lookingUntil > now() || known.at > now() - sinceMs) return false;
      lookingUntil = now() + forMs;
      return true;
    },
    heard: () => known?.usage ?? null,
    counts: () => ({ told, read }),
    age: (milliseconds) => {
      older += milliseconds;
    },
  };
}
