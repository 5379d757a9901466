import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CrmRecord } from '../../../src/connectors/crm.ts';
import { mirrorRecord } from '../../../src/pipeline/1-sync/mirror-record.ts';
import {
  ensureCompany,
  findCompany,
  findCompanyByDomain,
  noteEnriched,
} from '../../../src/pipeline/store/companies.ts';
import type { Company } from '../../../src/pipeline/store/companies.ts';
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
const merge = (record: CrmRecord): Promise<void> =>
  here.db.inWorkspace(workspaceId, async (tx) => {
    const connection = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
    const row = prepareRecord(mirrorRecord(record, connection.settings.exclude));
    await mergeRecords(tx, { workspaceId, connectionId: connection.id }, gatherRecords([row]));
  });

test('a company is due again while a CRM holds a record of it, and not when somebody only asked about it', async () => {
  const { id } = await here.db.inWorkspace(workspaceId, (tx) =>
    ensureCompany(tx, workspaceId, { domain: 'quillmere.example' }),
  );
  const sync = (changes: Partial<CrmRecord> = {}): Promise<void> => merge({ ...account, ...changes });
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

test('a value that somebody moves to the field where it belongs changes the company, also while it is researched', async () => {
  const tbilisi = crmRecord('Account', '002', { name: 'Tbilisi AI', website: 'tbilisi.example' });
  const find = () =>
    here.db
      .inWorkspace(workspaceId, (tx) => findCompanyByDomain(tx, 'tbilisi.example'))
      .then((found) => {
        assert.ok(found);
        return found;
      });
  const enrich = ({ id, inputHash }: Company): Promise<void> =>
    here.db.inWorkspace(workspaceId, (tx) =>
      noteEnriched(tx, id, { inputHash, startedAt: new Date(Date.now() + 60_000), dueAt: NEXT_WEEK }),
    );
  await merge({ ...tbilisi, industry: 'Georgia' });
  const before = await find();
  await enrich(before);
  assert.deepEqual((await find()).dueAt, NEXT_WEEK);

  await merge({ ...tbilisi, country: 'Georgia', modifiedAt: '2026-11-02T00:00:00.000Z' });

  const moved = await find();
  assert.deepEqual([moved.industry, moved.country], [null, 'Georgia']);
  assert.ok(moved.dueAt !== null && moved.dueAt <= new Date(), 'due now');
  // As research ends that began before.
  await enrich(before);
  assert.deepEqual((await find()).dueAt, moved.dueAt);
});

test('a company whose facts an earlier version hashed is not researched again for that', async () => {
  const known = crmRecord('Account', '003', { name: 'Known', website: 'known.example' });
  await merge(known);
  await here.db.inWorkspace(workspaceId, async (tx) => {
    const company = await findCompanyByDomain(tx, 'known.example');
    assert.ok(company);
    await noteEnriched(tx, company.id, { inputHash: company.inputHash, startedAt: new Date(Date.now() + 60_000), dueAt: NEXT_WEEK }); // prettier-ignore
    await tx.query(`update companies set input_hash = md5('as it was') where id = $1`, [company.id]);
  });

  await merge({ ...known, ownerId: '005', modifiedAt: '2026-11-02T00:00:00.000Z' });

  const company = await here.db.inWorkspace(workspaceId, (tx) => findCompanyByDomain(tx, 'known.example'));
  assert.deepEqual(company?.dueAt, NEXT_WEEK);
});
