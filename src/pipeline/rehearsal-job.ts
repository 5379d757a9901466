import type { Crm } from '../connectors/crm.ts';
import type { Database } from '../db.ts';
import { rehearse } from './7-write-back/rehearse.ts';
import { openForWriting } from './flush-job.ts';
import type { GotOn } from './queue/handlers.ts';
import type { JobResult, RehearsalJob } from './queue/jobs.ts';
import type { Connection } from './store/connections.ts';
import { findRehearsal } from './store/rehearsals.ts';
import { findRun } from './store/runs.ts';

// Somebody waits for it.
const AGAIN_MS = 1_000;
const AGAIN_WHILE_PAUSED_MS = 10_000;

/**
 * Holds what a dry run planned against what the CRMs hold, once the run is over, for whoever asked elsewhere than at a terminal. A killed
 * one is begun anew: it writes nothing into any CRM.
 */
export function createRehearsalJob(deps: { db: Database; crmOf(connection: Connection): Crm }) {
  const { db } = deps;
  return async (
    { workspaceId, rehearsedRunId: runId }: RehearsalJob,
    signal: AbortSignal,
    gotOn: GotOn,
  ): Promise<JobResult> => {
    const { run, asked } = await db.inWorkspace(workspaceId, async (tx) => ({
      run: await findRun(tx, runId),
      asked: await findRehearsal(tx, runId),
    }));
    if (run === null || asked === null || asked.readAt !== null) return 'done';
    if (run.state === 'running' || run.state === 'planning') return { againInMs: AGAIN_MS };
    if (run.state === 'paused') return { againInMs: AGAIN_WHILE_PAUSED_MS };
    await rehearse({ db, openCrm: openForWriting(deps) }, { workspaceId, runId, signal, onFields: gotOn });
    return 'done';
  };
}
