import type { Request, Response } from 'express';
import { z } from 'zod';
import { askForUndoWithin } from '../../pipeline/ask-for-undo.ts';
import type { Run } from '../../pipeline/store/runs.ts';
import type { WriteCount } from '../../pipeline/store/writes.ts';
import { starterOf } from '../auth/sessions.ts';
import { requestId } from '../requests.ts';
import { formatCount } from './format.ts';
import type { PageDeps } from './page-deps.ts';
import { readRunId } from './read-run-id.ts';

const Asked = z.object({ rehearse: z.literal('yes').optional().catch(undefined) });

/** Puts back what a run wrote, or rehearses that; then shows the undo, which is a run of its own. */
export async function takeUndo(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const { db, queue, workspaceId, visitor } = deps;
  const runId = await readRunId(deps, request);
  const dryRun = Asked.parse(request.body).rehearse === 'yes';
  const { run } = await db.inWorkspace(workspaceId, (tx) =>
    askForUndoWithin(tx, queue, { workspaceId, runId, dryRun, startedBy: starterOf(visitor) }),
  );
  deps.log.info(
    { runId, undoRunId: run.id, dryRun, by: visitor?.email ?? null, requestId: requestId(response) },
    'undo asked for by hand',
  );
  response.redirect(303, `/runs/${run.id}`);
}

/** What may be put back of a run that is not at work; null: nothing, as far as is known. */
export function describeTakeBack(run: Run, writes: readonly WriteCount[]): { fields: string } | null {
  const isOver = run.state === 'done' || run.state === 'cancelled';
  const standing = writes.filter(({ state }) => state === 'applied').reduce((sum, { fields }) => sum + fields, 0); // prettier-ignore
  return isOver && !run.dryRun && run.kind !== 'undo' && standing > 0
    ? { fields: `${formatCount(standing)} ${standing === 1 ? 'field' : 'fields'}` }
    : null;
}
