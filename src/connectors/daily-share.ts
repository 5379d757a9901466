import { ProviderError } from '../errors.ts';
import type { DailyUsage, SharedQuota } from './limits.ts';

/** Of the day's calls, all integrations together: the rest is left to the others and to people who wait. */
export const DAILY_SHARE = 0.8;

// Once the share is used up, one worker looks this often whether the allowance is back: Salesforce's 24 hours roll, so some of it
// comes back all the time; HubSpot's day ends at midnight of the account's own time zone. 96 calls a day at most.
const LOOK_EVERY_MS = 15 * 60_000;
// A look is one call of less than half a minute; a worker that was killed must not hold it for long.
const LOOK_LEASE_MS = 60_000;
// Whoever finds another worker looking asks again when it is done.
const LOOKING_MS = 5_000;
// What others said is believed for this long: a worker reads once a second, not once a call.
const BELIEVED_MS = 1_000;
// Others are told of a hundredth of the allowance, or every ten seconds, and at once when the share is reached or free again.
const TELL_STEP = 0.01;
const TELL_EVERY_MS = 10_000;

/** Keeps batch work on one account within a share of its daily calls, which all its integrations use together. */
export type DailyShare = {
  /**
   * Lets a call pass. Once the share is used up only a person's own request does, for whom the rest is kept; `look` asks the
   * platform for something small, as such a request, and answers what it says of the day.
   * @throws ProviderError of kind quota, which says when to come back
   */
  enter(operation: string, interactive: boolean, look: () => Promise<DailyUsage | null>): Promise<void>;
  /** What an answer says of the day; null: nothing (HubSpot's searches). */
  noteAnswer(usage: DailyUsage | null): Promise<void>;
  /** The platform refused a call because the day's are used up. */
  noteRefusal(): Promise<void>;
  /** What was heard last; null: nothing yet. */
  known(): DailyUsage | null;
};

/** True where batch work stops. */
export function isShareUsed({ used, limit }: DailyUsage, share: number): boolean {
  return limit === null || used >= share * limit;
}

type Heard = { usage: DailyUsage | null; heardAt: number; readAt: number };

/** @param share 0–1 of the daily calls, used by whomever, at which batch work stops */
export function createDailyShare(options: {
  provider: string;
  share: number;
  quota: SharedQuota;
}): DailyShare {
  const { provider, share, quota } = options;
  let last: Heard | null = null;
  let told: { usage: DailyUsage | null; at: number } | null = null;

  const isUp = (usage: DailyUsage | null): usage is DailyUsage => usage !== null && isShareUsed(usage, share);

  const read = async (): Promise<Heard> => {
    const before = last;
    const isFresh = before !== null && performance.now() - before.readAt < BELIEVED_MS;
    // A stop is looked up each time: who is stopped asks seldom, and another may have found that it is over.
    if (isFresh && !isUp(before.usage)) return before;
    const found = await quota.read();
    // An answer that came meanwhile is newer than what was read.
    if (last !== before && last !== null) return last;
    const readAt = performance.now();
    last = { usage: found?.usage ?? null, heardAt: readAt - (found?.ageMs ?? 0), readAt };
    return last;
  };

  const isWorthTelling = (usage: DailyUsage | null, now: number): boolean => {
    if (told === null || told.usage === null || usage === null) return true;
    if (usage.limit !== told.usage.limit || isUp(usage) !== isUp(told.usage)) return true;
    const moved = Math.abs(usage.used - told.usage.used);
    return moved >= TELL_STEP * (usage.limit ?? 0) || now - told.at >= TELL_EVERY_MS;
  };

  const hear = async (usage: DailyUsage | null): Promise<void> => {
    const now = performance.now();
    last = { usage, heardAt: now, readAt: now };
    if (!isWorthTelling(usage, now)) return;
    told = { usage, at: now };
    try {
      await quota.tell(usage);
    } catch (error) {
      // The answer that brought it matters more; the next one tells again.
      told = null;
      process.emitWarning(`${provider}: the day's calls were not told to others: ${String(error)}`);
    }
  };

  const stop = (operation: string, { used, limit }: DailyUsage, retryAfterMs: number): ProviderError =>
    new ProviderError({
      provider,
      operation,
      kind: 'quota',
      code: 'DAILY_SHARE',
      message:
        limit === null
          ? "the account's daily calls are used up"
          : `${used} of the account's ${limit} daily calls are used; batch work stops at ${Math.round(share * 100)} %`,
      retryAfterMs,
      fix: 'wait: it goes on by itself when the allowance is back; or raise the share, or buy more calls',
    });

  return {
    enter: async (operation, interactive, look) => {
      if (interactive) return;
      const { usage, heardAt } = await read();
      if (!isUp(usage)) return;
      const left = heardAt + LOOK_EVERY_MS - performance.now();
      if (left > 0) throw stop(operation, usage, left);
      if (!(await quota.claimLook(LOOK_LEASE_MS, LOOK_EVERY_MS))) throw stop(operation, usage, LOOKING_MS);
      const found = await look();
      await hear(found);
      if (isUp(found)) throw stop(operation, found, LOOK_EVERY_MS);
    },
    noteAnswer: async (usage) => {
      // Whoever was refused without a number learns from the first answer that it is over.
      if (usage !== null || last?.usage?.limit === null) await hear(usage);
    },
    noteRefusal: async () => {
      const limit = last?.usage?.limit ?? null;
      await hear({ used: Math.max(last?.usage?.used ?? 0, limit ?? 0), limit });
    },
    known: () => last?.usage ?? null,
  };
}
