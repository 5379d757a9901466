import type { z } from 'zod';
import type { Tx } from '../../db.ts';
import { readProgress } from '../../pipeline/runs.ts';
import { findRehearsal } from '../../pipeline/store/rehearsals.ts';
import { listTroubles } from '../../pipeline/store/run-companies.ts';
import { findRun, listUndos } from '../../pipeline/store/runs.ts';
import type { Run } from '../../pipeline/store/runs.ts';
import { sumUsage } from '../../pipeline/store/usage.ts';
import { listWriteTroubles } from '../../pipeline/store/writes-list.ts';
import { countOpenWrites, countWritesByConnection, hasSendable } from '../../pipeline/store/writes.ts';
import type { WebDeps } from '../deps.ts';
import { ApiError } from './problem.ts';
import type { RunList, RunState } from './run-shapes.ts';

/** The run that the caller means. @throws ApiError 404 */
export async function requireRun(tx: Tx, id: string): Promise<Run> {
  const run = await findRun(tx, id);
  if (run !== null) return run;
  throw new ApiError(404, `There is no run ${id}`, 'GET /api/v1/runs lists them.', { kind: 'no-such-run' });
}

/** Runs as they are told, with who undid each. */
export async function describeRuns(tx: Tx, runs: readonly Run[]): Promise<z.input<typeof RunList>['runs']> {
  const undos = await listUndos(tx, runs.map(({ id }) => id)); // prettier-ignore
  return runs.map((run) => ({
    ...run,
    createdAt: run.createdAt.toISOString(),
    finishedAt: run.finishedAt?.toISOString() ?? null,
    undoneBy: undos
      .filter(({ undoes }) => undoes === run.id)
      .map(({ id, state, startedBy, createdAt }) => ({
        run: id,
        state,
        startedBy,
        at: createdAt.toISOString(),
      })),
  }));
}

/**
 * Does nothing more of it happen by itself? For who waits and looks again and again: it costs little, however much the run wrote.
 * @throws ApiError 404
 */
export async function isRunOver(
  deps: Pick<WebDeps, 'db'>,
  workspaceId: string,
  id: string,
): Promise<boolean> {
  return deps.db.inWorkspace(workspaceId, async (tx) => isOver(tx, await requireRun(tx, id)));
}

async function isOver(tx: Tx, { id, state, dryRun }: Run): Promise<boolean> {
  if (state !== 'done' && state !== 'cancelled') return false;
  const rehearsal = dryRun ? await findRehearsal(tx, id) : null;
  if (rehearsal !== null && rehearsal.readAt === null && rehearsal.failedBecause === null) return false;
  return !(await hasSendable(tx, id));
}

/** One run: how far it is, what it cost and wrote, what went wrong. @throws ApiError 404 */
export async function readRun(
  deps: Pick<WebDeps, 'db'>,
  workspaceId: string,
  id: string,
): Promise<z.input<typeof RunState>> {
  await deps.db.inWorkspace(workspaceId, (tx) => requireRun(tx, id));
  const { run, perSecond, remainingMs, ...companies } = await readProgress(deps.db, workspaceId, id);
  return deps.db.inWorkspace(workspaceId, async (tx) => {
    const waiting = await countOpenWrites(tx, id);
    const usage = await sumUsage(tx, { runId: id });
    const [described] = await describeRuns(tx, [run]);
    if (described === undefined) throw new Error(`run ${id} was not described`);
    return {
      ...described,
      over: await isOver(tx, run),
      companies,
      perSecond,
      remainingMs,
      usd: usage.reduce((sum, { usd }) => sum + usd, 0),
      writes: await countWritesByConnection(tx, id),
      waiting,
      troubles: await listTroubles(tx, id),
      writeTroubles: await listWriteTroubles(tx, id),
    };
  });
}
