import type { Database } from '../db.ts';
import { KILLS_BEFORE_DEAD } from './queue/jobs.ts';
import type { DeadJob } from './queue/jobs.ts';
import type { RunCompanyOptions } from './run-company.ts';
import { failOpenItem, finishRunIfSettled } from './store/run-items.ts';

/**
 * Ends what a job was for that took a hundred workers with it: the company fails with the reason, and its run ends when it was
 * the last one. A connection's sync, catch-up or flush is only said: the next minute asks for another.
 */
export function createDeadLetterJob(
  deps: { db: Database } & Pick<RunCompanyOptions, 'onRunDone' | 'observer' | 'onError'>,
) {
  const { db } = deps;
  return async (job: DeadJob): Promise<void> => {
    const why = `given up: ${KILLS_BEFORE_DEAD} workers died at it, one after another; the log of the last ones says at what`;
    if (!('companyId' in job)) {
      const what =
        'connectionId' in job
          ? `sync, catch-up or write-back of connection ${job.connectionId}`
          : `telling somebody in Slack: ${JSON.stringify(job)}`;
      deps.onError(new Error(why), what);
      return;
    }
    const { workspaceId, runId, companyId } = job;
    const failed = await db.inWorkspace(workspaceId, (tx) => failOpenItem(tx, runId, companyId, why));
    if (failed) {
      deps.observer?.countItem('failed');
      deps.onError(new Error(why), `company ${companyId} of run ${runId}`);
    }
    await db.inWorkspace(workspaceId, async (tx) => {
      if (await finishRunIfSettled(tx, runId)) await deps.onRunDone(tx, job);
    });
  };
}
