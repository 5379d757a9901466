import type { Database } from '../db.ts';
import type { Queue } from './queue/queue.ts';
import { resumeStalledRuns, startDueRun } from './runs.ts';
import { deleteExpiredAnswers } from './store/answers.ts';
import { forgetOldApiRequests } from './store/api-requests.ts';
import { forgetOldSignatures } from './store/button-keys.ts';
import { listConnections } from './store/connections.ts';
import { forgetOldLinks } from './store/one-time-links.ts';
import { forgetOldPitchRequests } from './store/pitch-requests.ts';
import { forgetOldSessions } from './store/sessions.ts';
import { hasHints } from './store/record-hints.ts';
import { finishSettledRuns } from './store/run-items.ts';
import { forgetOldAlerts } from './store/slack-alerts.ts';
import { forgetOldFiles } from './store/slack-files.ts';
import { forgetOldPosts } from './store/slack-posts.ts';
import { forgetOldReplies } from './store/slack-replies.ts';
import { forgetOldRequests } from './store/slack-requests.ts';
import { forgetOldTries } from './store/tries.ts';
import { listOpenPlans } from './store/undos.ts';
import { listWorkspaces } from './store/workspaces.ts';
import { tellOfTheRest } from './tell-channels.ts';

const MINUTE_MS = 60_000;

/**
 * What is due, once a minute: connections that were not synced for the interval or that ask for it, records that somebody told us
 * to look at, companies that are new, changed or due again, and writes that wait. Nobody has to press anything.
 */
export function createTick(deps: {
  db: Database;
  queue: Queue;
  model: string;
  syncIntervalMinutes: number;
  /** Null: no limit. */
  monthlyBudgetUsd: number | null;
  /** Are the keys of search and text model let in? Costs nothing. */
  areKeysGood: () => Promise<boolean>;
}) {
  return async (): Promise<void> => {
    await forgetOldTries(deps.db);
    for (const workspaceId of await listWorkspaces(deps.db)) {
      await deps.db.inWorkspace(workspaceId, async (tx) => {
        for (const connection of await listConnections(tx)) {
          if (connection.status !== 'active') continue;
          const age = connection.syncedAt === null ? Infinity : Date.now() - connection.syncedAt.getTime();
          const job = { workspaceId, connectionId: connection.id };
          if (age >= deps.syncIntervalMinutes * MINUTE_MS || connection.syncAskedAt !== null)
            await deps.queue.requestSync(tx, job);
          // As a rule whoever tells asks for it at once; this is for what was told while the queue was away.
          if (await hasHints(tx, connection.id)) await deps.queue.requestCatchUp(tx, job);
          await deps.queue.requestFlush(tx, job);
        }
      });
      await deps.db.inWorkspace(workspaceId, async (tx) => {
        for (const undoRunId of await listOpenPlans(tx))
          await deps.queue.requestUndo(tx, { workspaceId, undoRunId });
      });
      // A transaction of its own: who ends a run holds its row and then asks for a flush, and must not wait for us meanwhile.
      await deps.db.inWorkspace(workspaceId, finishSettledRuns);
      await deps.db.inWorkspace(workspaceId, (tx) => deleteExpiredAnswers(tx));
      await deps.db.inWorkspace(workspaceId, forgetOldLinks);
      await deps.db.inWorkspace(workspaceId, forgetOldSignatures);
      await deps.db.inWorkspace(workspaceId, forgetOldSessions);
      await deps.db.inWorkspace(workspaceId, forgetOldRequests);
      await deps.db.inWorkspace(workspaceId, forgetOldReplies);
      await deps.db.inWorkspace(workspaceId, forgetOldAlerts);
      await deps.db.inWorkspace(workspaceId, forgetOldFiles);
      await deps.db.inWorkspace(workspaceId, forgetOldPosts);
      await deps.db.inWorkspace(workspaceId, forgetOldApiRequests);
      await deps.db.inWorkspace(workspaceId, forgetOldPitchRequests);
      await resumeStalledRuns(deps, workspaceId);
      await startDueRun(deps, workspaceId, deps.model);
      await deps.db.inWorkspace(workspaceId, (tx) =>
        tellOfTheRest(tx, deps, { workspaceId, limitUsd: deps.monthlyBudgetUsd }),
      );
    }
  };
}
