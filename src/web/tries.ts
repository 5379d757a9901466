import type { Request } from 'express';
import { takeOrRefuse } from '../pipeline/store/limits.ts';
import { TRIES_PREFIX } from '../pipeline/store/tries.ts';
import { addressOf } from './client-address.ts';
import type { AddressDeps } from './client-address.ts';
import type { WebDeps } from './deps.ts';
import { HttpError } from './http-error.ts';

/** How often one address may try something within a minute, in all processes together; as often at once after a rest. */
export type Tries = {
  /** Free of charge. @throws HttpError 429 where this process knows that the address has none left */
  refuse(request: Request): void;
  /** One more. @throws HttpError 429 where the address has none left */
  count(request: Request): Promise<void>;
};

// What one process remembers of addresses that have none left; the oldest go, and ask the database once more.
const MOST_REMEMBERED = 10_000;

/** @param name stands in the answer's headers, and makes calls count together */
export function createTries(
  deps: AddressDeps & Pick<WebDeps, 'db'>,
  { name, perMinute }: { name: string; perMinute: number },
): Tries {
  const emptyUntil = new Map<string, number>();
  const rate = { perSecond: perMinute / 60, burst: perMinute };
  const tooMany = (waitMs: number): HttpError => {
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    return new HttpError(
      429,
      'There were too many tries from your address',
      `Try again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.`,
      {
        'retry-after': String(seconds),
        'ratelimit-policy': `"${name}";q=${perMinute};w=60`,
        ratelimit: `"${name}";r=0;t=${seconds}`,
      },
    );
  };
  const refuse = (address: string): void => {
    const left = (emptyUntil.get(address) ?? 0) - Date.now();
    if (left > 0) throw tooMany(left);
  };
  return {
    refuse: (request) => {
      const address = addressOf(request, deps);
      if (address !== null) refuse(address);
    },
    count: async (request) => {
      const address = addressOf(request, deps);
      if (address === null) return;
      // A flood costs the database one question for each try that there is.
      refuse(address);
      const { taken, waitMs } = await takeOrRefuse(deps.db, `${TRIES_PREFIX}${name}:${address}`, rate, 1);
      if (taken) return;
      emptyUntil.delete(address);
      emptyUntil.set(address, Date.now() + waitMs);
      const [oldest] = emptyUntil.keys();
      if (emptyUntil.size > MOST_REMEMBERED && oldest !== undefined) emptyUntil.delete(oldest);
      throw tooMany(waitMs);
    },
  };
}
