import { setTimeout as wait } from 'node:timers/promises';
import { isDatabaseGone } from '../db.ts';
import type { Database, Tx } from '../db.ts';
import { claimAnswer, releaseClaim, renewClaim } from './store/answer-claims.ts';
import type { AnswerClaim } from './store/answer-claims.ts';

// What a killed process was buying is bought by another after so long.
const CLAIM_MS = 15_000;
const LOOK_AGAIN_MS = 200;

type GiveBack = (tx: Tx) => Promise<void>;

/**
 * An answer that is stored, or that somebody else of the workspace is paying for at the moment, or else what `buy` brings and stores: two who
 * ask the same at once pay once. A process that is killed while it buys leaves a claim that ends.
 * @param options `find`: the stored answer; null: there is none. `buy` gives the claim back in the transaction that stores the answer, which
 *   saves one. `patienceMs`: how long to wait for somebody else's answer before buying it all
 *   the same; null: as long as they are at it. `claimMs`: how long a claim holds that nobody renews
 * @throws what `buy` throws, and when `signal` aborts
 */
export async function buyOnce<T>(
  db: Database,
  workspaceId: string,
  key: string,
  options: {
    find(tx: Tx): Promise<T | null>;
    buy(giveBack: GiveBack): Promise<T>;
    signal: AbortSignal;
    patienceMs: number | null;
    claimMs?: number;
  },
): Promise<T> {
  const { find, buy, signal, patienceMs, claimMs = CLAIM_MS } = options;
  const began = performance.now();
  for (;;) {
    const { known, claim } = await db.inWorkspace(workspaceId, async (tx) => {
      const mine = await claimAnswer(tx, workspaceId, key, claimMs);
      const stored = await find(tx);
      if (stored !== null && mine !== null) await releaseClaim(tx, mine);
      return { known: stored, claim: mine };
    });
    if (known !== null) return known;
    if (claim !== null) return hold(db, workspaceId, { claim, claimMs, buy });
    if (patienceMs !== null && performance.now() - began >= patienceMs) return buy(async () => undefined);
    await wait(LOOK_AGAIN_MS, undefined, { signal });
  }
}

/** Buys with a claim that holds as long as that takes, and gives it back. */
async function hold<T>(
  db: Database,
  workspaceId: string,
  { claim, claimMs, buy }: { claim: AnswerClaim; claimMs: number; buy(giveBack: GiveBack): Promise<T> },
): Promise<T> {
  const over = new AbortController();
  const within = async (act: (tx: Tx) => Promise<void>): Promise<void> => {
    try {
      await db.inWorkspace(workspaceId, act);
    } catch (error) {
      // What was bought is stored, or is told as it is: the claim ends by itself.
      if (!isDatabaseGone(error)) throw error;
    }
  };
  const renew = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await wait(claimMs / 3, undefined, { signal: over.signal }).catch(() => undefined);
      if (!over.signal.aborted) await within((tx) => renewClaim(tx, claim, claimMs));
    }
  };
  const renewing = renew();
  // A failure is told below.
  renewing.catch(() => undefined);
  let isGivenBack = false;
  try {
    const bought = await buy(async (tx) => {
      await releaseClaim(tx, claim);
      isGivenBack = true;
    });
    if (!isGivenBack) await within((tx) => releaseClaim(tx, claim));
    return bought;
  } catch (error) {
    await within((tx) => releaseClaim(tx, claim));
    throw error;
  } finally {
    over.abort();
    await renewing;
  }
}
