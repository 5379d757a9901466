import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { FIELDS } from '../../src/connectors/crm-fields.ts';
import { ProviderError } from '../../src/errors.ts';
import { ALL_SCOPES } from '../../sandbox/hubspot/twin.ts';
import { asList, startPortal } from '../sandbox/hubspot-start.ts';
import { connect, quiet, sync } from './hubspot-connect.ts';

test('the check names the account, the app, the API version and the day’s calls', async (context) => {
  const portal = await startPortal(context);
  const check = await connect(portal).check(quiet());
  assert.equal(check.organization, 'HubSpot account 4242424');
  assert.equal(check.user, 'HubSpot app 777001');
  assert.equal(check.apiVersion, '2026-09');
  assert.deepEqual(check.missingPermissions, []);
  assert.deepEqual(check.usage, { used: 5, limit: 625_000 });
  assert.equal(check.fields.length, 2 * FIELDS.length);
  assert.ok(check.fields.every((field) => field.status === 'missing'));
});

test('an address of the API that ends with a slash is as good as one without', async (context) => {
  const portal = await startPortal(context);
  const check = await connect(portal, { baseUrl: `${portal.twin.url}/` }).check(quiet());
  assert.equal(check.organization, 'HubSpot account 4242424');
});

test('installing creates the group and ten properties on both objects, and nothing the second time', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const first = await crm.installFields(quiet());
  assert.equal(first.length, 20);
  assert.ok(first.every((field) => field.result === 'created'));
  const again = await crm.installFields(quiet());
  assert.ok(again.every((field) => field.result === 'exists'));
  assert.equal(portal.calls('property batch create'), 2);
  const { fields } = await crm.check(quiet());
  assert.deepEqual(new Set(fields.map((field) => field.status)), new Set(['ok']));
  assert.deepEqual(
    fields.filter((field) => field.peopleMayEdit).map((field) => `${field.object} ${field.key}`),
    ['company personas', 'company pitch', 'contact personas', 'contact pitch'],
  );
  const { json } = await portal.call('GET', '/crm/properties/2026-09/contacts');
  const ours = asList(json.results).filter((property) => property.groupName === 'fieldnote');
  assert.deepEqual(
    new Set(ours.map((property) => property.name)),
    new Set(FIELDS.map((field) => field.hubspotName)),
  );
});

test('installing goes on where somebody else began', async (context) => {
  const portal = await startPortal(context);
  const path = '/crm/properties/2026-09/companies';
  await portal.call('POST', `${path}/groups`, { name: 'fieldnote', label: 'Fieldnote' });
  const score = {
    name: 'fieldnote_score',
    label: 'S',
    type: 'number',
    fieldType: 'number',
    groupName: 'fieldnote',
  };
  await portal.call('POST', path, score);
  const installed = await connect(portal).installFields(quiet());
  const companies = installed.filter((field) => field.object === 'company');
  assert.deepEqual(
    companies.filter((field) => field.result === 'exists').map((field) => field.key),
    ['score'],
  );
});

test('a field of the wrong type or without our options is named', async (context) => {
  const portal = await startPortal(context);
  const path = '/crm/properties/2026-09/companies';
  const base = { label: 'x', groupName: 'information' };
  const options = [{ label: 'A', value: 'A', hidden: false }];
  await portal.call('POST', path, { ...base, name: 'fieldnote_score', type: 'string', fieldType: 'text' });
  await portal.call('POST', path, {
    ...base,
    name: 'fieldnote_band',
    type: 'enumeration',
    fieldType: 'select',
    options,
  });
  const { fields } = await connect(portal).check(quiet());
  const detail = (key: string) => {
    const field = fields.find((each) => each.object === 'company' && each.key === key);
    return [field?.status, field?.detail];
  };
  assert.deepEqual(detail('score'), ['wrong-type', 'is string, must be number']);
  assert.deepEqual(detail('band'), ['wrong-type', 'lacks the options B, C, D, Not enough evidence']);
});

test('missing scopes are listed by name, each with what it disables', async (context) => {
  const missing = [
    'crm.objects.contacts.read',
    'crm.schemas.contacts.read',
    'crm.schemas.contacts.write',
    'crm.objects.companies.write',
  ];
  const scopes = ALL_SCOPES.filter((scope) => !missing.includes(scope));
  const portal = await startPortal(context, { scopes });
  const crm = connect(portal);
  const check = await crm.check(quiet());
  assert.deepEqual(check.missingPermissions.map((permission) => permission.name).toSorted(), [
    'crm.objects.companies.write',
    'crm.objects.contacts.read',
    'crm.schemas.contacts.write',
  ]);
  assert.ok(check.missingPermissions.every((permission) => permission.disables.length > 10));
  const contact = check.fields.find((field) => field.object === 'contact');
  assert.deepEqual([contact?.status, contact?.detail], ['missing', 'the token may not look at contacts']);
  await assert.rejects(sync(crm, 'contact', null), (error) => {
    assert.ok(error instanceof ProviderError);
    assert.equal(error.kind, 'unauthorized');
    assert.equal(error.code, 'MISSING_SCOPES');
    assert.equal(error.fix, 'give the HubSpot app the scope crm.objects.contacts.read');
    return true;
  });
});

test('the scopes that create the fields may be taken away when these are there', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'fieldnote-'));
  context.after(() => rm(folder, { recursive: true }));
  const journalFile = join(folder, 'hubspot.jsonl');
  const before = await startPortal(context, { journalFile });
  await connect(before).installFields(quiet());
  await before.close();
  const scopes = ALL_SCOPES.filter((scope) => !/^crm\.schemas\..*\.write$/.test(scope));
  const portal = await startPortal(context, { journalFile, scopes });
  const check = await connect(portal).check(quiet());
  assert.deepEqual(check.missingPermissions, []);
  assert.deepEqual(
    check.permissions.flatMap(({ name, granted }) => (granted ? [] : name)),
    ['crm.schemas.companies.write', 'crm.schemas.contacts.write'],
  );
});

test('a wrong token is refused with what to do', async (context) => {
  const portal = await startPortal(context);
  await assert.rejects(connect(portal, { accessToken: 'wrong' }).check(quiet()), (error) => {
    assert.ok(error instanceof ProviderError);
    assert.equal(error.kind, 'unauthorized');
    assert.match(error.fix ?? '', /HUBSPOT_ACCESS_TOKEN/);
    assert.ok(!error.message.includes('wrong'), 'the token is not in the message');
    return true;
  });
});

test('a record’s page is known after a check, after a sync, or when the account was remembered', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  assert.equal(crm.recordUrl('company', '1'), 'https://app.hubspot.com/');
  await crm.check(quiet());
  assert.equal(crm.recordUrl('company', '1'), 'https://app.hubspot.com/contacts/4242424/record/0-2/1');
  const other = connect(portal);
  await sync(other, 'contact', null);
  assert.equal(other.recordUrl('contact', '5'), 'https://app.hubspot.com/contacts/4242424/record/0-1/5');
  const remembered = connect(null, { account: { portalId: 7, uiDomain: 'app-eu1.hubspot.com' } });
  assert.equal(remembered.recordUrl('contact', '5'), 'https://app-eu1.hubspot.com/contacts/7/record/0-1/5');
});
