import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { asList, asObject, makeCompany, makeWorld, startPortal } from './hubspot-start.ts';
import type { TestPortal } from './hubspot-start.ts';

const COMPANIES = '/crm/objects/2026-09/companies';
const FIRST = '100000000001';
const SECOND = '100000000002';

async function readProperties(
  portal: TestPortal,
  id: string,
  ...names: string[]
): Promise<Record<string, unknown>> {
  const { json } = await portal.call('GET', `${COMPANIES}/${id}?properties=${names.join(',')}`);
  const properties = asObject(json.properties);
  return Object.fromEntries(names.map((name) => [name, properties[name]]));
}

async function dumpCompany(portal: TestPortal, id: string): Promise<Record<string, unknown>> {
  const { companies } = await portal.dump();
  const found = asList(asObject(companies).records).find((record) => record.id === id);
  assert.ok(found !== undefined, `company ${id} is in the dump`);
  return found;
}

test('every path answers alike in its dated and its numbered form', async (context) => {
  const { call } = await startPortal(context);
  for (const [dated, numbered] of [
    [`${COMPANIES}?limit=2`, '/crm/v3/objects/companies?limit=2'],
    [`${COMPANIES}/${FIRST}`, `/crm/v3/objects/company/${FIRST}`],
    ['/crm/properties/2026-09/companies', '/crm/v3/properties/0-2'],
    [
      `${COMPANIES}/${FIRST}/associations/contacts`,
      `/crm/v4/objects/companies/${FIRST}/associations/contacts`,
    ],
    ['/account-info/2026-09/details', '/account-info/v3/details'],
  ] as const) {
    const [one, two] = [await call('GET', dated), await call('GET', numbered)];
    assert.equal(one.status, 200);
    assert.deepEqual({ ...one.json, paging: null }, { ...two.json, paging: null });
  }
});

test('values are stored in HubSpot’s normal form', async (context) => {
  const portal = await startPortal(context);
  const inputs = [
    {
      id: FIRST,
      properties: {
        name: '  Nordlys Robotics ',
        domain: 'HTTPS://Nordlys.Example/about',
        numberofemployees: '0120.0',
        createdate: '1767225600000',
        is_public: 'TRUE',
      },
    },
  ];
  assert.equal((await portal.call('POST', `${COMPANIES}/batch/update`, { inputs })).status, 200);
  assert.deepEqual(
    await readProperties(portal, FIRST, 'name', 'domain', 'numberofemployees', 'createdate', 'is_public'),
    {
      name: 'Nordlys Robotics',
      domain: 'nordlys.example',
      numberofemployees: '120',
      createdate: '2026-01-01T00:00:00.000Z',
      is_public: 'true',
    },
  );
});

test('a missing row of a batch is reported in the answer: 207 on numbered paths, 200 on dated ones', async (context) => {
  const { call } = await startPortal(context);
  const inputs = [FIRST, '7'].map((id) => ({ id, properties: { phone: '1' } }));
  for (const [path, status] of [
    [COMPANIES, 200],
    ['/crm/v3/objects/companies', 207],
  ] as const) {
    for (const action of ['update', 'read']) {
      const answer = await call('POST', `${path}/batch/${action}`, { inputs });
      assert.equal(answer.status, status);
      assert.equal(answer.json.numErrors, 1);
      assert.deepEqual(
        asList(answer.json.results).map((record) => record.id),
        [FIRST],
      );
      const [error] = asList(answer.json.errors);
      assert.equal(error?.category, 'OBJECT_NOT_FOUND');
      assert.deepEqual(error?.context, { ids: ['7'] });
    }
  }
});

test('a property’s history tells a rep’s edit from an integration’s', async (context) => {
  const portal = await startPortal(context);
  const before = await readProperties(portal, FIRST, 'hs_lastmodifieddate');
  await portal.call('PATCH', `${COMPANIES}/${FIRST}`, { properties: { phone: '+45 11' } });
  await portal.edit({ as: 'rep:Anna', object: 'company', id: FIRST, properties: { phone: '+45 22' } });
  await portal.edit({ as: 'integration:Other App', object: 'company', id: FIRST, properties: { phone: '' } });
  const { json } = await portal.call('GET', `${COMPANIES}/${FIRST}?propertiesWithHistory=phone,name`);
  const history = asObject(json.propertiesWithHistory);
  const phone = asList(history.phone);
  assert.deepEqual(
    phone.map((entry) => [entry.value, entry.sourceType]),
    [
      ['', 'INTEGRATION'],
      ['+45 22', 'CRM_UI'],
      ['+45 11', 'INTEGRATION'],
    ],
  );
  assert.equal(phone[1]?.sourceId, `userId:${String(phone[1]?.updatedByUserId)}`);
  assert.equal(phone[2]?.sourceId, '777001', 'our own app is known by its id');
  assert.notEqual(phone[0]?.sourceId, phone[2]?.sourceId);
  assert.deepEqual(
    asList(history.name).map((entry) => entry.sourceType),
    ['IMPORT'],
  );
  const after = await readProperties(portal, FIRST, 'hs_lastmodifieddate');
  assert.notDeepEqual(after, before, 'the record’s modified date moved');
  const dumped = asObject((await dumpCompany(portal, FIRST)).history);
  assert.deepEqual(
    asList(dumped.phone).map((entry) => entry.by),
    ['fieldnote', 'Anna', 'Other App'],
  );
});

test('modified dates move with the twin’s clock', async (context) => {
  const portal = await startPortal(context);
  await portal.call('POST', '/_twin/clock', { offsetMs: 86_400_000 });
  const answer = await portal.call('PATCH', `${COMPANIES}/${FIRST}`, { properties: { phone: '1' } });
  const ahead = Date.parse(String(answer.json.updatedAt)) - Date.now();
  assert.ok(ahead > 86_000_000, `${ahead} ms ahead`);
  assert.ok(Date.parse(answer.headers.get('date') ?? '') - Date.now() > 86_000_000);
});

test('a search finds by every operator', async (context) => {
  const { call, edit } = await startPortal(context, { limits: { searchesPerSecond: null } });
  await edit({
    as: 'rep:Anna',
    object: 'company',
    id: FIRST,
    properties: { phone: '5', name: 'Blue Whale Labs' },
  });
  const find = async (filters: unknown[]): Promise<number[]> => {
    const body = { filterGroups: [{ filters }], sorts: ['-hs_object_id'], limit: 200 };
    const { json } = await call('POST', `${COMPANIES}/search`, body);
    return asList(json.results).map((record) => Number(record.id) - 100_000_000_000);
  };
  const staff = { propertyName: 'numberofemployees' };
  assert.deepEqual(await find([{ ...staff, operator: 'EQ', value: '53' }]), [3]);
  assert.deepEqual(await find([{ ...staff, operator: 'GT', value: '58' }]), [10, 9]);
  assert.deepEqual(await find([{ ...staff, operator: 'GTE', value: '59' }]), [10, 9]);
  assert.deepEqual(await find([{ ...staff, operator: 'LT', value: '53' }]), [2, 1]);
  assert.deepEqual(await find([{ ...staff, operator: 'LTE', value: '52' }]), [2, 1]);
  assert.deepEqual(await find([{ ...staff, operator: 'BETWEEN', value: '54', highValue: '55' }]), [5, 4]);
  assert.deepEqual(await find([{ ...staff, operator: 'IN', values: ['51', '60'] }]), [10, 1]);
  assert.equal((await find([{ ...staff, operator: 'NEQ', value: '53' }])).length, 9);
  assert.equal((await find([{ ...staff, operator: 'NOT_IN', values: ['53'] }])).length, 9);
  assert.deepEqual(await find([{ propertyName: 'phone', operator: 'HAS_PROPERTY' }]), [1]);
  assert.equal((await find([{ propertyName: 'phone', operator: 'NOT_HAS_PROPERTY' }])).length, 9);
  assert.deepEqual(await find([{ propertyName: 'name', operator: 'CONTAINS_TOKEN', value: 'whale' }]), [1]);
  assert.deepEqual(await find([{ propertyName: 'name', operator: 'CONTAINS_TOKEN', value: 'wha*' }]), [1]);
  assert.deepEqual(await find([{ propertyName: 'name', operator: 'CONTAINS_TOKEN', value: 'hale' }]), []);
  const modified = { propertyName: 'hs_lastmodifieddate', operator: 'GT', value: '2026-06-01T09:00:00.000Z' };
  assert.deepEqual(await find([modified]), [1]);
});

test('a search pages up to its 10,000th result and tells the true total', async (context) => {
  const companies = Array.from({ length: 10_150 }, (_, place) => makeCompany(place + 1));
  const { call } = await startPortal(context, {
    world: makeWorld(companies),
    limits: { searchesPerSecond: null },
  });
  const { status, json } = await call('POST', `${COMPANIES}/search`, {
    limit: 200,
    after: '9800',
    sorts: ['hs_object_id'],
  });
  assert.equal(status, 200);
  assert.equal(json.total, 10_150);
  assert.equal(asList(json.results).at(-1)?.id, '100000010000');
  assert.deepEqual(json.paging, { next: { after: '10000' } });
  assert.equal((await call('POST', `${COMPANIES}/search`, { limit: 200, after: '10000' })).status, 400);
});

test('a search sees a change only after the index delay, a list at once', async (context) => {
  const portal = await startPortal(context, { limits: { searchDelayMs: 60_000 } });
  await portal.call('PATCH', `${COMPANIES}/${FIRST}`, { properties: { phone: '77' } });
  const created = await portal.call('POST', COMPANIES, { properties: { name: 'Brand New' } });
  await portal.call('DELETE', `${COMPANIES}/${SECOND}`);
  const body = { limit: 100, properties: ['phone'], sorts: ['hs_object_id'] };
  const search = async () => asList((await portal.call('POST', `${COMPANIES}/search`, body)).json.results);
  const stale = await search();
  assert.equal(stale.length, 10);
  assert.equal(asObject(stale[0]?.properties).phone, null);
  assert.ok(stale.some((record) => record.id === SECOND));
  assert.deepEqual(await readProperties(portal, FIRST, 'phone'), { phone: '77' });
  await portal.call('POST', '/_twin/clock', { offsetMs: 61_000 });
  const fresh = await search();
  assert.equal(asObject(fresh[0]?.properties).phone, '77');
  assert.ok(fresh.some((record) => record.id === created.json.id));
  assert.ok(!fresh.some((record) => record.id === SECOND));
});

test('a merge makes a new record to which both old ids lead', async (context) => {
  const portal = await startPortal(context);
  await portal.edit({ as: 'rep:Anna', object: 'company', id: SECOND, properties: { phone: '22' } });
  const merged = await portal.call('POST', `${COMPANIES}/merge`, {
    primaryObjectId: FIRST,
    objectIdToMerge: SECOND,
  });
  assert.equal(merged.status, 200);
  const id = String(merged.json.id);
  assert.ok(Number(id) > 1_000_000_000_000, 'a new id');
  for (const old of [FIRST, SECOND]) {
    const { json } = await portal.call(
      'GET',
      `${COMPANIES}/${old}?properties=name,phone,hs_merged_object_ids`,
    );
    assert.equal(json.id, id);
    const { name, phone, hs_merged_object_ids: gone } = asObject(json.properties);
    assert.deepEqual({ name, phone }, { name: 'Company 1', phone: '22' }, 'the primary’s values win');
    assert.deepEqual(String(gone).split(';').toSorted(), [FIRST, SECOND]);
  }
  const { json } = await portal.call('GET', `${COMPANIES}?limit=100`);
  assert.equal(asList(json.results).length, 9);
  const contact = await portal.call(
    'GET',
    '/crm/objects/2026-09/contacts/500000000001?properties=associatedcompanyid',
  );
  assert.equal(asObject(contact.json.properties).associatedcompanyid, id, 'its contacts follow');
});

test('what was emptied on the primary record of a merge is empty afterwards, and its history ends so', async (context) => {
  const portal = await startPortal(context);
  const rep = { as: 'rep:Anna', object: 'company' };
  for (const id of [FIRST, SECOND]) await portal.edit({ ...rep, id, properties: { phone: '22' } });
  await portal.edit({ ...rep, id: FIRST, properties: { phone: '' } });

  const merged = await portal.call('POST', `${COMPANIES}/merge`, {
    primaryObjectId: FIRST,
    objectIdToMerge: SECOND,
  });

  const { json } = await portal.call('POST', `${COMPANIES}/batch/read`, {
    inputs: [{ id: merged.json.id }],
    properties: ['phone'],
    propertiesWithHistory: ['phone'],
  });
  const [record] = asList(json.results).map(asObject);
  assert.equal(asObject(record?.properties).phone ?? null, null);
  const [latest] = asList(asObject(record?.propertiesWithHistory).phone).map(asObject);
  assert.equal(latest?.value, '');
});

test('an archived record is found only among the archived, and can come back', async (context) => {
  const { call, edit } = await startPortal(context);
  assert.equal((await call('DELETE', `${COMPANIES}/${FIRST}`)).status, 204);
  assert.equal((await call('GET', `${COMPANIES}/${FIRST}`)).status, 404);
  const { json } = await call('GET', `${COMPANIES}?archived=true`);
  const [record] = asList(json.results);
  assert.equal(record?.id, FIRST);
  assert.equal(record?.archived, true);
  assert.equal(typeof record?.archivedAt, 'string');
  await edit({ operation: 'restore', as: 'rep:Anna', object: 'company', id: FIRST });
  assert.equal((await call('GET', `${COMPANIES}/${FIRST}`)).status, 200);
});

test('an upsert by a unique property updates the one and creates the other', async (context) => {
  const { call } = await startPortal(context);
  const inputs = ['tove1@company-1.example', 'new@company-1.example'].map((id) => ({
    id,
    idProperty: 'email',
    properties: { jobtitle: 'CEO' },
  }));
  const { status, json } = await call('POST', '/crm/objects/2026-09/contacts/batch/upsert', { inputs });
  assert.equal(status, 200);
  assert.deepEqual(
    asList(json.results).map((record) => record.new),
    [false, true],
  );
});

test('associations are read one by one and in batches, and made by default', async (context) => {
  const { call } = await startPortal(context);
  const inputs = [{ id: '500000000001' }, { id: '500000000009' }];
  const read = await call('POST', '/crm/associations/2026-09/contacts/companies/batch/read', { inputs });
  const [found] = asList(read.json.results);
  assert.deepEqual(found?.from, { id: '500000000001' });
  const [end] = asList(found?.to);
  assert.equal(end?.toObjectId, FIRST);
  assert.deepEqual(
    asList(end?.associationTypes).map((type) => type.typeId),
    [1, 279],
  );
  assert.equal(asList(read.json.errors)[0]?.subCategory, 'crm.associations.NO_ASSOCIATIONS_FOUND');
  const created = await call('POST', '/crm/objects/2026-09/contacts', {
    properties: { email: 'new@company-2.example' },
  });
  const path = `/crm/objects/2026-09/contacts/${String(created.json.id)}`;
  assert.equal((await call('PUT', `${path}/associations/default/companies/${SECOND}`)).status, 200);
  const contact = await call('GET', `${path}?properties=associatedcompanyid&associations=companies`);
  assert.equal(asObject(contact.json.properties).associatedcompanyid, SECOND);
});

test('a portal keeps its state and history over a restart', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'hubspot-twin-'));
  context.after(() => rm(folder, { recursive: true }));
  const journalFile = join(folder, 'hubspot.jsonl');
  const first = await startPortal(context, { journalFile });
  const property = {
    name: 'my_score',
    label: 'Score',
    type: 'number',
    fieldType: 'number',
    groupName: 'mine',
  };
  await first.call('POST', '/crm/properties/2026-09/companies/groups', { name: 'mine', label: 'Mine' });
  await first.call('POST', '/crm/properties/2026-09/companies', property);
  await first.call('PATCH', `${COMPANIES}/${FIRST}`, { properties: { my_score: '5' } });
  await first.edit({ as: 'rep:Anna', object: 'company', id: FIRST, properties: { my_score: '6' } });
  await first.edit({ operation: 'merge', as: 'rep:Anna', object: 'company', id: FIRST, other: SECOND });
  await first.edit({ operation: 'archive', as: 'rep:Anna', object: 'contact', id: '500000000003' });
  await first.edit({
    operation: 'create',
    as: 'rep:Anna',
    object: 'contact',
    properties: { email: 'x@y.example' },
  });
  const before = await first.dump();
  await first.close();
  const second = await startPortal(context, { journalFile });
  assert.deepEqual(await second.dump(), before);
});

test('a bad edit is refused with what is wrong', async (context) => {
  const { edit } = await startPortal(context);
  await assert.rejects(edit({ as: 'Anna', object: 'company', id: FIRST, properties: {} }), /rep:NAME/);
  await assert.rejects(edit({ as: 'rep:Anna', object: 'company', id: '7', properties: {} }), /no company 7/);
  await assert.rejects(
    edit({ as: 'rep:Anna', object: 'company', id: FIRST, properties: { nope: '1' } }),
    /does not exist/,
  );
});
