import type { Database } from '../db.ts';
import { KILLS_BEFORE_DEAD } from './queue/jobs.ts';
import type { DeadJob } from './queue/jobs.ts';
import type { Queue } from './queue/queue.ts';
import type { RunCompanyOptions } from './run-company.ts';
import { failOpenItem, finishRunIfSettled } from './store/run-items.ts';
import { failRehearsal } from './store/rehearsals.ts';
import { changeRunState } from './store/runs.ts';
import { settleRequest } from './store/pitch-requests.ts';
import { dropPost } from './store/slack-posts.ts';
import { giveUpReply, sayInstead } from './store/slack-replies.ts';

/**
 * Ends what a job was for that took a hundred workers with it: the company fails with the reason, and its run ends when it was
 * the last one. A person in Slack who waits for an answer is told that there is none. A connection's sync, catch-up or flush is only said: the next minute asks for another.
 */
export function createDeadLetterJob(
  deps: { db: Database; queue: Pick<Queue, 'requestSlack'> } & Pick<
    RunCompanyOptions,
    'onRunDone' | 'observer' | 'onError'
  >,
) {
  const { db } = deps;
  return async (job: DeadJob): Promise<void> => {
    const why = `given up: ${KILLS_BEFORE_DEAD} workers died at it, one after another; the log of the last ones says at what`;
    if (!('companyId' in job)) {
      const what =
        'connectionId' in job
          ? `sync, catch-up or write-back of connection ${job.connectionId}`
          : 'pitchRequestId' in job
            ? `pitch that was asked for as ${job.pitchRequestId}`
            : 'undoRunId' in job
              ? `planning the undo ${job.undoRunId}`
              : 'rehearsedRunId' in job
                ? `reading the CRMs for the dry run ${job.rehearsedRunId}`
                : `telling somebody in Slack: ${JSON.stringify(job)}`;
      deps.onError(new Error(why), what);
      if ('replyId' in job) await endReply(deps, job, why);
      if ('pitchRequestId' in job)
        await db.inWorkspace(job.workspaceId, (tx) =>
          settleRequest(tx, job.pitchRequestId, { error: why, fix: null }),
        );
      if ('undoRunId' in job)
        await db.inWorkspace(job.workspaceId, (tx) => changeRunState(tx, job.undoRunId, 'cancelled'));
      if ('rehearsedRunId' in job)
        await db.inWorkspace(job.workspaceId, (tx) => failRehearsal(tx, job.rehearsedRunId, why));
      if ('postId' in job) await db.inWorkspace(job.workspaceId, (tx) => dropPost(tx, job.postId, why));
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

/** Has a new job say that there is no answer; where that one dies a hundred times as well, nobody is told. */
async function endReply(
  { db, queue }: { db: Database; queue: Pick<Queue, 'requestSlack'> },
  { workspaceId, replyId }: { workspaceId: string; replyId: string },
  why: string,
): Promise<void> {
  const problem = {
    what: 'There is no answer to this: everything that tried to give it broke down',
    fix: 'Whoever runs Fieldnote finds the reason in the log of its workers.',
  };
  await db.inWorkspace(workspaceId, async (tx) => {
    if (await sayInstead(tx, replyId, problem)) await queue.requestSlack(tx, { workspaceId, replyId });
    else await giveUpReply(tx, replyId, why);
  });
}
