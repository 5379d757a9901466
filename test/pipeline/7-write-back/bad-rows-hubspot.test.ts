import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import type { Crm } from '../../../src/connectors/crm.ts';
import { connect, quiet } from '../../connectors/hubspot-connect.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { openTappedTwin } from '../../harness/twin-stages.ts';
import { listFailed, openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';
import { makeCompany, makeWorld, startPortal } from '../../sandbox/hubspot-start.ts';
import type { TestPortal } from '../../sandbox/hubspot-start.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

/** A portal with our properties and a desk on it; `inBetween` acts once, when everything was read and nothing written. */
async function open(
  context: TestContext,
  inBetween: (portal: TestPortal) => Promise<unknown>,
): Promise<{ portal: TestPortal; crm: Crm; desk: Desk; ids: string[] }> {
  const companies = Array.from({ length: 40 }, (_, place) => makeCompany(place + 1));
  const portal = await startPortal(context, { world: makeWorld(companies) });
  const crm = connect(portal);
  await crm.installFields(quiet());
  let first = true;
  const desk = await openDesk(here.db, 'hubspot', undefined, {
    ...crm,
    writeRecords: async (group, options) => {
      if (first) await inBetween(portal);
      first = false;
      return crm.writeRecords(group, options);
    },
  });
  return { portal, crm, desk, ids: companies.map(({ id }) => id) };
}

const flush = (desk: Desk) => desk.flush({ leaseMs: 30_000 });

for (const form of ['whole', 'row by row', 'silent'] as const)
  test(`whichever way a batch answers for its bad rows (${form}), each ends with its reason and the others are written`, async (context) => {
    const { portal, crm, desk, ids } = await open(context, async ({ edit }) => {
      await edit({ operation: 'archive', as: 'rep:Anna', object: 'company', id: ids[0] });
    });
    const [archived = '', long = '', unfit = '', typed = '', ...fine] = ids;
    await portal.edit({ operation: 'batches', form });
    await portal.edit({ operation: 'limit', object: 'companies', property: 'fieldnote_why', length: 50 });
    const path = '/crm/properties/2026-09/companies';
    await portal.call('DELETE', `${path}/fieldnote_band`);
    const band = { name: 'fieldnote_band', label: 'Band', groupName: 'fieldnote', type: 'enumeration', fieldType: 'select' }; // prettier-ignore
    const options = ['A', 'B'].map((value, displayOrder) => ({ label: value, value, displayOrder, hidden: false })); // prettier-ignore
    assert.equal((await portal.call('POST', path, { ...band, options })).status, 201);
    await portal.edit({
      as: 'rep:Anna',
      object: 'companies',
      id: typed,
      properties: { fieldnote_why: 'Mine' },
    });
    await desk.plan({ why: 'Because', band: 'A' }, [archived, typed, ...fine]);
    await desk.plan({ why: 'Because. '.repeat(10), band: 'A' }, [long]);
    await desk.plan({ why: 'Because', band: 'D' }, [unfit]);

    const result = await flush(desk);

    const counts = [result.applied, result.rejected, result.conflicted, result.waiting];
    assert.deepEqual(counts, [fine.length * 2 + 3, 4, 1, 0]);
    const failed = await listFailed(desk);
    const reasonOf = (id: string, field: string): string =>
      failed
        .filter((write) => write.externalId === id && write.field === field)
        .map((write) => `${write.state}: ${write.reason}`)
        .join();
    assert.match(
      reasonOf(long, 'why'),
      /^rejected: TOO_LONG: Property "fieldnote_why" holds at most 50 characters, not 89\. Widen/,
    );
    assert.match(
      reasonOf(unfit, 'band'),
      /^rejected: INVALID_OPTION: D was not one of .*\[A, B\]\. Add the missing value/,
    );
    assert.match(
      reasonOf(typed, 'why'),
      /^conflicted: The field holds a value that we never wrote; it stays/,
    );
    for (const field of ['why', 'band'])
      assert.match(reasonOf(archived, field), /^rejected: .*matches it again/s);
    assert.equal(failed.length, 5);
    const held = await crm.readCurrent('company', [...fine, typed], quiet());
    assert.ok(held.every(({ values }) => values?.band === 'A'));
    assert.deepEqual([...new Set(held.map(({ values }) => values?.why))], ['Because', 'Mine']);

    await portal.edit({ operation: 'limit', object: 'companies', property: 'fieldnote_why', length: null });
    await portal.edit({ operation: 'restore', as: 'rep:Anna', object: 'company', id: archived });
    await desk.plan({ why: 'Because. '.repeat(10), band: 'A' }, [long, archived]);
    await desk.plan({ band: 'B' }, [unfit]);
    assert.equal((await flush(desk)).applied, 4);
    assert.deepEqual((await listFailed(desk)).map(({ externalId }) => externalId), [typed]); // prettier-ignore
  });

test('a property that an administrator removes between our read and our write costs only its own values', async (context) => {
  const path = '/crm/properties/2026-09/companies';
  const { desk, crm, ids } = await open(context, ({ call }) => call('DELETE', `${path}/fieldnote_why`));
  await desk.plan({ score: 7, why: 'Because' }, ids);

  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.waiting], [ids.length, ids.length, 0]);
  const failed = await listFailed(desk);
  assert.deepEqual([...new Set(failed.map(({ field }) => field))], ['why']);
  assert.match(failed[0]?.reason ?? '', /^PROPERTY_DOESNT_EXIST: .*fieldnote connect hubspot --install/);
  await crm.installFields(quiet());
  await desk.plan({ score: 7, why: 'Because' }, ids);
  assert.equal((await flush(desk)).applied, ids.length);
});

const BatchRead = z.looseObject({ results: z.array(z.looseObject({ id: z.string() })) });

/** A twin that will not tell of one record when it is read in a batch, but for its words; `asked`: which of the reads. */
async function openSilent(context: TestContext, asked: (body: string) => boolean) {
  const tapped = await openTappedTwin('hubspot');
  context.after(() => tapped.close());
  const ids = await tapped.create(6);
  const [silent = ''] = ids;
  tapped.tap.rewrite = ({ path, body }, answer) => {
    const batch = path.includes('/batch/read') && asked(body) ? BatchRead.parse(JSON.parse(answer)) : null;
    if (batch === null || batch.results.every(({ id }) => id !== silent)) return answer;
    const error = { category: 'INTERNAL', message: 'row is being rebuilt', context: { ids: [silent] } };
    const results = batch.results.filter(({ id }) => id !== silent);
    return JSON.stringify({ ...batch, results, numErrors: 1, errors: [error] });
  };
  return { tapped, ids, silent, desk: await openDesk(here.db, 'hubspot', undefined, tapped.crm) };
}

test('a record that HubSpot will not read holds up no other, and ends with HubSpot’s words', async (context) => {
  const { desk, ids, silent, tapped } = await openSilent(context, () => true);
  await desk.plan({ score: 7 }, ids);

  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.waiting], [ids.length - 1, 1, 0]);
  const [failed] = await listFailed(desk);
  assert.equal(failed?.externalId, silent);
  assert.match(failed?.reason ?? '', /^INTERNAL: .*row is being rebuilt/);
  tapped.tap.rewrite = null;
  await desk.plan({ score: 7 }, [silent]);
  assert.equal((await flush(desk)).applied, 1);
});

test('a record whose history HubSpot will not tell is neither gone nor taken for checked, but looked at again', async (context) => {
  const { desk, ids, silent, tapped } = await openSilent(context, (body) =>
    /"propertiesWithHistory":\["/.test(body),
  );
  const run = await desk.plan({ score: 7 }, ids);
  await flush(desk);
  const unchecked = async (): Promise<string[]> =>
    (await desk.writesOf(run)).flatMap(({ externalId, state, returnedValue }) =>
      state === 'applied' && returnedValue === null ? externalId : [],
    );
  assert.deepEqual(await unchecked(), [silent]);

  const later = (): Promise<unknown> =>
    desk.db.inWorkspace(desk.workspaceId, (tx) =>
      tx.query(`update writes set settled_at = settled_at - interval '1 hour'`),
    );
  await later();
  await flush(desk);
  assert.deepEqual(await unchecked(), [silent]);
  tapped.tap.rewrite = null;
  await flush(desk);
  assert.deepEqual(await unchecked(), []);
});
