import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrmRecord } from '../../../src/connectors/crm.ts';
import { openDatabase } from '../../../src/db.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { addItems } from '../../../src/pipeline/store/run-items.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { openYoungDatabase } from '../../harness/young-database.ts';

const COMPANIES = 3_000;
// Found by its domain, by its id for the row and the item that point to it, and as one that may be left out.
const LOOKS_AT_A_COMPANY = 10;
const SIGHTINGS = 2_000;
// Stored, counted, listed and forgotten.
const LOOKS_AT_A_SIGHTING = 10;

test('the first large sync and run of a young database look at each company a few times, also in processes that had few before', async (t) => {
  const { url, workspaceId, worker, sync, countReads } = await openYoungDatabase(t);
  const web = await openDatabase(url);
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
    await sync([account(`few${few}`)], few);
    await run();
  }
  const large = await sync(
    Array.from({ length: COMPANIES }, (_, row) => account(`many${row}`)),
    20,
  );
  await run();
  await worker.close();
  await web.close();

  assert.equal(large.companiesAdded, COMPANIES);
  const looks = await countReads('companies', COMPANIES);
  assert.ok(looks < COMPANIES * LOOKS_AT_A_COMPANY, `${looks} entries were read for ${COMPANIES} rows`);
});

test('the first time that a young database has everything read anew, each row is looked up among those that came', async (t) => {
  const { workspaceId, connection, worker, sync, countReads } = await openYoungDatabase(t);
  const records = Array.from({ length: SIGHTINGS }, (_, row) => crmRecord('Account', `row${row}`));

  await sync(records);
  await worker.inWorkspace(workspaceId, (tx) => askForFullSync(tx, connection.id));
  await sync(records.slice(1));
  const { rows } = await worker.inWorkspace(workspaceId, (tx) =>
    tx.query('select external_id as id from record_hints'),
  );
  await worker.close();

  assert.deepEqual(rows, [{ id: 'row0' }]);
  const looks = await countReads('sightings', SIGHTINGS);
  assert.ok(looks < SIGHTINGS * LOOKS_AT_A_SIGHTING, `${looks} entries were read for ${SIGHTINGS} rows`);
});
