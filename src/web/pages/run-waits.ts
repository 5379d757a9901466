import type { Request } from 'express';
import { findRehearsal } from '../../pipeline/store/rehearsals.ts';
import type { Run } from '../../pipeline/store/runs.ts';
import { findRun } from '../../pipeline/store/runs.ts';
import { countOpenWrites } from '../../pipeline/store/writes.ts';
import { formatCount } from './format.ts';
import type { PageDeps } from './page-deps.ts';
import { readRunId } from './read-run-id.ts';

/** What a run that is over still waits for; the page looks again by itself (assets/waiting.js). */
export type Waits = { over: boolean; doing: string; step: number };

/** For the page that shows it: `over` once there is something else to show. */
export async function tellRunWaits(deps: PageDeps, request: Request): Promise<Waits> {
  const runId = await readRunId(deps, request);
  return deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const run = await findRun(tx, runId);
    if (run?.dryRun === true) {
      const read = await findRehearsal(tx, runId);
      const isWaiting = read !== null && read.readAt === null && read.failedBecause === null;
      return { over: !isWaiting, doing: READS, step: 0 };
    }
    const { open } = await countOpenWrites(tx, runId);
    return { over: open === 0, doing: describeOpen(open), step: 0 };
  });
}

export const READS = 'A worker reads the CRMs.';

/** How much of a run is still to be sent, once it is over; null: nothing, or it is not over. */
export function describeWaits(run: Run, writes: readonly { state: string; fields: number }[]) {
  const open = writes
    .filter(({ state }) => state === 'planned' || state === 'sending')
    .reduce((sum, { fields }) => sum + fields, 0);
  if (run.state !== 'done' || run.dryRun || open === 0) return null;
  return { doing: describeOpen(open), state: `/runs/${run.id}/state` };
}

const describeOpen = (fields: number): string =>
  `${formatCount(fields)} ${fields === 1 ? 'field is' : 'fields are'} on the way.`;
