import type { RunProgress } from '../../pipeline/runs.ts';
import { formatCount, formatDuration } from './format.ts';

/** A run's progress as the page shows it; the live stream sends the same. */
export type ProgressView = {
  runId: string;
  state: string;
  total: string;
  done: string;
  failed: string;
  cancelled: string;
  working: string;
  queued: string;
  /** 0–100 of the bar, one decimal each; together what is settled. */
  donePercent: number;
  failedPercent: number;
  cancelledPercent: number;
  percent: string;
  pace: string;
  left: string;
  over: boolean;
};

export function describeProgress(progress: RunProgress): ProgressView {
  const { run, total } = progress;
  const share = (part: number): number => (total === 0 ? 0 : Math.round((part / total) * 1000) / 10);
  const settled = progress.done + progress.failed + progress.cancelled;
  const over = run.state === 'done' || run.state === 'cancelled';
  return {
    runId: run.id,
    state: run.state,
    total: formatCount(total),
    done: formatCount(progress.done),
    failed: formatCount(progress.failed),
    cancelled: formatCount(progress.cancelled),
    working: formatCount(progress.working),
    queued: formatCount(progress.queued),
    donePercent: share(progress.done),
    failedPercent: share(progress.failed),
    cancelledPercent: share(progress.cancelled),
    // Rounded down: 100 % is said when all are through, not before.
    percent: total === 0 ? (over ? '100 %' : '0 %') : `${Math.floor((settled / total) * 100)} %`,
    pace: describePace(progress.perSecond),
    left: describeLeft(progress, over),
    over,
  };
}

function describePace(perSecond: number): string {
  if (perSecond === 0) return 'no pace yet';
  if (perSecond >= 1) return `${perSecond.toFixed(1)} companies a second`;
  return `${(perSecond * 60).toFixed(perSecond * 60 >= 10 ? 0 : 1)} companies a minute`;
}

function describeLeft({ run, remainingMs }: RunProgress, over: boolean): string {
  if (over && run.finishedAt !== null)
    return `took ${formatDuration(run.finishedAt.getTime() - run.createdAt.getTime())}`;
  if (run.state === 'paused' || run.state === 'planning') return run.state;
  return remainingMs === null ? 'estimating' : `about ${formatDuration(remainingMs)} left`;
}
