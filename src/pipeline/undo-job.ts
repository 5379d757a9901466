import type { Database } from '../db.ts';
import { planPortions } from './7-write-back/plan-portions.ts';
import type { GotOn } from './queue/handlers.ts';
import type { JobResult, UndoJob } from './queue/jobs.ts';
import type { Queue } from './queue/queue.ts';
import { requestFlushes } from './runs.ts';

/** Plans an undo to its end, whoever began it and was stopped, and has its values sent. */
export function createUndoJob(deps: { db: Database; queue: Queue }) {
  return async (
    { workspaceId, undoRunId: runId }: UndoJob,
    signal: AbortSignal,
    gotOn: GotOn,
  ): Promise<JobResult> => {
    await planPortions(deps.db, { workspaceId, runId, signal, onPortion: () => gotOn() });
    await requestFlushes(deps, workspaceId);
    return 'done';
  };
}
