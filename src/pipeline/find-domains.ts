import { z } from 'zod';
import type { CallOptions } from '../connectors/call.ts';
import type { PageReader } from '../connectors/page-reader.ts';
import { waitFor } from '../connectors/resilience.ts';
import type { Search } from '../connectors/search.ts';
import type { Database } from '../db.ts';
import { findDomainByName } from './2-research/find-domain.ts';
import type { FoundDomain } from './2-research/find-domain.ts';
import { BoughtElsewhere, rememberSearches } from './remember-searches.ts';
import { answerKey, findAnswers, saveAnswers } from './store/answers.ts';
import type { Connection } from './store/connections.ts';
import { saveFoundDomain } from './store/found-domains.ts';
import { listNamesWithoutDomain } from './store/records.ts';

// Each costs a search; a sync that finds thousands of bare names takes them up over the next syncs.
const MOST_PER_SYNC = 50;
const TTL_MS = 30 * 86_400_000;
// What another sync buys at the moment is there in a second or two; what is not yet then, the next sync finds.
const PATIENCE_MS = 30_000;
const LOOK_AGAIN_MS = 250;

const StoredDomain = z.union([z.object({ domain: z.string() }), z.object({ because: z.string() })]);

type Deps = { db: Database; search: Search | null; pages: PageReader; patienceMs?: number };
type NamedAccount = Awaited<ReturnType<typeof listNamesWithoutDomain>>[number];

/**
 * Accounts without a website → the domain of the one company of that name, confirmed on its own site; or the reason why it
 * stays unknown. What was looked up is remembered for a month, and bought once, also where several connections that name the same
 * company are synced at once. Returns how many were found.
 */
export async function findMissingDomains(
  deps: Deps,
  connection: Pick<Connection, 'workspaceId' | 'id'>,
  call: CallOptions,
): Promise<number> {
  const { db, search, pages, patienceMs = PATIENCE_MS } = deps;
  const { workspaceId, id: connectionId } = connection;
  if (search === null) return 0;
  const accounts = await db.inWorkspace(workspaceId, (tx) =>
    listNamesWithoutDomain(tx, connectionId, MOST_PER_SYNC),
  );
  const remembered = rememberSearches(db, workspaceId, search);

  /** Null: another sync is buying it. */
  const lookUp = async (account: NamedAccount): Promise<FoundDomain | null> => {
    call.signal.throwIfAborted();
    const key = answerKey(search.name, 'find domain', account.name);
    const stored = await db.inWorkspace(workspaceId, (tx) => findAnswers(tx, [key]));
    const known = StoredDomain.safeParse(stored.get(key));
    const answer = known.success ? known.data : await findBought(account.name);
    if (answer === null) return null;
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
    return answer;
  };

  const findBought = async (name: string): Promise<FoundDomain | null> => {
    try {
      return await findDomainByName({ search: remembered, pages }, name, call);
    } catch (error) {
      if (error instanceof BoughtElsewhere) return null;
      throw error;
    }
  };

  let found = 0;
  let left = accounts;
  let deadline = Infinity;
  while (left.length > 0 && performance.now() < deadline) {
    const waiting: NamedAccount[] = [];
    for (const account of left) {
      const answer = await lookUp(account);
      if (answer === null) waiting.push(account);
      else if ('domain' in answer) found += 1;
    }
    left = waiting;
    deadline = Math.min(deadline, performance.now() + patienceMs);
    if (left.length > 0) await waitFor(LOOK_AGAIN_MS, call.signal);
  }
  return found;
}
