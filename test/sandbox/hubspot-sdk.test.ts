import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from '@hubspot/api-client';
import { FilterOperatorEnum } from '@hubspot/api-client/lib/codegen/crm/companies/index.js';
import { BatchResponseSimplePublicObjectWithErrors } from '@hubspot/api-client/lib/codegen/crm/companies/models/BatchResponseSimplePublicObjectWithErrors.js';
import { startPortal, TOKEN } from './hubspot-start.ts';

const FIRST = '100000000001';

test('HubSpot’s own client reads, searches and pages through the portal', async (context) => {
  const { twin } = await startPortal(context);
  const { companies, contacts } = new Client({ basePath: twin.url, accessToken: TOKEN }).crm;
  const page = await companies.basicApi.getPage(4, undefined, ['name'], ['name'], ['contacts']);
  assert.equal(page.results.length, 4);
  assert.ok(page.results[0]?.createdAt instanceof Date);
  assert.equal(page.results[0]?.associations?.contacts?.results.length, 3);
  assert.equal(page.results[0]?.propertiesWithHistory?.name?.[0]?.sourceType, 'IMPORT');
  assert.equal((await companies.getAll(3)).length, 10);
  const found = await companies.searchApi.doSearch({
    filterGroups: [
      { filters: [{ propertyName: 'name', operator: FilterOperatorEnum.Eq, value: 'Company 3' }] },
    ],
    properties: ['domain'],
    limit: 5,
  });
  assert.equal(found.total, 1);
  assert.equal(found.results[0]?.properties.domain, 'company-3.example');
  assert.equal(
    (await contacts.basicApi.getById('500000000001', ['email'])).properties.email,
    'tove1@company-1.example',
  );
  await assert.rejects(companies.basicApi.getById('9'), /HTTP-Code: 404/);
});

test('HubSpot’s own client writes, and sees rows that failed', async (context) => {
  const { twin } = await startPortal(context);
  const { companies, properties, associations } = new Client({ basePath: twin.url, accessToken: TOKEN }).crm;
  const group = await properties.groupsApi.create('companies', {
    name: 'mine',
    label: 'Mine',
    displayOrder: -1,
  });
  assert.equal(group.archived, false);
  const { PropertyCreateTypeEnum, PropertyCreateFieldTypeEnum } =
    await import('@hubspot/api-client/lib/codegen/crm/properties/index.js');
  const created = await properties.coreApi.create('companies', {
    name: 'my_score',
    label: 'Score',
    groupName: 'mine',
    type: PropertyCreateTypeEnum.Number,
    fieldType: PropertyCreateFieldTypeEnum.Number,
    hasUniqueValue: false,
  });
  assert.equal(created.modificationMetadata?.readOnlyValue, false);
  const answer = await companies.batchApi.update({
    inputs: [FIRST, '9'].map((id) => ({ id, properties: { my_score: '87' } })),
  });
  assert.ok(answer instanceof BatchResponseSimplePublicObjectWithErrors);
  assert.equal(answer.results[0]?.properties.my_score, '87');
  assert.equal(answer.numErrors, 1);
  assert.deepEqual(answer.errors?.[0]?.context.ids, ['9']);
  const merged = await companies.basicApi.merge({ primaryObjectId: FIRST, objectIdToMerge: '100000000002' });
  assert.notEqual(merged.id, FIRST);
  await companies.basicApi.archive('100000000003');
  const made = await companies.basicApi.create({ properties: { name: 'New' }, associations: [] });
  assert.equal(made.properties.name, 'New');
  const ends = await associations.v4.batchApi.getPage('contacts', 'companies', {
    inputs: [{ id: '500000000001' }],
  });
  assert.equal(ends.results[0]?.to[0]?.toObjectId, merged.id);
  await associations.v4.basicApi.createDefault('contacts', '500000000002', 'companies', made.id);
  const tied = await associations.v4.basicApi.getPage('companies', made.id, 'contacts');
  assert.equal(tied.results[0]?.toObjectId, '500000000002');
});
