import { z } from 'zod';
import type { Database, Tx } from '../../src/db.ts';

type Plan = {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
};
const Plan: z.ZodType<Plan> = z.lazy(() =>
  z.object({
    'Actual Rows': z.number(),
    'Actual Loops': z.number(),
    'Rows Removed by Filter': z.number().optional(),
    Plans: z.array(Plan).optional(),
  }),
);
const Explained = z.array(z.object({ Plan }));

/** Rows that a plan's steps handed on or threw away, all told. */
function countRows(plan: Plan): number {
  const own = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
  return (plan.Plans ?? []).reduce((sum, part) => sum + countRows(part), own);
}

/** What `act` answers, and how many rows its statements went through: those that read, or all, where none changes what the next one finds. */
export async function measureRows<T>(
  db: Database,
  workspaceId: string,
  act: (tx: Tx) => Promise<T>,
  { updatesToo = false } = {},
): Promise<{ answer: T; rows: number }> {
  let rows = 0;
  const answer = await db.inWorkspace(workspaceId, async (tx) =>
    act({
      client: tx.client,
      query: async (text, values) => {
        if (!text.startsWith('set ') && (updatesToo || !/\bupdate\b/.test(text))) {
          const explained = await tx.query<{ 'QUERY PLAN': unknown }>(
            `explain (analyze, format json) ${text}`,
            values,
          );
          for (const { Plan: plan } of Explained.parse(explained.rows[0]?.['QUERY PLAN']))
            rows += countRows(plan);
        }
        return tx.query(text, values);
      },
    }),
  );
  return { answer, rows };
}
