import type { Search } from '../connectors/search.ts';
import type { Database } from '../db.ts';
import { StoredHits } from './2-research/ask-searches.ts';
import { claimAnswer, releaseClaim } from './store/answer-claims.ts';
import type { AnswerClaim } from './store/answer-claims.ts';
import { answerKey, findAnswers, saveAnswers } from './store/answers.ts';

// The search alone, for a look-up whose pages could not be read: it goes on with the same hits when they can.
const HITS_TTL_MS = 86_400_000;
// Longer than a search ever takes, its turns included (three of up to five minutes and two for the calls): a claim that ends is bought again.
const CLAIM_MS = 20 * 60_000;

/** Somebody else is paying for this very search at the moment: its answer comes to the store. */
export class BoughtElsewhere extends Error {
  override name = 'BoughtElsewhere';
}

/**
 * A search whose answers are stored before they are used, and which nobody else of the workspace buys at the same time. A process that
 * is killed while it buys leaves a claim that ends. @throws BoughtElsewhere
 */
export function rememberSearches(db: Database, workspaceId: string, search: Search): Search {
  const findHits = async (
    key: string,
  ): Promise<{ hits: StoredHits['hits'] } | { claim: AnswerClaim | null }> =>
    db.inWorkspace(workspaceId, async (tx) => {
      const claim = await claimAnswer(tx, workspaceId, key, CLAIM_MS);
      const known = StoredHits.safeParse((await findAnswers(tx, [key])).get(key));
      if (!known.success) return { claim };
      if (claim !== null) await releaseClaim(tx, claim);
      return { hits: known.data.hits };
    });

  return {
    name: search.name,
    search: async (query, call) => {
      const key = answerKey(search.name, 'search', query);
      const found = await findHits(key);
      if ('hits' in found) return { hits: found.hits, credits: 0 };
      const { claim } = found;
      if (claim === null) throw new BoughtElsewhere(`"${query.query}" is being searched for`);
      try {
        const bought = await search.search(query, call);
        const answer = { fetchedAt: new Date().toISOString(), hits: bought.hits };
        const entry = { workspaceId, key, provider: search.name, operation: 'search', question: query };
        await db.inWorkspace(workspaceId, (tx) =>
          saveAnswers(tx, [{ ...entry, answer, ttlMs: HITS_TTL_MS }]),
        );
        return bought;
      } finally {
        await db.inWorkspace(workspaceId, (tx) => releaseClaim(tx, claim));
      }
    },
  };
}
