import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect as connectSalesforce, ledger } from '../../connectors/salesforce/connect.ts';
import { connect as connectHubspot, quiet } from '../../connectors/hubspot-connect.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { listFailed, openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';
import { accountId, smallWorld, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { makeCompany, makeWorld, startPortal } from '../../sandbox/hubspot-start.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const failed = async (desk: Desk): Promise<[string, string][]> =>
  (await listFailed(desk)).map((write): [string, string] => [write.externalId, write.reason ?? '']);

test('HubSpot: of a hundred companies one is archived in between and one has a band that is no option; 98 are written', async (context) => {
  const companies = Array.from({ length: 100 }, (_, place) => makeCompany(place + 1));
  const portal = await startPortal(context, { world: makeWorld(companies) });
  const crm = connectHubspot(portal);
  await crm.installFields(quiet());
  const path = '/crm/properties/2026-09/companies';
  await portal.call('DELETE', `${path}/fieldnote_band`);
  const band = { name: 'fieldnote_band', label: 'Band', groupName: 'fieldnote', type: 'enumeration', fieldType: 'select' }; // prettier-ignore
  const options = ['A', 'B', 'C'].map((value, displayOrder) => ({ label: value, value, displayOrder, hidden: false })); // prettier-ignore
  assert.equal((await portal.call('POST', path, { ...band, options })).status, 201);
  const ids = companies.map(({ id }) => id);
  const [archived = '', unfit = '', ...fine] = ids;
  let first = true;
  const desk = await openDesk(here.db, 'hubspot', undefined, {
    ...crm,
    writeRecords: async (group, rest) => {
      if (first) await portal.edit({ operation: 'archive', as: 'rep:Anna', object: 'company', id: archived });
      first = false;
      return crm.writeRecords(group, rest);
    },
  });
  await desk.plan({ band: 'B' }, [archived, ...fine]);
  await desk.plan({ band: 'D' }, [unfit]);

  const result = await desk.flush({ leaseMs: 30_000 });

  assert.deepEqual([result.applied, result.rejected, result.waiting], [98, 2, 0]);
  const current = await crm.readCurrent('company', fine, quiet());
  assert.ok(current.every((record) => record.values?.band === 'B'));
  const reasons = new Map(await failed(desk));
  assert.deepEqual([...reasons.keys()].toSorted(), [archived, unfit].toSorted());
  assert.match(reasons.get(unfit) ?? '', /INVALID_OPTION: D was not one of .*Add the missing value/);
  assert.match(reasons.get(archived) ?? '', /matches it again/);
  await desk.plan({ band: 'C' }, [unfit]);
  assert.equal((await desk.flush({ leaseMs: 30_000 })).applied, 1);
});

for (const [how, field] of [
  ['in an unconditional collection', 'score'],
  ['in conditional rows', 'pitch'],
] as const)
  test(`Salesforce: a record in an approval and one deleted meanwhile, ${how}, harm none of their neighbours`, async (context) => {
    const twin = await startSmall({ world: smallWorld(60) });
    context.after(() => twin.close());
    const crm = connectSalesforce(twin);
    await crm.installFields(ledger());
    const ids = Array.from({ length: 60 }, (_, index) => accountId(`more-${index}`));
    const [locked = '', deleted = '', ...fine] = ids;
    let first = true;
    const desk = await openDesk(here.db, 'salesforce', undefined, {
      ...crm,
      writeRecords: (group, rest) => {
        if (first) {
          twin.edit({ operation: 'lock', how: 'approval', as: 'rep:Anna', id: locked });
          twin.edit({ operation: 'delete', as: 'rep:Anna', id: deleted });
        }
        first = false;
        return crm.writeRecords(group, rest);
      },
    });
    const desired = field === 'score' ? { score: 7 } : { pitch: 'Hello' };
    await desk.plan(desired, ids);

    const result = await desk.flush({ leaseMs: 30_000 });

    assert.deepEqual([result.applied, result.rejected, result.waiting], [58, 2, 0]);
    const name = field === 'score' ? 'Fieldnote_Score__c' : 'Fieldnote_Pitch__c';
    const written = twin
      .dump()
      .records.filter((record) => record.values[name] === (field === 'score' ? 7 : 'Hello'));
    assert.deepEqual(written.map(({ id }) => id).toSorted(), fine.toSorted());
    const reasons = new Map(await failed(desk));
    assert.match(reasons.get(locked) ?? '', /ENTITY_IS_LOCKED: .*tried again with the next run/);
    assert.match(reasons.get(deleted) ?? '', /ENTITY_IS_DELETED: .*matches it again/);
    twin.edit({ operation: 'unlock', as: 'rep:Anna', id: locked });
    twin.edit({ operation: 'undelete', as: 'rep:Anna', id: deleted });
    await desk.plan(desired, ids);
    assert.equal((await desk.flush({ leaseMs: 30_000 })).applied, 2);
  });
