import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CrmRecord } from '../../../src/connectors/crm.ts';
import { mirrorRecord } from '../../../src/pipeline/1-sync/mirror-record.ts';
import { ensureCompany, findCompany, noteEnriched } from '../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { gatherRecords, mergeRecords, prepareRecord } from '../../../src/pipeline/store/merge-records.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { crmRecord } from '../../harness/crm-record.ts';

let here: TestDatabase;
let workspaceId: string;
before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
});
after(() => here.close());

const NEXT_WEEK = new Date(Date.now() + 7 * 86_400_000);
const account = crmRecord('Account', '001', { name: 'Quillmere', website: 'quillmere.example' });

test('a company is due again while a CRM holds a record of it, and not when somebody only asked about it', async () => {
  const { id } = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureCompany(tx, workspaceId, { domain: 'quillmere.example' }),
  );
  const sync = (changes: Partial<CrmRecord> = {}): Promise<void> =>
    here.db.inWorkspace(workspaceId, async (tx) => {
      const connection = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
      const row = prepareRecord(mirrorRecord({ ...account, ...changes }, connection.settings.exclude));
      await mergeRecords(tx, { workspaceId, connectionId: connection.id }, gatherRecords([row]));
    });
  const dueAt = () => here.db.inWorkspace(workspaceId, async (tx) => (await findCompany(tx, id))?.dueAt);
  const enrich = (startedAt = new Date()) =>
    here.db.inWorkspace(workspaceId, async (tx) => {
      const company = await findCompany(tx, id);
      await noteEnriched(tx, id, { inputHash: company?.inputHash ?? '', startedAt, dueAt: NEXT_WEEK });
    });

  await enrich();
  assert.equal(await dueAt(), null, 'in no CRM');

  await sync();
  assert.ok(((await dueAt())?.getTime() ?? Infinity) <= Date.now(), 'a record came: due now');
  await enrich();
  assert.deepEqual(await dueAt(), NEXT_WEEK);

  await enrich(new Date(Date.now() - 3_600_000));
  assert.ok(((await dueAt())?.getTime() ?? Infinity) <= Date.now(), 'the record came while the work went on');

  await sync({ deleted: true });
  await enrich();
  assert.equal(await dueAt(), null, 'its only record was deleted');

  await sync();
  assert.ok(((await dueAt())?.getTime() ?? Infinity) <= Date.now(), 'taken out of the recycle bin');
});
