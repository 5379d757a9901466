import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { askForPitches } from '../../pipeline/ask-for-pitches.ts';
import { whySpent } from '../../pipeline/budget.ts';
import {
  cancelRequests,
  countRequests,
  findRequest,
  listRequests,
} from '../../pipeline/store/pitch-requests.ts';
import type { PitchRequest as StoredRequest } from '../../pipeline/store/pitch-requests.ts';
import type { Call } from './route.ts';
import type { WebDeps } from '../deps.ts';
import type { Caller } from './authenticate.ts';
import { readPatience, startOnce } from './once.ts';
import { ApiError } from './problem.ts';
import { readDomains } from './read-domains.ts';
import { PitchAsk, PitchBatch, PitchBatchAsk, PitchRequest } from './pitch-shapes.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import { DomainParams } from './shapes.ts';

const Begun = z.object({ batchId: z.uuid(), requestIds: z.array(z.uuid()) });
const LOOK_EVERY_MS = 250;
const IdParams = z.strictObject({ id: z.uuid() });

export const pitchRequestRoutes = [
  route({
    method: 'post',
    path: '/companies/{domain}/pitches',
    id: 'startPitch',
    summary: 'Have a pitch made: of any template, for one persona, in a manner of its own, or anew',
    description:
      'What is stored and made from what is known now answers at once, at no cost. A company without a score gets one first. With "Prefer: wait=20" it answers when the pitch is there, within that many seconds (25 at most).',
    scope: 'write',
    starts: true,
    params: DomainParams,
    query: NO_PARAMS,
    body: PitchAsk,
    answer: PitchRequest,
    answers: { 200: 'It is over', 202: 'It has begun: ask again at the Location' },
    example: { template: 'executive', settings: { tone: 'direct' } },
    handle: async (call) => {
      const { deps, caller, params, request, response, signal } = call;
      const { requestIds } = await begin(call, [params.domain], null);
      const until = Date.now() + readPatience(request);
      for (;;) {
        const state = await readRequest(deps, caller, requestIds[0] ?? '');
        if (isOver(state.state)) return { body: state };
        if (Date.now() >= until || signal.aborted) {
          response.set({ location: `/api/v1/pitch-requests/${state.id}`, 'retry-after': '2' });
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
    path: '/pitch-requests/{id}',
    id: 'getPitchRequest',
    summary: 'How far a pitch is that was asked for',
    scope: 'read',
    params: IdParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: PitchRequest,
    answers: { 200: 'Where it stands' },
    handle: async ({ deps, caller, params }) => ({ body: await readRequest(deps, caller, params.id) }),
  }),
  route({
    method: 'post',
    path: '/pitch-batches',
    id: 'startPitchBatch',
    summary: 'Have the pitches of many companies made',
    scope: 'write',
    starts: true,
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: PitchBatchAsk,
    answer: PitchBatch,
    answers: { 200: 'All were stored', 202: 'It has begun: ask again at the Location' },
    example: { domains: ['acme.example', 'globex.example'], template: 'concise' },
    handle: async (call) => {
      const { deps, caller, body, response } = call;
      const { batchId } = await begin(call, body.domains, '/domains');
      const batch = await readBatch(deps, caller, batchId);
      if (batch.over) return { body: batch };
      response.set({ location: `/api/v1/pitch-batches/${batchId}`, 'retry-after': '2' });
      return { status: 202, body: batch };
    },
  }),
  route({
    method: 'get',
    path: '/pitch-batches/{id}',
    id: 'getPitchBatch',
    summary: 'How far a batch is, and each of its requests',
    scope: 'read',
    params: IdParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: PitchBatch,
    answers: { 200: 'Where it stands' },
    handle: async ({ deps, caller, params }) => ({ body: await readBatch(deps, caller, params.id) }),
  }),
  route({
    method: 'post',
    path: '/pitch-batches/{id}/cancel',
    id: 'cancelPitchBatch',
    summary: 'Cancel what is not made yet of a batch, or of the one that a request belongs to',
    scope: 'write',
    params: IdParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: PitchBatch,
    answers: { 200: 'Where it stands' },
    handle: async ({ deps, caller, params }) => {
      await deps.db.inWorkspace(caller.workspaceId, (tx) => cancelRequests(tx, params.id));
      return { body: await readBatch(deps, caller, params.id) };
    },
  }),
];

/** @param place as in `readDomains` */
async function begin(
  call: Call<unknown, unknown, z.output<typeof PitchAsk>>,
  inputs: readonly string[],
  place: string | null,
): Promise<z.infer<typeof Begun>> {
  const { deps, caller, body } = call;
  const domains = readDomains(inputs, place);
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, caller.workspaceId);
  return startOnce(call, Begun, (tx) =>
    askForPitches(tx, deps.queue, {
      workspaceId: caller.workspaceId,
      model: deps.modelName,
      domains,
      order: { template: body.template, persona: body.persona, wishes: body.settings },
      force: body.force,
      askedBy: { via: 'api', name: caller.name },
      textModels: deps.textModels,
      spent,
    }),
  );
}

function isOver(state: StoredRequest['state']): boolean {
  return state !== 'waiting' && state !== 'working';
}

async function readRequest(deps: WebDeps, caller: Caller, id: string): Promise<z.infer<typeof PitchRequest>> {
  const found = await deps.db.inWorkspace(caller.workspaceId, (tx) => findRequest(tx, id));
  if (found !== null) return describe(found);
  throw new ApiError(404, `There is no request ${id}`, 'POST /api/v1/companies/{domain}/pitches makes one.', {
    kind: 'no-such-request',
  });
}

async function readBatch(deps: WebDeps, caller: Caller, id: string): Promise<z.infer<typeof PitchBatch>> {
  const { counts, requests } = await deps.db.inWorkspace(caller.workspaceId, async (tx) => ({
    counts: await countRequests(tx, id),
    requests: await listRequests(tx, id),
  }));
  if (requests.length === 0)
    throw new ApiError(404, `There is no batch ${id}`, 'POST /api/v1/pitch-batches makes one.', {
      kind: 'no-such-batch',
    });
  return { id, counts, over: counts.waiting + counts.working === 0, requests: requests.map(describe) };
}

function describe({ error, askedAt, finishedAt, ...request }: StoredRequest): z.infer<typeof PitchRequest> {
  return {
    ...request,
    why: error,
    askedAt: askedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
