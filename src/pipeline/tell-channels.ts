import type { Tx } from '../db.ts';
import type { Queue } from './queue/queue.ts';
import { isBudgetListenedTo, planBudgetNews, planRunNews, planScoreNews } from './store/slack-news.ts';
import { openPosts } from './store/slack-posts.ts';
import type { PlannedPost } from './store/slack-posts.ts';
import { spentThisMonth } from './store/usage.ts';

type Deps = { queue: Pick<Queue, 'requestSlack'> };

const WARN_AT = 0.8;

/** A company was scored: channels in Slack that want to hear of it will. In the transaction that settles it. */
export async function tellOfScore(
  tx: Tx,
  deps: Deps,
  { workspaceId, companyId }: { workspaceId: string; companyId: string },
): Promise<void> {
  if ((await planScoreNews(tx, companyId)) > 0)
    await requestPosts(tx, deps, workspaceId, await openPosts(tx));
}

/** A run ended: the same for it. In the transaction that ends it. */
export async function tellOfRuns(tx: Tx, deps: Deps, workspaceId: string): Promise<void> {
  if ((await planRunNews(tx)) > 0) await requestPosts(tx, deps, workspaceId, await openPosts(tx));
}

/**
 * Once a minute: the budget, runs that stopped by themselves, and what happened in the very moment in which a message of its channel
 * was sent and so found no message to be told in.
 */
export async function tellOfTheRest(
  tx: Tx,
  deps: Deps,
  { workspaceId, limitUsd }: { workspaceId: string; limitUsd: number | null },
): Promise<void> {
  await planRunNews(tx);
  if (limitUsd !== null && (await isBudgetListenedTo(tx))) {
    const spentUsd = await spentThisMonth(tx);
    if (spentUsd >= limitUsd) await planBudgetNews(tx, { part: '100 %', spentUsd, limitUsd });
    else if (spentUsd >= limitUsd * WARN_AT) await planBudgetNews(tx, { part: '80 %', spentUsd, limitUsd });
  }
  await requestPosts(tx, deps, workspaceId, await openPosts(tx));
}

/** Asks for messages to be sent when they are due. */
export async function requestPosts(
  tx: Tx,
  { queue }: Deps,
  workspaceId: string,
  posts: readonly PlannedPost[],
): Promise<void> {
  for (const { id, dueAt } of posts) await queue.requestSlack(tx, { workspaceId, postId: id }, { at: dueAt });
}
