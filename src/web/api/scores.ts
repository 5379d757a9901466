import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { domainOf } from '../../pipeline/1-sync/domain.ts';
import { askForScores } from '../../pipeline/ask-for-scores.ts';
import { whySpent } from '../../pipeline/budget.ts';
import { describeStarter } from '../../pipeline/describe-starter.ts';
import { readScoreCard } from '../../pipeline/score-card.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import { listRunCompanies } from '../../pipeline/store/run-companies.ts';
import { findRun } from '../../pipeline/store/runs.ts';
import { findCurrentScore } from '../../pipeline/store/scores.ts';
import type { WebDeps } from '../deps.ts';
import { readPatience, startOnce } from './once.ts';
import { ApiError } from './problem.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import { ScoreRequest, ScoreState } from './shapes.ts';

const Begun = z.object({ companyId: z.string(), domain: z.string(), runId: z.string().nullable() });
const LOOK_EVERY_MS = 250;
const OVER = new Set(['done', 'failed', 'cancelled']);

export const scoreRoutes = [
  route({
    method: 'post',
    path: '/scores',
    id: 'startScore',
    summary: 'Score a company, or answer with its stored score where that is younger than seven days',
    description:
      'The company need not be in a CRM. With "Prefer: wait=20" it answers when the score is there, within that many seconds (25 at most).',
    scope: 'write',
    starts: true,
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: ScoreRequest,
    answer: ScoreState,
    answers: { 200: 'It is over', 202: 'It has begun: ask again at the Location' },
    example: { domain: 'acme.example' },
    handle: async (call) => {
      const { deps, caller, body, request, response, signal } = call;
      const read = domainOf(body.domain);
      if ('skip' in read)
        throw new ApiError(400, `${body.domain}: ${read.detail}`, 'Give the domain of a company.', {
          kind: 'invalid-request',
          fields: [{ in: 'body', pointer: '/domain', message: read.detail }],
        });
      const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, caller.workspaceId);
      const begun = await startOnce(call, Begun, async (tx) => {
        const asked = await askForScores(tx, deps.queue, {
          workspaceId: caller.workspaceId,
          model: deps.modelName,
          domains: [read.domain],
          refresh: body.refresh,
          startedBy: { via: 'api', name: caller.name },
          spent,
        });
        const [company] = asked.companies;
        if (company === undefined) throw new Error(`nobody answers for ${read.domain}`);
        return { companyId: company.id, domain: company.domain, runId: asked.run?.id ?? null };
      });
      const until = Date.now() + readPatience(request);
      for (;;) {
        const state =
          begun.runId === null
            ? await describeStored(deps, caller.workspaceId, begun)
            : await describeRun(deps, caller.workspaceId, begun.runId);
        if (state === null) throw unknownScore(begun.runId ?? '');
        if (OVER.has(state.state)) return { body: state };
        if (Date.now() >= until || signal.aborted) {
          response.set({ location: `/api/v1/scores/${state.id}`, 'retry-after': '2' });
          return { status: 202, body: state };
        }
        await wait(Math.min(LOOK_EVERY_MS, Math.max(0, until - Date.now())), undefined, { signal }).catch(
          () => undefined,
        );
      }
    },
  }),
  route({
    method: 'get',
    path: '/scores/{id}',
    id: 'getScore',
    summary: 'How far a score is, and the score',
    scope: 'read',
    params: z.strictObject({ id: z.uuid() }),
    query: NO_PARAMS,
    body: NOTHING,
    answer: ScoreState,
    answers: { 200: 'Where it stands' },
    handle: async ({ deps, caller, params }) => {
      const state = await describeRun(deps, caller.workspaceId, params.id);
      if (state === null) throw unknownScore(params.id);
      return { body: state };
    },
  }),
];

type State = z.infer<typeof ScoreState>;

async function describeStored(
  deps: WebDeps,
  workspaceId: string,
  { companyId, domain }: z.infer<typeof Begun>,
): Promise<State> {
  const result = await readScoreCard(deps.db, workspaceId, companyId);
  return { id: null, domain, state: 'done', stage: null, why: null, startedBy: null, result };
}

/** Null where that is no run over one company that somebody asked about. */
async function describeRun(deps: WebDeps, workspaceId: string, id: string): Promise<State | null> {
  const found = await deps.db.inWorkspace(workspaceId, async (tx) => {
    const run = await findRun(tx, id);
    if (run === null || run.kind !== 'interactive') return null;
    const [item, ...others] = await listRunCompanies(tx, id, { limit: 2, offset: 0 });
    if (item === undefined || others.length > 0) return null;
    const company = await findCompanyByDomain(tx, item.domain);
    if (company === null) return null;
    return { run, item, company, isScored: (await findCurrentScore(tx, company.id)) !== null };
  });
  if (found === null) return null;
  const { run, item, company, isScored } = found;
  const isOpen = item.state === 'queued' || item.state === 'working';
  const state =
    isOpen && run.state === 'paused' ? 'paused' : item.state === 'queued' ? 'waiting' : item.state;
  const result = state === 'done' && isScored ? await readScoreCard(deps.db, workspaceId, company.id) : null;
  return {
    id: run.id,
    domain: company.domain,
    state,
    stage: item.stage,
    why: item.error ?? run.pausedBecause,
    startedBy: run.startedBy === null ? null : describeStarter(run.startedBy),
    result,
  };
}

function unknownScore(id: string): ApiError {
  return new ApiError(
    404,
    `There is no score under way or done with the id ${id}`,
    'POST /api/v1/scores begins one.',
    {
      kind: 'no-such-score',
    },
  );
}
