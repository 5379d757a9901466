import assert from 'node:assert/strict';
import test from 'node:test';
import { asList, startPortal } from './hubspot-start.ts';
import { accountId, callMetadata, errorCode, firstId, leadId, login, records, soql, startSmall } from './salesforce-fixture.ts'; // prettier-ignore

const task = (rest: Record<string, unknown>) => ({
  attributes: { type: 'Task' },
  Subject: 'Called',
  Status: 'Completed',
  ...rest,
});

test('Salesforce: tasks are created and deleted by users with "Edit Tasks", and stand with their record', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const ask = await login(twin, 'integration');
  const create = async (...rows: Record<string, unknown>[]) => {
    const reply = await ask('POST', '/composite/sobjects', { allOrNone: false, records: rows });
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    return asList(reply.body).map(({ id, success, errors }) => ({
      id: String(id),
      code: success === true ? null : asList(errors)[0]?.statusCode,
    }));
  };
  const alder = accountId('alder');
  assert.equal((await create(task({ WhatId: alder })))[0]?.code, 'INSUFFICIENT_ACCESS_OR_READONLY');

  const right = '<userPermissions><enabled>true</enabled><name>EditTask</name></userPermissions>';
  const set = `<metadata xsi:type="PermissionSet"><fullName>Tasks</fullName><label>Tasks</label>${right}</metadata>`;
  await callMetadata(twin, 'administrator', 'upsertMetadata', set);
  const admin = await login(twin, 'administrator');
  await admin('POST', '/sobjects/PermissionSetAssignment', {
    PermissionSetId: firstId(await soql(admin, "SELECT Id FROM PermissionSet WHERE Name = 'Tasks'")),
    AssigneeId: firstId(await soql(admin, "SELECT Id FROM User WHERE Name = 'Fieldnote Integration'")),
  });

  const made = await create(
    task({ WhatId: alder, Description: 'Line' }),
    task({ WhoId: leadId('open') }),
    task({ WhoId: leadId('open'), WhatId: alder }),
    task({ WhatId: leadId('open') }),
    task({ Subject: 'x'.repeat(256) }),
    { attributes: { type: 'Account' }, Name: 'New' },
  );
  assert.deepEqual(
    made.map(({ code }) => code),
    [
      null,
      null,
      'FIELD_INTEGRITY_EXCEPTION',
      'INVALID_CROSS_REFERENCE_KEY',
      'STRING_TOO_LONG',
      'INVALID_TYPE',
    ],
  );
  const ids = made.slice(0, 2).map(({ id }) => id);
  const query = `SELECT Id, Description, IsClosed FROM Task WHERE WhatId = '${alder}'`;
  const [found] = records(await soql(ask, query));
  assert.deepEqual([found?.Id, found?.Description, found?.IsClosed], [ids[0], 'Line', true]);
  const filtered = await soql(ask, "SELECT Id FROM Task WHERE Description = 'Line'");
  assert.equal(errorCode(filtered), 'INVALID_FIELD');
  const [status] = records(await soql(ask, 'SELECT MasterLabel FROM TaskStatus WHERE IsClosed = true'));
  assert.equal(status?.MasterLabel, 'Completed');

  const gone = await ask('DELETE', `/composite/sobjects?ids=${ids.join(',')},${alder}&allOrNone=false`);
  assert.deepEqual(
    asList(gone.body).map(({ success }) => success),
    [true, true, false],
  );
  assert.equal(records(await soql(ask, query)).length, 0);
  assert.equal(records(await soql(ask, query, '/queryAll')).length, 1);
});

test('HubSpot: notes are created with their record, row by row where each has a trace id, and read back by association', async (context) => {
  const { call, edit } = await startPortal(context);
  const company = '100000000001';
  const tie = (id: string, associationTypeId: number) => [{ to: { id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId }] }]; // prettier-ignore
  const properties = { hs_timestamp: '2026-11-28T10:00:00.000Z', hs_note_body: '<p>Hello</p>' };
  const create = (...inputs: object[]) => call('POST', '/crm/objects/2026-09/notes/batch/create', { inputs });

  const made = await create(
    { objectWriteTraceId: 'one', properties, associations: tie(company, 190) },
    { objectWriteTraceId: 'two', properties: { hs_note_body: 'no time' }, associations: tie(company, 190) },
    { objectWriteTraceId: 'three', properties, associations: tie('404', 190) },
    { objectWriteTraceId: 'four', properties, associations: tie(company, 280) },
  );
  assert.equal(made.status, 207);
  const [note] = asList(made.json.results);
  assert.equal(note?.objectWriteTraceId, 'one');
  assert.deepEqual(
    asList(made.json.errors).map(({ category, context: about }) => [category, JSON.stringify(about)]),
    ['two', 'three', 'four'].map((trace) => [
      trace === 'three' ? 'OBJECT_NOT_FOUND' : 'VALIDATION_ERROR',
      JSON.stringify({ objectWriteTraceId: [trace] }),
    ]),
  );
  // Without trace ids it is all or none.
  const none = await create({ properties, associations: tie(company, 190) }, { properties: {} });
  assert.equal(none.status, 400);

  const path = '/crm/associations/2026-09/companies/notes/batch/read';
  const read = async () => asList((await call('POST', path, { inputs: [{ id: company }] })).json.results);
  const [tied] = await read();
  assert.deepEqual(asList(tied?.to).map(({ toObjectId }) => toObjectId), [note?.id]); // prettier-ignore
  const archived = await call('POST', '/crm/objects/2026-09/notes/batch/archive', {
    inputs: [{ id: note?.id }],
  });
  assert.equal(archived.status, 204);
  const shown = await call('POST', '/crm/objects/2026-09/notes/batch/read', { inputs: [{ id: note?.id }], properties: ['hs_note_body'] }); // prettier-ignore
  assert.deepEqual(shown.json.results, []);
  await edit({ operation: 'restore', as: 'rep:Anna', object: 'notes', id: String(note?.id) });
});

test('HubSpot: notes take the scopes of contacts', async (context) => {
  const { call } = await startPortal(context, {
    scopes: ['crm.objects.companies.write', 'crm.objects.contacts.read'],
  });
  const refused = await call('POST', '/crm/objects/2026-09/notes/batch/create', { inputs: [] });
  assert.equal(refused.status, 403);
  assert.match(JSON.stringify(refused.json), /crm\.objects\.contacts\.write/);
  const read = await call('POST', '/crm/objects/2026-09/notes/batch/read', { inputs: [] });
  assert.equal(read.status, 200);
});
