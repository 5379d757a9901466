import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import type { CrmRecord } from '../../../src/connectors/crm.ts';
import { openDatabase } from '../../../src/db.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { addItems } from '../../../src/pipeline/store/run-items.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createTestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/browser-page.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';

const ROWS = 3_000;
// Found by its domain, by its id for the row and the item that point to it, and as one that may be left out.
const LOOKS_AT_A_COMPANY = 10;

test('the first large sync and run of a young database look at each company a few times, also in processes that had few before', async (t) => {
  const here = await createTestDatabase();
  const admin = new pg.Client({ connectionString: here.url });
  await admin.connect();
  t.after(async () => {
    await admin.end();
    await here.close();
  });
  const read = async (): Promise<number> => {
    const { rows } = await admin.query<{ n: string }>(
      `select sum(idx_tup_read) as n from pg_stat_user_indexes where relname = 'companies'`,
    );
    return Number(rows[0]?.n);
  };
  const workspaceId = await ensureWorkspace(here.db);
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'salesforce', 'young'),
  );
  const worker = await openDatabase(here.url);
  const web = await openDatabase(here.url);
  const sync = (page: number, records: CrmRecord[]) =>
    syncConnection({
      db: worker,
      crm: createReadingCrm({
        readObjects: ['Account'],
        async *readChanges() {
          yield { records, cursor: { page } };
        },
      }),
      connection,
      call: { signal: new AbortController().signal },
    });
  const account = (name: string): CrmRecord => crmRecord('Account', name, { website: `${name}.example` });

  const run = async (): Promise<void> =>
    web.inWorkspace(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ id: string }>('select id from companies');
      const { id } = await createRun(tx, workspaceId, { kind: 'manual', model: 'm' });
      await addItems(
        tx,
        workspaceId,
        id,
        rows.map((company) => company.id),
      );
    });

  for (let few = 0; few < 12; few += 1) {
    await sync(few, [account(`few${few}`)]);
    await run();
  }
  const large = await sync(
    20,
    Array.from({ length: ROWS }, (_, row) => account(`many${row}`)),
  );
  await run();
  await worker.close();
  await web.close();

  assert.equal(large.companiesAdded, ROWS);
  await until(async () => (await read()) >= ROWS, 'their sessions have ended');
  const looks = await read();
  assert.ok(looks < ROWS * LOOKS_AT_A_COMPANY, `${looks} entries were read for ${ROWS} rows`);
});
