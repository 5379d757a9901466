import { z } from 'zod';
import { askForUndoWithin } from '../../pipeline/ask-for-undo.ts';
import { findRehearsal } from '../../pipeline/store/rehearsals.ts';
import { findPlan } from '../../pipeline/store/undos.ts';
import { VERDICTS, countVerdicts } from '../../pipeline/store/writes-rehearsal.ts';
import { listRehearsedLines } from '../../pipeline/store/rehearsed-lines.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { startOnce } from './once.ts';
import { ApiError } from './problem.ts';
import { readPatiently } from './read-patiently.ts';
import { isRunOver, readRun, requireRun } from './read-run.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import { Rehearsal, Undo, UndoAsk } from './run-shapes.ts';
import { RunParams } from './runs.ts';
import { PageQuery } from './shapes.ts';

const Begun = z.object({ runId: z.uuid(), unsettled: Undo.shape.unsettled });

export const undoRoutes = [
  route({
    method: 'post',
    path: '/runs/{id}/undo',
    id: 'undoRun',
    summary: 'Put back every field that a run wrote, except those that someone changed since; or rehearse that',
    description:
      'The undo is a run of its own. From its beginning the undone run sends nothing any more. Until all is planned nothing is put back, and it can be cancelled as if it had not been begun: what the run had not sent goes out then. With "dryRun" nothing is written: /runs/{id}/rehearsal of that run tells what would be. With "Prefer: wait=20" it answers when it is over, within that many seconds (25 at most).',
    scope: 'write',
    starts: true,
    params: RunParams,
    query: NO_PARAMS,
    body: UndoAsk,
    answer: Undo,
    answers: { 200: 'It is over', 202: 'It has begun: ask again at the Location' },
    example: { dryRun: true },
    handle: async (call) => {
      const { deps, caller, params, body, response } = call;
      const { workspaceId } = caller;
      const { runId, unsettled } = await startOnce(call, Begun, async (tx) => {
        await requireRun(tx, params.id);
        const { run, unsettled } = await askForUndoWithin(tx, deps.queue, {
          workspaceId,
          runId: params.id,
          dryRun: body.dryRun,
          startedBy: { via: 'api', name: caller.name },
        });
        return { runId: run.id, unsettled: [...unsettled] };
      });
      await readPatiently(call, async () => ({ over: await isRunOver(deps, workspaceId, runId) }));
      const state = await readRun(deps, workspaceId, runId);
      const plan = await deps.db.inWorkspace(workspaceId, (tx) => findPlan(tx, runId));
      const { fields = 0, overtaken = 0 } = plan ?? {};
      const answer = { run: state, fields, overtaken, unsettled };
      if (state.over) return { body: answer };
      response.set({ location: `/api/v1/runs/${runId}`, 'retry-after': '2' });
      return { status: 202, body: answer };
    },
  }),
  route({
    method: 'get',
    path: '/runs/{id}/rehearsal',
    id: 'getRehearsal',
    summary: 'What a dry run would have written: each field’s old and new value, and the calls that it would cost',
    scope: 'read',
    params: RunParams,
    query: PageQuery.extend({ verdict: z.enum(VERDICTS).optional() }),
    body: NOTHING,
    answer: Rehearsal,
    answers: { 200: 'What it came to so far, and a page of fields' },
    handle: async ({ deps, caller, params, query }) => {
      const afterId = readCursor(query.cursor, z.int().min(1)) ?? 0;
      return deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const run = await requireRun(tx, params.id);
        if (!run.dryRun)
          throw new ApiError(
            409,
            `Run ${run.id} is no dry run`,
            'GET /api/v1/writes?run=… lists what it wrote; POST /api/v1/runs with "dryRun" rehearses one.',
            { kind: 'no-dry-run' },
          );
        const read = await findRehearsal(tx, run.id);
        const found =
          read?.readAt === undefined || read.readAt === null
            ? []
            : await listRehearsedLines(tx, run.id, { verdict: query.verdict, afterId, limit: query.limit + 1 });
        const fields = found.slice(0, query.limit);
        const last = fields.at(-1);
        return {
          body: {
            run: run.id,
            state: stateOf(read),
            why: read?.failedBecause ?? null,
            readAt: read?.readAt?.toISOString() ?? null,
            counts: read?.counts ?? (await countVerdicts(tx, run.id)),
            calls: read?.calls ?? null,
            unread: read?.unread ?? [],
            fields,
            next: last === undefined || found.length === fields.length ? null : writeCursor(last.id),
          },
        };
      });
    },
  }),
]; // prettier-ignore

function stateOf(read: Awaited<ReturnType<typeof findRehearsal>>): z.infer<typeof Rehearsal>['state'] {
  if (read === null) return 'none';
  if (read.readAt !== null) return 'read';
  return read.failedBecause === null ? 'waiting' : 'failed';
}
