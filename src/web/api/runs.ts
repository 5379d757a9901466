import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { whySpent } from '../../pipeline/budget.ts';
import {
  askForRehearsalWithin,
  cancelRun,
  pauseRun,
  resumeRun,
  startRunWithin,
} from '../../pipeline/runs.ts';
import { ensureCompanies } from '../../pipeline/store/companies.ts';
import { listRuns } from '../../pipeline/store/runs.ts';
import type { RunState as StoredState } from '../../pipeline/store/runs.ts';
import { requestId } from '../requests.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { startOnce } from './once.ts';
import { readDomains } from './read-domains.ts';
import { readPatiently } from './read-patiently.ts';
import { describeRuns, isRunOver, readRun, requireRun } from './read-run.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import type { Call } from './route.ts';
import { RunAsk, RunList, RunState } from './run-shapes.ts';
import { PageQuery } from './shapes.ts';

export const RunParams = z.strictObject({ id: z.uuid() });
const Begun = z.object({ runId: z.uuid() });

export const runRoutes = [
  route({
    method: 'get',
    path: '/runs',
    id: 'listRuns',
    summary: 'Runs, the newest first: who started each, what became of it, and who undid it',
    scope: 'read',
    params: NO_PARAMS,
    query: PageQuery,
    body: NOTHING,
    answer: RunList,
    answers: { 200: 'A page of runs' },
    handle: async ({ deps, caller, query }) => {
      const behind = readCursor(query.cursor, z.uuid()) ?? undefined;
      return deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const found = await listRuns(tx, query.limit + 1, behind);
        const page = found.slice(0, query.limit);
        const last = page.at(-1);
        const next = last === undefined || found.length === page.length ? null : writeCursor(last.id);
        return { body: { runs: await describeRuns(tx, page), next } };
      });
    },
  }),
  route({
    method: 'post',
    path: '/runs',
    id: 'startRun',
    summary: 'Research, score and pitch companies, and write the results into the CRMs; or rehearse that',
    description:
      'Takes the records as they were last synced. With "dryRun" nothing is written: /runs/{id}/rehearsal tells what would be, once it is over. With "Prefer: wait=20" it answers when it is over, within that many seconds (25 at most).',
    scope: 'write',
    starts: true,
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: RunAsk,
    answer: RunState,
    answers: { 200: 'It is over', 202: 'It has begun: ask again at the Location' },
    example: { dryRun: true, domains: ['acme.example', 'globex.example'] },
    handle: async (call) => {
      const { deps, caller, body, response } = call;
      const { workspaceId } = caller;
      const domains = body.domains && [...new Set(readDomains(body.domains, '/domains'))];
      const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
      const { runId } = await startOnce(call, Begun, async (tx) => {
        if (spent !== null) throw spent;
        const companyIds = domains && (await ensureCompanies(tx, workspaceId, domains.slice(0, body.limit)));
        const run = await startRunWithin(tx, deps.queue, {
          workspaceId,
          kind: 'manual',
          model: deps.modelName,
          refresh: body.refresh,
          dryRun: body.dryRun,
          startedBy: { via: 'api', name: caller.name },
          ...(body.limit === undefined ? {} : { limit: body.limit }),
          ...(companyIds === undefined ? {} : { companyIds }),
        });
        if (body.dryRun) await askForRehearsalWithin(tx, deps.queue, { workspaceId, runId: run.id });
        return { runId: run.id };
      });
      await readPatiently(call, async () => ({ over: await isRunOver(deps, workspaceId, runId) }));
      const state = await readRun(deps, workspaceId, runId);
      if (state.over) return { body: state };
      response.set({ location: `/api/v1/runs/${runId}`, 'retry-after': '2' });
      return { status: 202, body: state };
    },
  }),
  route({
    method: 'get',
    path: '/runs/{id}',
    id: 'getRun',
    summary: 'One run: how far it is, what it cost and wrote, and what went wrong',
    scope: 'read',
    params: RunParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: RunState,
    answers: { 200: 'Where it stands' },
    handle: async ({ deps, caller, params }) => ({
      body: await readRun(deps, caller.workspaceId, params.id),
    }),
  }),
  changeRoute('pause', 'Pause a run: companies at work stop at their next checkpoint', 'paused', pauseRun),
  changeRoute('resume', 'Go on with a paused run where each company left off', 'running', resumeRun),
  changeRoute('cancel', 'Cancel a run: what is done stays, what has not begun never will', 'cancelled', cancelRun),
]; // prettier-ignore

/** Asked twice, it is as if it was asked once. */
function changeRoute(
  name: string,
  summary: string,
  wanted: StoredState,
  act: (deps: Pick<Call<unknown, unknown, unknown>['deps'], 'db' | 'queue'>, workspaceId: string, runId: string) => Promise<unknown>,
) {
  return route({
    method: 'post',
    path: `/runs/{id}/${name}`,
    id: `${name}Run`,
    summary,
    scope: 'write',
    params: RunParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: RunState,
    answers: { 200: 'Where it stands' },
    handle: async ({ deps, caller, params: { id }, response }) => {
      const { workspaceId } = caller;
      await deps.db.inWorkspace(workspaceId, (tx) => requireRun(tx, id));
      try {
        await act(deps, workspaceId, id);
      } catch (error) {
        const { state } = await deps.db.inWorkspace(workspaceId, (tx) => requireRun(tx, id));
        if (!(error instanceof UserError) || state !== wanted) throw error;
      }
      deps.log.info({ runId: id, action: name, by: caller.name, requestId: requestId(response) }, 'run changed by a program'); // prettier-ignore
      return { body: await readRun(deps, workspaceId, id) };
    },
  });
} // prettier-ignore
