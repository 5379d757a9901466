import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { openDatabase } from '../../../src/db.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { until } from '../../harness/browser-page.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createTestDatabase } from '../../harness/database.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';

const ROWS = 2_000;
// Stored, counted, listed and forgotten.
const LOOKS_AT_A_SIGHTING = 10;

test('the first time that a young database has everything read anew, each row is looked up among those that came', async (t) => {
  const here = await createTestDatabase();
  const admin = new pg.Client({ connectionString: here.url });
  await admin.connect();
  t.after(async () => {
    await admin.end();
    await here.close();
  });
  const read = async (): Promise<number> => {
    const { rows } = await admin.query<{ n: string }>(
      `select sum(idx_tup_read) as n from pg_stat_user_indexes where relname = 'sightings'`,
    );
    return Number(rows[0]?.n);
  };
  const workspaceId = await ensureWorkspace(here.db);
  const connection = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureConnection(tx, workspaceId, 'salesforce', 'young'),
  );
  const records = Array.from({ length: ROWS }, (_, row) => crmRecord('Account', `row${row}`));
  const worker = await openDatabase(here.url);
  const sync = (some: typeof records) =>
    syncConnection({
      db: worker,
      crm: createReadingCrm({
        readObjects: ['Account'],
        async *readChanges() {
          yield { records: some, cursor: { page: 1 } };
        },
      }),
      connection,
      call: { signal: new AbortController().signal },
    });

  await sync(records);
  await worker.inWorkspace(workspaceId, (tx) => askForFullSync(tx, connection.id));
  await sync(records.slice(1));
  const { rows } = await worker.inWorkspace(workspaceId, (tx) =>
    tx.query('select external_id as id from record_hints'),
  );
  await worker.close();

  assert.deepEqual(rows, [{ id: 'row0' }]);
  await until(async () => (await read()) >= ROWS, 'its sessions have ended');
  const looks = await read();
  assert.ok(looks < ROWS * LOOKS_AT_A_SIGHTING, `${looks} entries were read for ${ROWS} rows`);
});
