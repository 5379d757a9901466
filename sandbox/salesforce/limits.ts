import type { TwinClock } from '../kit/clock.ts';
import { Refusal } from './call.ts';

export type Limits = {
  /** Counts one API call; REQUEST_LIMIT_EXCEEDED when the day's are used up. */
  take(): void;
  usage(): { used: number; limit: number };
  set(limit: number): void;
  /** As if others had used so many calls within this hour. */
  spend(calls: number): void;
};

const HOUR_MS = 3_600_000;
const HOURS = 24;

/** The org's API calls over the last 24 hours, counted hour by hour. */
export function createLimits(clock: TwinClock, daily: number): Limits {
  const hours = new Map<number, number>();
  let limit = daily;
  const thisHour = (): number => Math.floor(clock.now().getTime() / HOUR_MS);
  const used = (): number => {
    const oldest = thisHour() - HOURS;
    let sum = 0;
    for (const [hour, calls] of hours) {
      if (hour <= oldest) hours.delete(hour);
      else sum += calls;
    }
    return sum;
  };
  const spend = (calls: number): void => {
    hours.set(thisHour(), (hours.get(thisHour()) ?? 0) + calls);
  };
  return {
    take: () => {
      if (used() >= limit) throw new Refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
      spend(1);
    },
    usage: () => ({ used: used(), limit }),
    set: (calls) => {
      limit = calls;
    },
    spend,
  };
}
