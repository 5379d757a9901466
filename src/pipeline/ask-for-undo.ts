import type { Tx } from '../db.ts';
import { beginUndo } from './7-write-back/undo.ts';
import type { PlannedUndo, UndoRequest } from './7-write-back/undo.ts';
import type { Queue } from './queue/queue.ts';
import { askForFlushes, askForRehearsalWithin } from './runs.ts';

/**
 * Begins an undo in the caller's transaction for somebody who does not stay to see to it: workers plan it to its end, and send it, or hold it
 * against the CRMs where it is rehearsed. @throws UserError as `beginUndo` does
 */
export async function askForUndoWithin(
  tx: Tx,
  queue: Queue,
  request: UndoRequest,
): Promise<Pick<PlannedUndo, 'run' | 'unsettled'>> {
  const { workspaceId } = request;
  const begun = await beginUndo(tx, request);
  const { id: runId, state } = begun.run;
  // Also where all is planned: what the undone run had not sent is settled by it.
  if (state === 'planning' || request.dryRun !== true)
    await queue.requestUndo(tx, { workspaceId, undoRunId: runId });
  if (request.dryRun === true) await askForRehearsalWithin(tx, queue, { workspaceId, runId });
  else await askForFlushes(tx, queue, workspaceId);
  return begun;
}
