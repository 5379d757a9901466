import type { Request, Response } from 'express';
import { z } from 'zod';
import { askForUndoWithin } from '../../pipeline/ask-for-undo.ts';
import type { Tx } from '../../db.ts';
import { listUndos } from '../../pipeline/store/runs.ts';
import type { Run } from '../../pipeline/store/runs.ts';
import { findOpenPlan } from '../../pipeline/store/undos.ts';
import { hasSendable } from '../../pipeline/store/writes.ts';
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
  const undoRunId = await db.inWorkspace(workspaceId, async (tx) => {
    const underWay = dryRun ? null : await findUnderWay(tx, runId);
    if (underWay !== null) return underWay;
    const request = { workspaceId, runId, dryRun, startedBy: starterOf(visitor) };
    return (await askForUndoWithin(tx, queue, request)).run.id;
  });
  deps.log.info(
    { runId, undoRunId, dryRun, by: visitor?.email ?? null, requestId: requestId(response) },
    'undo asked for by hand',
  );
  response.redirect(303, `/runs/${undoRunId}`);
}

/** An undo of the run that still has something to send: who presses twice means one. One that is still planned is gone on with anyway. */
async function findUnderWay(tx: Tx, runId: string): Promise<string | null> {
  // It also makes whoever presses in the same moment wait for the first.
  if ((await findOpenPlan(tx, runId)) !== null) return null;
  for (const { id, dryRun } of await listUndos(tx, [runId]))
    if (!dryRun && (await hasSendable(tx, id))) return id;
  return null;
}

/** What may be put back of a run that is not at work; null: nothing, as far as is known. */
export function describeTakeBack(run: Run, writes: readonly WriteCount[]): { fields: string } | null {
  const isOver = run.state === 'done' || run.state === 'cancelled';
  const standing = writes.filter(({ state }) => state === 'applied').reduce((sum, { fields }) => sum + fields, 0); // prettier-ignore
  return isOver && !run.dryRun && run.kind !== 'undo' && standing > 0
    ? { fields: `${formatCount(standing)} ${standing === 1 ? 'field' : 'fields'}` }
    : null;
}
