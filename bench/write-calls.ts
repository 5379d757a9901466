// CRM calls that writing back takes, against the fewest that the platforms allow for the same records.
import { listConnections } from '../src/pipeline/store/connections.ts';
import { countWritesByConnection } from '../src/pipeline/store/writes.ts';
import { measureRun, openPipeline } from './harness/pipeline.ts';
import { printResult, readNumbers } from './harness/print.ts';

const options = readNumbers({ companies: [1_000] });

// Salesforce: a Composite request of five collections of 200 records, or of 25 conditional rows. HubSpot: a batch of 100.
const UNCONDITIONAL = 1_000;
const CONDITIONAL = 25;
const HUBSPOT_BATCH = 100;
const WRITES = /^(composite|collections update|batch update|batch upsert)$/;

const rows: string[][] = [];
const results: object[] = [];
for (const companies of options.companies) {
  const pipeline = await openPipeline({ companies, llm: false });
  try {
    const { app, twins } = pipeline;
    const before = await twins.countCalls();
    await measureRun(pipeline, { concurrency: 32 });
    const after = await twins.countCalls();
    const [run, connections] = await app.db.inWorkspace(
      app.workspaceId,
      async (tx) => [await listRunWrites(tx), await listConnections(tx)] as const,
    );
    for (const crm of ['salesforce', 'hubspot'] as const) {
      const records = run.filter((row) => row.crm === crm && row.state === 'applied');
      const many = records.reduce((sum, row) => sum + row.records, 0);
      const editable = Object.keys(connections.find(({ kind }) => kind === crm)?.fieldAccess ?? {});
      const conditional = records
        .filter((row) => editable.includes(row.object))
        .reduce((sum, row) => sum + row.records, 0);
      const least =
        crm === 'hubspot'
          ? records.reduce((sum, row) => sum + Math.ceil(row.records / HUBSPOT_BATCH), 0)
          : Math.ceil(conditional / CONDITIONAL) + Math.ceil((many - conditional) / UNCONDITIONAL);
      const calls = Object.entries(after[crm]?.byOperation ?? {})
        .map(([operation, { calls: made }]) => ({
          operation,
          calls: made - (before[crm]?.byOperation[operation]?.calls ?? 0),
        }))
        .filter((row) => row.calls > 0);
      const writing = calls.filter(({ operation }) => WRITES.test(operation));
      const made = writing.reduce((sum, row) => sum + row.calls, 0);
      const others = calls.filter((row) => !writing.includes(row));
      rows.push([
        String(companies),
        crm,
        String(many),
        String(conditional),
        String(made),
        String(least),
        (made / Math.max(1, least)).toFixed(2),
        others.map((row) => `${row.calls} ${row.operation}`).join(', '),
      ]);
      results.push({ companies, crm, records: many, conditional, made, least, calls });
    }

    type Tx = Parameters<Parameters<typeof app.db.inWorkspace>[1]>[0];
    async function listRunWrites(tx: Tx) {
      const { rows: runs } = await tx.query<{ id: string }>(
        'select id from runs order by created_at desc limit 1',
      );
      return countWritesByConnection(tx, runs[0]?.id ?? '');
    }
  } finally {
    await pipeline.close();
  }
}
printResult(
  'CRM calls of writing back',
  ['companies', 'CRM', 'records', 'conditional', 'write calls', 'least', 'ratio', 'other calls'],
  rows,
  { results },
);
