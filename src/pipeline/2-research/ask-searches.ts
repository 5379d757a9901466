import { z } from 'zod';
import type { Search, SearchHit } from '../../connectors/search.ts';
import type { Database } from '../../db.ts';
import type { ProviderCall } from '../../connectors/call.ts';
import { ProviderDownError, ProviderError, describeError } from '../../errors.ts';
import type { CompanyWork } from '../stage.ts';
import { answerKey, findAnswers, saveAnswers } from '../store/answers.ts';
import type { SourceKind, UnreadPage } from '../store/sources.ts';
import type { PlannedSearch } from './plan-searches.ts';

/** A search hit, with what its search was for. */
export type FoundHit = SearchHit & { asked: SourceKind; fetchedAt: string };

const HOUR_MS = 3_600_000;

/** A search's answer as `answers` keeps it, under what was asked. */
export const StoredHits = z.object({
  fetchedAt: z.string(),
  hits: z.array(
    z.object({
      url: z.string(),
      title: z.string(),
      content: z.string(),
      score: z.number(),
      published: z.string().nullable(),
    }),
  ),
});
export type StoredHits = z.infer<typeof StoredHits>;

/**
 * Asks the planned searches side by side; what was asked lately is answered from the store. Each answer is stored with its
 * price before it is used. What could not be asked for want of credits, or in an outage that nobody waits out, is said.
 */
export async function askSearches(options: {
  db: Database;
  search: Search | null;
  work: CompanyWork;
  searches: readonly PlannedSearch[];
}): Promise<{ hits: FoundHit[]; failed: UnreadPage[] }> {
  const { db, search, work, searches } = options;
  if (search === null || searches.length === 0) return { hits: [], failed: [] };
  const { workspaceId } = work;
  const keyed = searches.map((planned) => ({
    planned,
    key: answerKey(search.name, 'search', planned.query),
  }));
  const keys = keyed.map((one) => one.key);
  const stored = await db.inWorkspace(workspaceId, (tx) => findAnswers(tx, keys, work.refreshSince));
  const failed: UnreadPage[] = [];

  const ask = async (planned: PlannedSearch, key: string): Promise<StoredHits> => {
    const known = StoredHits.safeParse(stored.get(key));
    if (known.success) return known.data;
    const calls: ProviderCall[] = [];
    const { hits } = await search.search(planned.query, {
      signal: work.signal,
      interactive: work.interactive,
      onCall: (call) => {
        calls.push(call);
        work.onCall(call);
      },
    });
    const answer = { fetchedAt: new Date().toISOString(), hits };
    const entry = {
      workspaceId,
      key,
      provider: search.name,
      operation: 'search',
      question: planned.query,
      answer,
      ttlMs: planned.ttlHours * HOUR_MS,
    };
    await work.save((tx) => saveAnswers(tx, [entry]), calls);
    return answer;
  };

  const settled = await Promise.allSettled(keyed.map(({ planned, key }) => ask(planned, key)));
  const hits: FoundHit[] = [];
  for (const [index, outcome] of settled.entries()) {
    const planned = searches[index];
    if (planned === undefined) continue;
    if (outcome.status === 'fulfilled')
      hits.push(
        ...outcome.value.hits.map((hit) => ({
          ...hit,
          asked: planned.kind,
          fetchedAt: outcome.value.fetchedAt,
        })),
      );
    else if (mayGoWithout(outcome.reason, work))
      failed.push({
        url: `search: ${planned.query.query}`,
        reason: 'search failed',
        detail: describeError(outcome.reason),
      });
    else throw outcome.reason;
  }
  return { hits, failed };
}

/** A search plan that is used up is no reason to leave a company unread; an outage is, while there is time to wait. */
function mayGoWithout(error: unknown, work: CompanyWork): boolean {
  if (work.signal.aborted) return false;
  if (error instanceof ProviderError && error.kind === 'quota') return true;
  const isOutage = error instanceof ProviderDownError || (error instanceof ProviderError && error.retryable);
  return isOutage && !work.patient;
}
