import { readProgress } from '../../pipeline/runs.ts';
import type { Run } from '../../pipeline/store/runs.ts';
import { listRuns } from '../../pipeline/store/runs.ts';
import { sumUsage } from '../../pipeline/store/usage.ts';
import { renderPage } from '../render.ts';
import { describeCost } from './describe-cost.ts';
import { describeProgress } from './describe-progress.ts';
import { describeMoment } from './format.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';

const RUNS_SHOWN = 30;

/** The newest runs, each with its counts and cost. */
export async function showRuns({ db, workspaceId, health, visitor }: PageDeps): Promise<string> {
  const listed = await db.inWorkspace(workspaceId, async (tx) => {
    const runs = await listRuns(tx, RUNS_SHOWN);
    const costs = new Map<string, string>();
    for (const run of runs) costs.set(run.id, describeCost(await sumUsage(tx, { runId: run.id })).total);
    return { runs, costs };
  });
  const progress = await Promise.all(listed.runs.map((run) => readProgress(db, workspaceId, run.id)));
  return renderPage('runs', {
    ...describeFrame({
      title: 'Runs',
      section: 'runs',
      visitor,
      down: await health.readDown(),
    }),
    runs: progress.map((each) => ({
      ...describeProgress(each),
      ...describeRun(each.run),
      cost: listed.costs.get(each.run.id) ?? '',
    })),
  });
}

/** A run in words: what kind, since when. */
export function describeRun(run: Run) {
  const kinds: Record<Run['kind'], string> = {
    manual: 'Started by hand',
    scheduled: 'Scheduled',
    interactive: 'For one person',
    undo: 'Undo',
  };
  return {
    href: `/runs/${run.id}`,
    shortId: run.id.slice(0, 8),
    kind: kinds[run.kind],
    notes: [
      ...(run.dryRun ? ['dry run: nothing is written'] : []),
      ...(run.refresh ? ['sources read again'] : []),
      ...(run.state === 'paused' && run.pausedBecause !== null ? [`paused: ${run.pausedBecause}`] : []),
      ...(run.undoes === null ? [] : [`undoes ${run.undoes.slice(0, 8)}`]),
    ],
    model: run.model,
    startedAt: describeMoment(run.createdAt),
  };
}
