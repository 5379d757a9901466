import { z } from 'zod';
import type { CallOptions } from '../connectors/call.ts';
import type { PageReader } from '../connectors/page-reader.ts';
import type { Search } from '../connectors/search.ts';
import type { Database } from '../db.ts';
import { StoredHits } from './2-research/ask-searches.ts';
import { findDomainByName } from './2-research/find-domain.ts';
import type { FoundDomain } from './2-research/find-domain.ts';
import { answerKey, findAnswers, saveAnswers } from './store/answers.ts';
import type { Connection } from './store/connections.ts';
import { saveFoundDomain } from './store/found-domains.ts';
import { listNamesWithoutDomain } from './store/records.ts';

// Each costs a search; a sync that finds thousands of bare names takes them up over the next syncs.
const MOST_PER_SYNC = 50;
const TTL_MS = 30 * 86_400_000;
// The search alone, for a look-up whose pages could not be read: it goes on with the same hits when they can.
const HITS_TTL_MS = 86_400_000;

const StoredDomain = z.union([z.object({ domain: z.string() }), z.object({ because: z.string() })]);

/**
 * Accounts without a website → the domain of the one company of that name, confirmed on its own site; or the reason why it
 * stays unknown. What was looked up is remembered for a month. Returns how many were found.
 */
export async function findMissingDomains(
  deps: { db: Database; search: Search | null; pages: PageReader },
  connection: Pick<Connection, 'workspaceId' | 'id'>,
  call: CallOptions,
): Promise<number> {
  const { db, search, pages } = deps;
  const { workspaceId, id: connectionId } = connection;
  if (search === null) return 0;
  const accounts = await db.inWorkspace(workspaceId, (tx) =>
    listNamesWithoutDomain(tx, connectionId, MOST_PER_SYNC),
  );
  const remembered = rememberSearches(db, workspaceId, search);
  let found = 0;
  for (const account of accounts) {
    call.signal.throwIfAborted();
    const key = answerKey(search.name, 'find domain', account.name);
    const stored = await db.inWorkspace(workspaceId, (tx) => findAnswers(tx, [key]));
    const known = StoredDomain.safeParse(stored.get(key));
    const answer: FoundDomain = known.success
      ? known.data
      : await findDomainByName({ search: remembered, pages }, account.name, call);
    await db.inWorkspace(workspaceId, async (tx) => {
      if (!known.success)
        await saveAnswers(tx, [
          {
            workspaceId,
            key,
            provider: search.name,
            operation: 'find domain',
            question: { name: account.name },
            answer,
            ttlMs: TTL_MS,
          },
        ]);
      await saveFoundDomain(tx, { workspaceId, connectionId }, account, answer);
    });
    if ('domain' in answer) found += 1;
  }
  return found;
}

/** A search whose answers are stored before they are used. */
function rememberSearches(db: Database, workspaceId: string, search: Search): Search {
  return {
    name: search.name,
    search: async (query, call) => {
      const key = answerKey(search.name, 'search', query);
      const stored = await db.inWorkspace(workspaceId, (tx) => findAnswers(tx, [key]));
      const known = StoredHits.safeParse(stored.get(key));
      if (known.success) return { hits: known.data.hits, credits: 0 };
      const bought = await search.search(query, call);
      const answer = { fetchedAt: new Date().toISOString(), hits: bought.hits };
      const entry = { workspaceId, key, provider: search.name, operation: 'search', question: query };
      await db.inWorkspace(workspaceId, (tx) => saveAnswers(tx, [{ ...entry, answer, ttlMs: HITS_TTL_MS }]));
      return bought;
    },
  };
}
