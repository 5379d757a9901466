import { describeStarter } from '../../pipeline/describe-starter.ts';
import { readProgress } from '../../pipeline/runs.ts';
import type { Run } from '../../pipeline/store/runs.ts';
import { listRuns, listUndos } from '../../pipeline/store/runs.ts';
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
    const undos = await listUndos(tx, runs.map(({ id }) => id)); // prettier-ignore
    return { runs, costs, undos };
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
      ...describeRun(each.run, listed.undos),
      cost: listed.costs.get(each.run.id) ?? '',
    })),
  });
}

/** A run in words: what kind, by whom, since when, and who put it back. `undos`: of this run, and maybe of others. */
export function describeRun(run: Run, undos: readonly Run[]) {
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
    by: run.startedBy === null || run.kind === 'scheduled' ? '' : describeStarter(run.startedBy),
    undoneBy: undos.filter(({ undoes }) => undoes === run.id).map(describeUndo),
    notes: [
      ...(run.dryRun ? ['dry run: nothing is written'] : []),
      ...(run.refresh ? ['sources read again'] : []),
      ...(run.state === 'paused' && run.pausedBecause !== null ? [`paused: ${run.pausedBecause}`] : []),
      ...(run.state === 'planning' ? ['still being planned: nothing is put back yet'] : []),
    ],
    undoes: run.undoes === null ? null : { href: `/runs/${run.undoes}`, label: run.undoes.slice(0, 8) },
    // An undo has no companies to take through stages: what is left of it then are its writes.
    isPlanned: run.kind === 'undo' && run.state === 'done',
    model: run.model,
    startedAt: describeMoment(run.createdAt),
  };
}

function describeUndo({ id, state, startedBy, createdAt }: Run) {
  return {
    href: `/runs/${id}`,
    what: state === 'planning' ? 'about to be put back' : 'put back',
    by: startedBy === null ? '' : describeStarter(startedBy),
    at: describeMoment(createdAt),
  };
}
