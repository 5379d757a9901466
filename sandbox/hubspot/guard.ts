import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import type { TwinClock } from '../kit/clock.ts';
import { HubspotRefusal, sendError } from './answers.ts';
import type { ErrorAnswer } from './answers.ts';
import type { Tokens } from './tokens.ts';

/**
 * A portal's limits, as HubSpot's usage guidelines give them for a privately distributed app on a Professional
 * account; null switches one off.
 */
export const TwinLimits = z.strictObject({
  /** Calls in any ten seconds. */
  burst: z.number().int().min(1).nullable().default(190),
  /** Searches in a second; the account's, and no other calls count. */
  searchesPerSecond: z.number().int().min(1).nullable().default(5),
  /** Calls in a day. */
  daily: z.number().int().min(0).nullable().default(625_000),
  /** Calls of the day that other apps of the account have made. */
  dailyUsedElsewhere: z.number().int().min(0).default(0),
  /** Milliseconds until a change shows in searches. */
  searchDelayMs: z.number().int().min(0).default(0),
});
export type TwinLimits = z.infer<typeof TwinLimits>;

const BURST_WINDOW_MS = 10_000;
const SEARCH_WINDOW_MS = 1_000;

export type Guard = {
  limits(): TwinLimits;
  setLimits(limits: unknown): TwinLimits;
  /** Checks the token and takes from the limits; mounted before every route. */
  check(request: Request, response: Response, next: NextFunction): void;
  /** @throws HubspotRefusal 403 MISSING_SCOPES unless the token has one of them */
  needScope(...anyOf: string[]): void;
  usedToday(): number;
};

/** Counts what came in during the last `windowMs` (real time). */
function createWindow(windowMs: number) {
  let times: number[] = [];
  return {
    /** False when one more is too many. */
    take: (limit: number | null): boolean => {
      const now = performance.now();
      times = times.filter((time) => now - time < windowMs);
      if (limit !== null && times.length >= limit) return false;
      times.push(now);
      return true;
    },
    count: () => times.length,
  };
}

export function tooMany(policyName: string): ErrorAnswer {
  return {
    status: 429,
    category: 'RATE_LIMITS',
    message: `You have reached your ${policyName.toLowerCase()} limit.`,
    more: { errorType: 'RATE_LIMIT', policyName },
  };
}

export function createGuard(options: {
  tokens: Tokens;
  scopes: readonly string[];
  limits: Partial<TwinLimits>;
  clock: TwinClock;
}): Guard {
  let limits = TwinLimits.parse(options.limits);
  const burst = createWindow(BURST_WINDOW_MS);
  const searches = createWindow(SEARCH_WINDOW_MS);
  let day = '';
  let today = 0;

  function countDay(): number {
    const now = options.clock.now().toISOString().slice(0, 10);
    if (now !== day) [day, today] = [now, 0];
    return today + limits.dailyUsedElsewhere;
  }

  function takeTurn(request: Request, response: Response): ErrorAnswer | null {
    const used = countDay();
    if (limits.daily !== null && used >= limits.daily) return tooMany('DAILY');
    const isSearch = request.method === 'POST' && request.path.endsWith('/search');
    if (isSearch) {
      if (!searches.take(limits.searchesPerSecond)) return tooMany('SECONDLY');
    } else if (!burst.take(limits.burst)) return tooMany('TEN_SECONDLY_ROLLING');
    today += 1;
    // A search's answer carries none of these.
    if (isSearch) return null;
    if (limits.burst !== null)
      response.set({
        'X-HubSpot-RateLimit-Max': String(limits.burst),
        'X-HubSpot-RateLimit-Remaining': String(limits.burst - burst.count()),
        'X-HubSpot-RateLimit-Interval-Milliseconds': String(BURST_WINDOW_MS),
      });
    if (limits.daily !== null)
      response.set({
        'X-HubSpot-RateLimit-Daily': String(limits.daily),
        'X-HubSpot-RateLimit-Daily-Remaining': String(limits.daily - used - 1),
      });
    return null;
  }

  return {
    limits: () => limits,
    setLimits: (next) => (limits = TwinLimits.parse({ ...limits, ...z.looseObject({}).parse(next) })),
    usedToday: countDay,
    check: (request, response, next) => {
      response.set('Date', options.clock.now().toUTCString());
      const sent = /^Bearer (.+)$/.exec(request.get('authorization') ?? '')?.[1];
      const unknown = options.tokens.refuse(sent);
      if (unknown !== null) return sendError(response, unknown);
      const refusal = takeTurn(request, response);
      if (refusal !== null) return sendError(response, refusal);
      next();
    },
    needScope: (...anyOf) => {
      if (anyOf.some((scope) => options.scopes.includes(scope))) return;
      throw new HubspotRefusal({
        status: 403,
        category: 'MISSING_SCOPES',
        message: "This app hasn't been granted all required scopes to make this call.",
        errors: [
          {
            message: 'One or more of the following scopes are required.',
            context: { requiredGranularScopes: anyOf },
          },
        ],
        more: { links: { scopes: 'https://developers.hubspot.com/scopes' } },
      });
    },
  };
}
