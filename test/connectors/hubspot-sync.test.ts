import assert from 'node:assert/strict';
import test from 'node:test';
import { asList, asObject, makeCompany, makeWorld, startPortal } from '../sandbox/hubspot-start.ts';
import type { TestPortal } from '../sandbox/hubspot-start.ts';
import type { ProviderCall } from '../../src/connectors/call.ts';
import type { SyncCursor } from '../../src/connectors/crm.ts';
import { LOOKBACK_MS } from '../../src/connectors/hubspot/cursor.ts';
import { connect, ids, quiet, sync } from './hubspot-connect.ts';

const FIRST = '100000000001';
const SECOND = '100000000002';
const HOUR_MS = 3_600_000;

const rename = (portal: TestPortal, id: string, name: string) =>
  portal.edit({ as: 'rep:Anna', object: 'company', id, properties: { name } });

const passTime = (portal: TestPortal, offsetMs: number) => portal.call('POST', '/_twin/clock', { offsetMs });

test('the first sync reads every company and contact in the house’s own shape', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const companies = (await sync(crm, 'company', null)).records;
  assert.equal(companies.length, 10);
  assert.deepEqual(companies[0], {
    object: 'company',
    externalId: FIRST,
    name: 'Company 1',
    companyName: null,
    website: 'company-1.example',
    email: null,
    title: null,
    industry: 'Robotics',
    employees: 51,
    country: 'Denmark',
    ownerId: null,
    parentId: null,
    modifiedAt: '2026-06-01T09:00:00.000Z',
    deleted: false,
    mergedInto: null,
    convertedTo: null,
    isPerson: false,
    signs: { customer: null, optedOut: false, openDeals: 0 },
    others: {},
    ours: {},
  });
  const [contact] = (await sync(crm, 'contact', null)).records;
  assert.deepEqual(
    [contact?.name, contact?.companyName, contact?.email, contact?.title, contact?.parentId],
    ['Tove Lindgaard 1', 'Company 1', 'tove1@company-1.example', 'CTO', FIRST],
  );
});

test('a second sync of an unchanged portal takes two calls and reads nothing', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const { cursor } = await sync(crm, 'company', null);
  const before = portal.calls();
  const again = await sync(crm, 'company', cursor);
  assert.deepEqual(again.records, []);
  assert.equal(portal.calls() - before, 2, 'one for archived records, one search');
});

test('a second sync reads only what changed, and so does the third', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const first = await sync(crm, 'company', null);
  await passTime(portal, 2 * LOOKBACK_MS);
  await rename(portal, SECOND, 'Renamed');
  // Later than the moments that a sync looks back for what search may have shown too late.
  await passTime(portal, 4 * LOOKBACK_MS);
  const second = await sync(crm, 'company', first.cursor);
  assert.deepEqual(ids(second.records), [SECOND]);
  assert.equal(second.records[0]?.name, 'Renamed');
  await passTime(portal, 6 * LOOKBACK_MS);
  const created = await portal.edit({
    operation: 'create',
    as: 'rep:Anna',
    object: 'company',
    properties: { name: 'Newcomer' },
  });
  const third = await sync(crm, 'company', second.cursor);
  assert.deepEqual(ids(third.records), [created.id]);
});

test(
  '25,000 companies changed at one moment all arrive by search, and the sync ends',
  { timeout: 60_000 },
  async (context) => {
    const companies = Array.from({ length: 25_000 }, (_, place) => makeCompany(place + 1));
    const portal = await startPortal(context, {
      world: makeWorld(companies),
      limits: { searchesPerSecond: null },
    });
    const crm = connect(portal);
    // As a sync that last began before the import: all 25,000 carry its one timestamp.
    const cursor = { ...(await sync(crm, 'contact', null)).cursor, startedAt: '2026-05-31T00:00:00.000Z' };
    const { records } = await sync(crm, 'company', cursor);
    assert.equal(new Set(ids(records)).size, 25_000);
    assert.equal(records.length, 25_000);
    assert.equal(portal.calls('search'), 125);
  },
);

test('a change that search shows only later is not lost', async (context) => {
  const portal = await startPortal(context, { limits: { searchDelayMs: 60_000 } });
  const crm = connect(portal);
  const first = await sync(crm, 'company', null);
  await passTime(portal, HOUR_MS);
  await rename(portal, FIRST, 'Late');
  const second = await sync(crm, 'company', first.cursor);
  assert.deepEqual(second.records, [], 'the index does not know yet');
  await passTime(portal, HOUR_MS + 61_000);
  const third = await sync(crm, 'company', second.cursor);
  assert.deepEqual(ids(third.records), [FIRST]);
  assert.ok(LOOKBACK_MS > 60_000);
});

test('a change that search shows only most of an hour later is found by one of the syncs that look far back', async (context) => {
  const minutes = 60_000;
  const portal = await startPortal(context, { limits: { searchDelayMs: 50 * minutes } });
  const crm = connect(portal);
  let { cursor } = await sync(crm, 'company', null);
  const found: string[] = [];
  for (let at = 15; at <= 180; at += 15) {
    await passTime(portal, at * minutes);
    if (at === 15) await rename(portal, FIRST, 'Late');
    if (at === 60) await rename(portal, SECOND, 'Late, too');
    const next = await sync(crm, 'company', cursor);
    found.push(...ids(next.records));
    ({ cursor } = next);
  }
  assert.deepEqual([...new Set(found)].toSorted(), [FIRST, SECOND].toSorted());
  assert.ok(found.length <= 4, `an unchanged portal is read again: ${found.join(', ')}`);
});

test('the cursor never passes the start of the sync: what changes while it runs comes with the next', async (context) => {
  const portal = await startPortal(context, { limits: { searchesPerSecond: null } });
  const crm = connect(portal);
  let cursor: SyncCursor | null = (await sync(crm, 'company', null)).cursor;
  await passTime(portal, HOUR_MS);
  for (const id of [FIRST, '100000000010']) await rename(portal, id, 'Changed');
  for await (const page of crm.readChanges('company', cursor, quiet())) {
    await rename(portal, SECOND, 'Changed meanwhile');
    cursor = page.cursor;
  }
  assert.ok(typeof cursor.startedAt === 'string');
  assert.ok(Date.parse(cursor.startedAt) <= Date.now() + HOUR_MS);
  assert.ok(ids((await sync(crm, 'company', cursor)).records).includes(SECOND));
});

test('a sync that is cut off goes on where it stopped', async (context) => {
  const companies = Array.from({ length: 450 }, (_, place) => makeCompany(place + 1));
  const portal = await startPortal(context, {
    world: makeWorld(companies),
    limits: { searchesPerSecond: null },
  });
  const crm = connect(portal);
  for (const start of [
    null,
    { ...(await sync(crm, 'company', null)).cursor, startedAt: '2026-05-31T00:00:00.000Z' },
  ]) {
    const seen: string[] = [];
    let cursor: SyncCursor | null = start;
    for (let ended = false; !ended;) {
      ended = true;
      for await (const page of crm.readChanges('company', cursor, quiet())) {
        seen.push(...ids(page.records));
        cursor = JSON.parse(JSON.stringify(page.cursor));
        if (page.cursor.phase === 'done') continue;
        ended = false;
        break;
      }
    }
    assert.deepEqual(seen.toSorted(), companies.map((company) => company.id).toSorted());
  }
});

test('archived companies come as deleted, once', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  await portal.edit({ operation: 'archive', as: 'rep:Anna', object: 'company', id: SECOND });
  await passTime(portal, 2 * LOOKBACK_MS);
  const first = await sync(crm, 'company', null);
  assert.equal(first.records.find((record) => record.externalId === SECOND)?.deleted, true);
  await passTime(portal, HOUR_MS);
  await portal.edit({ operation: 'archive', as: 'rep:Anna', object: 'company', id: FIRST });
  await passTime(portal, HOUR_MS + 2 * LOOKBACK_MS);
  const second = await sync(crm, 'company', first.cursor);
  assert.deepEqual(
    second.records.map((record) => [record.externalId, record.deleted]),
    [[FIRST, true]],
  );
  await passTime(portal, 2 * HOUR_MS);
  assert.deepEqual((await sync(crm, 'company', second.cursor)).records, []);
});

test('a long list of archived companies is not walked in every sync, and walked in time', async (context) => {
  const minutes = 60_000;
  const companies = Array.from({ length: 1_120 }, (_, place) => makeCompany(place + 1));
  const portal = await startPortal(context, { world: makeWorld(companies), limits: { burst: null } });
  const all = companies.map(({ id }) => id);
  for (let from = 0; from < 1_110; from += 100)
    await portal.call('POST', '/crm/objects/2026-09/companies/batch/archive', {
      inputs: all.slice(from, Math.min(from + 100, 1_110)).map((id) => ({ id })),
    });
  let offset = 0;
  const crm = connect(portal, { now: () => new Date(Date.now() + offset) });
  const syncAt = async (atMs: number, cursor: SyncCursor | null) => {
    offset = atMs;
    await passTime(portal, atMs);
    const before = portal.calls('list');
    const { records, cursor: next } = await sync(crm, 'company', cursor);
    return {
      gone: ids(records.filter(({ deleted }) => deleted)),
      cursor: next,
      lists: portal.calls('list') - before,
    };
  };
  const last = all.at(-1) ?? '';
  const first = await syncAt(10 * minutes, null);
  assert.deepEqual(
    [first.gone.length, first.lists],
    [1_110, 13],
    'twelve pages of archived ones, one of the others',
  );
  await portal.edit({ operation: 'archive', as: 'rep:Anna', object: 'company', id: last });

  const soon = await syncAt(25 * minutes, first.cursor);
  assert.deepEqual([soon.gone, soon.lists], [[], 0]);
  // Twelve pages, a minute and a half for each.
  const later = await syncAt(29 * minutes, soon.cursor);
  assert.deepEqual([later.gone, later.lists], [[last], 12]);
  assert.equal((await syncAt(44 * minutes, later.cursor)).lists, 0);
});

test('a company that comes back from the archive is alive again', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  await portal.edit({ operation: 'archive', as: 'rep:Anna', object: 'company', id: FIRST });
  const first = await sync(crm, 'company', null);
  await passTime(portal, HOUR_MS);
  await portal.edit({ operation: 'restore', as: 'rep:Anna', object: 'company', id: FIRST });
  const { records } = await sync(crm, 'company', first.cursor);
  assert.deepEqual(
    records.map((record) => [record.externalId, record.deleted]),
    [[FIRST, false]],
  );
});

test('after a merge both old companies point to the new one, also over two merges', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const first = await sync(crm, 'company', null);
  await passTime(portal, HOUR_MS);
  const one = await portal.edit({
    operation: 'merge',
    as: 'rep:Anna',
    object: 'company',
    id: FIRST,
    other: SECOND,
  });
  const survivor = String(one.id);
  const second = await sync(crm, 'company', first.cursor);
  const fates = (records: typeof second.records) =>
    new Set(records.map(({ externalId, deleted, mergedInto }) => `${externalId} ${deleted} ${mergedInto}`));
  assert.deepEqual(
    fates(second.records),
    new Set([`${FIRST} true ${survivor}`, `${SECOND} true ${survivor}`, `${survivor} false null`]),
  );
  await passTime(portal, 2 * HOUR_MS);
  const two = await portal.edit({
    operation: 'merge',
    as: 'rep:Anna',
    object: 'company',
    id: '100000000003',
    other: one.id,
  });
  const third = await sync(crm, 'company', second.cursor);
  assert.deepEqual(
    third.records
      .filter((record) => record.mergedInto === two.id)
      .map((record) => record.externalId)
      .toSorted(),
    [FIRST, SECOND, '100000000003', String(one.id)].toSorted(),
  );
  const contacts = await sync(crm, 'contact', null);
  assert.deepEqual(new Set(contacts.records.map((record) => record.parentId)), new Set([two.id]));
});

test('HubSpot’s own leads are not read: the contact behind one is', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const lead = await portal.edit({
    operation: 'create',
    as: 'rep:Anna',
    object: 'lead',
    properties: { hs_lead_name: 'Big one' },
  });
  await portal.edit({
    operation: 'associate',
    as: 'rep:Anna',
    object: 'lead',
    id: String(lead.id),
    to: { object: 'contact', id: '500000000001' },
  });
  const read = [...(await sync(crm, 'company', null)).records, ...(await sync(crm, 'contact', null)).records];
  assert.ok(!ids(read).includes(String(lead.id)));
  assert.ok(ids(read).includes('500000000001'));
  const { calls } = (await portal.call('GET', '/_twin/calls?full')).json;
  assert.ok(asList(calls).every((call) => !String(call.path).includes('leads')));
  assert.equal(asList(asObject((await portal.dump()).leads).records).length, 1);
});

test('each call is reported to the ledger, with search apart', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const calls: ProviderCall[] = [];
  const { cursor } = await sync(crm, 'company', null, (call) => calls.push(call));
  await sync(crm, 'company', cursor, (call) => calls.push(call));
  assert.deepEqual(
    calls.map((call) => call.operation),
    ['list', 'list', 'list', 'search'],
  );
  assert.ok(calls.every((call) => call.provider === 'hubspot' && call.ok && call.requests === 1));
});

test('a sync stops when it is told to', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const stop = new AbortController();
  const pages = crm.readChanges('company', null, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(pages.next(), /enough/);
  assert.equal(portal.calls(), 0);
});

test('a property that the settings name and HubSpot does not have stops the sync, by name', async (context) => {
  const portal = await startPortal(context);
  // HubSpot itself would answer as if every company's were empty.
  const reading = {
    fields: { company: { industry: ['branche'] } },
    others: {},
    deals: true,
    customers: true,
    optedOut: true,
  };
  const crm = connect(portal, { reading });
  await assert.rejects(
    sync(crm, 'company', null),
    /there is no company property branche, and the connection's settings name it \(industry\)/,
  );
  assert.equal((await sync(crm, 'contact', null)).records.length > 0, true);
});

test('what the portal says of customers, deals and consent comes along', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const signsOf = async (object: 'company' | 'contact') => (await sync(crm, object, null)).records[0]?.signs;
  const { externalId } = (await sync(crm, 'contact', null)).records[0] ?? assert.fail();
  await portal.edit({ as: 'rep:Anna', object: 'company', id: FIRST, properties: { lifecyclestage: 'evangelist' } }); // prettier-ignore
  await portal.edit({ operation: 'calculate', object: 'company', id: FIRST, properties: { hs_num_open_deals: '3' } }); // prettier-ignore
  await portal.edit({ operation: 'calculate', object: 'contact', id: externalId, properties: { hs_email_optout: 'true' } }); // prettier-ignore
  assert.deepEqual(await signsOf('company'), { customer: 'lifecyclestage is evangelist', optedOut: false, openDeals: 3 }); // prettier-ignore
  assert.deepEqual(await signsOf('contact'), { customer: null, optedOut: true, openDeals: 0 });
});
