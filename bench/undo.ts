// What planning the undo of a large run takes: seconds and memory, by records. Nothing is sent.
import { FIELDS } from '../src/connectors/crm-fields.ts';
import { openDatabase } from '../src/db.ts';
import type { Database } from '../src/db.ts';
import { migrate } from '../src/migrate.ts';
import { planUndo } from '../src/pipeline/7-write-back/undo.ts';
import { ensureCompany } from '../src/pipeline/store/companies.ts';
import { ensureConnection } from '../src/pipeline/store/connections.ts';
import { createRun } from '../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../src/pipeline/store/workspaces.ts';
import { createBenchDatabase } from './harness/database.ts';
import { printResult, readNumbers } from './harness/print.ts';

// Smallest first: a process's peak only grows.
const options = readNumbers({ records: [4_000, 40_000] });
const LOOK_EVERY_MS = 20;
const MB = 2 ** 20;
// Characters of the texts that went before: about what pitch, personas and reasons of a company hold.
const TEXT = 700;
const COMPANIES = 1_000;

const database = await createBenchDatabase();
await migrate(database.url);
const db = await openDatabase(database.url);
const rows: string[][] = [];
const results: object[] = [];
try {
  const workspaceId = await ensureWorkspace(db);
  for (const records of options.records.toSorted((a, b) => a - b)) {
    const runId = await fill(db, workspaceId, records);
    const cpuBefore = await database.cpuSeconds();
    const { heapMb, rssMb, seconds, fields } = await measure(() => planUndo(db, { workspaceId, runId }));
    const databaseSeconds = (await database.cpuSeconds()) - cpuBefore;
    rows.push([records, fields, seconds.toFixed(1), databaseSeconds.toFixed(1), heapMb.toFixed(0), rssMb.toFixed(0)].map(String)); // prettier-ignore
    results.push({ records, fields, seconds, databaseSeconds, heapMb, rssMb });
  }
} finally {
  await db.close();
  await database.close();
}
printResult(
  'planning an undo',
  ['records', 'fields', 'seconds', 'database, s CPU', 'heap at most, MB', 'process at most, MB'],
  rows,
  { results },
);

/** A run that wrote every field of so many records, over what an earlier one had left there. Returns its id. */
async function fill(on: Database, workspaceId: string, records: number): Promise<string> {
  return on.inWorkspace(workspaceId, async (tx) => {
    const connection = await ensureConnection(tx, workspaceId, 'hubspot', 'default');
    for (let n = 0; n < COMPANIES; n += 1) await ensureCompany(tx, workspaceId, { domain: `c${n}.example` });
    const run = await createRun(tx, workspaceId, { kind: 'manual', model: 'gpu-infrastructure' });
    await tx.query(`update runs set state = 'done' where id = $1`, [run.id]);
    // In portions: a statement has a minute.
    const portion = 2_000;
    for (let first = 0; first < records; first += portion)
      await tx.query(
        `insert into writes (workspace_id, run_id, connection_id, object, external_id, company_id, field, old_value, new_value,
           returned_value, state, settled_at)
         select $1, $2::uuid, $3, 'company', left($2::uuid::text, 8) || n, c.ids[1 + n % cardinality(c.ids)], field, to_jsonb(repeat('o', $6)),
           to_jsonb(repeat('n', $6)), to_jsonb(repeat('n', $6)), 'applied', now()
         from (select array_agg(id) as ids from companies) c, generate_series($4::integer, $5::integer) n, unnest($7::text[]) field order by n`,
        [
          workspaceId,
          run.id,
          connection.id,
          first,
          Math.min(records, first + portion) - 1,
          TEXT,
          FIELDS.map(({ key }) => key),
        ],
      );
    return run.id;
  });
}

async function measure<T extends { fields: number }>(
  act: () => Promise<T>,
): Promise<{ heapMb: number; rssMb: number; seconds: number; fields: number }> {
  let [heap, rss] = [0, 0];
  const look = (): void => {
    const now = process.memoryUsage();
    heap = Math.max(heap, now.heapUsed);
    rss = Math.max(rss, now.rss);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  const began = performance.now();
  try {
    const { fields } = await act();
    const seconds = (performance.now() - began) / 1000;
    look();
    return { heapMb: heap / MB, rssMb: rss / MB, seconds, fields };
  } finally {
    clearInterval(timer);
  }
}
