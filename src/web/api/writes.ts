import { z } from 'zod';
import { listWrites } from '../../pipeline/store/writes-list.ts';
import { WRITE_STATES } from '../../pipeline/store/writes.ts';
import { requireCompany } from './companies.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { requireRun } from './read-run.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import { WriteList, WrittenField } from './run-shapes.ts';
import { PageQuery } from './shapes.ts';

// Longer than any CRM's.
const LONGEST_ID = 64;

export const writeRoutes = [
  route({
    method: 'get',
    path: '/writes',
    id: 'listWrites',
    summary: 'The ledger of writes, the newest first: what was written where, by which run, old and new',
    scope: 'read',
    params: NO_PARAMS,
    query: PageQuery.extend({
      record: z.string().min(1).max(LONGEST_ID).optional().describe('only this CRM record'),
      company: z.string().min(1).max(253).optional().describe('only this company, by its domain'),
      field: WrittenField.optional(),
      run: z.uuid().optional().describe('only what this run wanted written'),
      state: z.enum(WRITE_STATES).optional(),
    }),
    body: NOTHING,
    answer: WriteList,
    answers: { 200: 'A page of writes' },
    handle: async ({ deps, caller, query }) => {
      const { record, company, field, run, state, limit } = query;
      const beforeId = readCursor(query.cursor, z.int().min(1));
      const found = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        if (run !== undefined) await requireRun(tx, run);
        const companyId = company === undefined ? undefined : (await requireCompany(tx, company)).id;
        const filter = { externalId: record, companyId, field, runId: run, state };
        return listWrites(tx, filter, { limit: limit + 1, beforeId });
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        body: {
          writes: page.map((write) => ({
            ...write,
            plannedAt: write.plannedAt.toISOString(),
            sentAt: write.sentAt?.toISOString() ?? null,
            settledAt: write.settledAt?.toISOString() ?? null,
          })),
          next: last === undefined || found.length === page.length ? null : writeCursor(last.id),
        },
      };
    },
  }),
];
