import assert from 'node:assert/strict';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { asList, startPortal } from './hubspot-start.ts';
import type { Answer, TestPortal } from './hubspot-start.ts';

const COMPANIES = '/crm/objects/2026-09/companies';
const FIRST = '100000000001';

/** A refusal in HubSpot's format: its status, its category, and words that the message must hold. */
function assertRefused(answer: Answer, status: number, category: string, words: RegExp): void {
  assert.equal(answer.status, status, JSON.stringify(answer.json));
  assert.equal(answer.json.status, 'error');
  assert.equal(answer.json.category, category);
  assert.equal(typeof answer.json.correlationId, 'string');
  assert.match(String(answer.json.message), words);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
}

async function withFields(context: TestContext): Promise<TestPortal> {
  const portal = await startPortal(context);
  const fields = [
    { name: 'my_score', label: 'Score', type: 'number', fieldType: 'number' },
    { name: 'my_day', label: 'Day', type: 'date', fieldType: 'date' },
    { name: 'my_moment', label: 'Moment', type: 'datetime', fieldType: 'date' },
    { name: 'my_text', label: 'Text', type: 'string', fieldType: 'textarea' },
    {
      name: 'my_band',
      label: 'Band',
      type: 'enumeration',
      fieldType: 'select',
      options: ['A', 'B'].map((value) => ({ value, label: value, hidden: false })),
    },
  ].map((field) => ({ ...field, groupName: 'information' }));
  const answer = await portal.call('POST', '/crm/properties/2026-09/companies/batch/create', {
    inputs: fields,
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.json));
  return portal;
}

const update = (properties: Record<string, unknown>, id = FIRST) => ({ inputs: [{ id, properties }] });

test('a call without a token, or with a wrong one, is refused with 401', async (context) => {
  const { call } = await startPortal(context);
  const none = await call('GET', COMPANIES, undefined, { authorization: '' });
  assertRefused(none, 401, 'INVALID_AUTHENTICATION', /credentials not found/);
  const wrong = await call('GET', COMPANIES, undefined, { authorization: 'Bearer nope' });
  assertRefused(wrong, 401, 'INVALID_AUTHENTICATION', /token/);
});

test('a call beyond the scopes is refused with 403, which names the scope', async (context) => {
  const { call } = await startPortal(context, { scopes: ['crm.objects.contacts.read'] });
  for (const [method, path, body, scope] of [
    ['GET', COMPANIES, undefined, 'crm.objects.companies.read'],
    ['POST', `${COMPANIES}/search`, {}, 'crm.objects.companies.read'],
    ['POST', `${COMPANIES}/batch/update`, { inputs: [] }, 'crm.objects.companies.write'],
    ['POST', '/crm/properties/2026-09/contacts', {}, 'crm.schemas.contacts.write'],
  ] as const) {
    const answer = await call(method, path, body);
    assertRefused(answer, 403, 'MISSING_SCOPES', /required scopes/);
    assert.deepEqual(asList(answer.json.errors)[0]?.context, { requiredGranularScopes: [scope] });
  }
});

test('values that a property does not take refuse the whole batch, named with HubSpot’s codes', async (context) => {
  const { call } = await withFields(context);
  for (const [properties, code, words] of [
    [{ nobody_made_this: '1' }, 'PROPERTY_DOESNT_EXIST', /does not exist/],
    [{ my_band: 'C' }, 'INVALID_OPTION', /C was not one of the allowed options: \[A, B\]/],
    [{ my_score: 'many' }, 'INVALID_NUMBER', /was not a valid number/],
    [{ my_moment: 'yesterday' }, 'INVALID_LONG', /was not a valid long/],
    [{ my_day: '2026-05-01T10:30:00Z' }, 'INVALID_DATE', /10:30:00 UTC, not midnight/],
    [{ my_text: 'x'.repeat(65_537) }, 'TOO_LONG', /65536/],
    [{ hs_lastmodifieddate: '0' }, 'READ_ONLY_VALUE', /read only/],
    [{ hs_object_id: '7' }, 'READ_ONLY_VALUE', /read only/],
  ] as const) {
    const body = {
      inputs: [{ id: '100000000002', properties: { my_score: '1' } }, ...update(properties).inputs],
    };
    const answer = await call('POST', `${COMPANIES}/batch/update`, body);
    assertRefused(answer, 400, 'VALIDATION_ERROR', /^Property values were not valid: \[\{/);
    assert.match(String(answer.json.message), words);
    const [detail] = asList(answer.json.errors);
    assert.equal(detail?.code, code);
    assert.deepEqual(detail?.context, { propertyName: Object.keys(properties) });
  }
  const other = await call('GET', `${COMPANIES}/100000000002?properties=my_score`);
  assert.deepEqual(
    Object.entries(other.json.properties ?? {}).find(([name]) => name === 'my_score'),
    ['my_score', null],
    'nothing of a refused batch was applied',
  );
});

test('values that are not strings are refused', async (context) => {
  const { call } = await withFields(context);
  for (const value of [87, true, null, ['A']]) {
    const answer = await call('POST', `${COMPANIES}/batch/update`, update({ my_score: value }));
    assertRefused(answer, 400, 'VALIDATION_ERROR', /Invalid input JSON.*properties\.my_score/);
  }
});

test('an e-mail address that is none, and one that is taken, are refused', async (context) => {
  const { call } = await startPortal(context);
  const bad = await call('POST', '/crm/objects/2026-09/contacts', { properties: { email: 'no-address' } });
  assertRefused(bad, 400, 'VALIDATION_ERROR', /INVALID_EMAIL/);
  const taken = await call('POST', '/crm/objects/2026-09/contacts', {
    properties: { email: ' TOVE1@company-1.example ' },
  });
  assertRefused(taken, 409, 'CONFLICT', /Existing ID: 500000000001/);
});

test('batches beyond 100, with a record twice, or read with history beyond 50 are refused', async (context) => {
  const { call } = await withFields(context);
  const inputs = (count: number) =>
    Array.from({ length: count }, (_, place) => ({ id: String(place), properties: { my_score: '1' } }));
  const size = /size must be between 0 and 100/;
  for (const action of ['update', 'read', 'archive'])
    assertRefused(
      await call('POST', `${COMPANIES}/batch/${action}`, { inputs: inputs(101) }),
      400,
      'VALIDATION_ERROR',
      size,
    );
  const twice = { inputs: [...inputs(1), ...inputs(1)] };
  const answer = await call('POST', `${COMPANIES}/batch/update`, twice);
  assertRefused(answer, 400, 'VALIDATION_ERROR', /Duplicate IDs found in batch input: \[0\]/);
  assert.deepEqual(answer.json.context, { ids: ['0'] });
  const history = { inputs: inputs(51), propertiesWithHistory: ['my_score'] };
  const long = await call('POST', `${COMPANIES}/batch/read`, history);
  assertRefused(long, 400, 'VALIDATION_ERROR', /between 0 and 50/);
});

test('a property that is not unique is no idProperty, and an upsert needs one', async (context) => {
  const { call } = await withFields(context);
  const byName = { inputs: [{ id: 'Company 1', idProperty: 'name', properties: { my_score: '1' } }] };
  for (const action of ['update', 'upsert'])
    assertRefused(
      await call('POST', `${COMPANIES}/batch/${action}`, byName),
      400,
      'VALIDATION_ERROR',
      /non-unique 0-2 property name/,
    );
  const none = await call('POST', `${COMPANIES}/batch/upsert`, update({ my_score: '1' }));
  assertRefused(none, 400, 'VALIDATION_ERROR', /idProperty/);
});

test('searches beyond the guide’s limits are refused', async (context) => {
  const { call } = await startPortal(context, { limits: { searchesPerSecond: null } });
  const filter = { propertyName: 'name', operator: 'HAS_PROPERTY' };
  const groups = (counts: number[]) => counts.map((count) => ({ filters: Array(count).fill(filter) }));
  for (const [body, words] of [
    [{ limit: 201 }, /more than the 200/],
    [{ limit: 200, after: '10000' }, /paging beyond 10000/],
    [{ limit: 200, after: '9900' }, /paging beyond 10000/],
    [{ query: 'x'.repeat(3001) }, /3000 characters/],
    [{ filterGroups: groups([1, 1, 1, 1, 1, 1]) }, /most allowed is 5/],
    [{ filterGroups: groups([7]) }, /at most 6 filters/],
    [{ filterGroups: groups([6, 6, 6, 1]) }, /most allowed is 18/],
    [{ sorts: ['name', 'domain'] }, /Only one sort/],
    [{ sorts: ['nothing'] }, /unknown property/],
    [
      { filterGroups: [{ filters: [{ propertyName: 'name', operator: 'LIKE', value: 'a' }] }] },
      /Invalid input JSON/,
    ],
    [
      { filterGroups: [{ filters: [{ propertyName: 'nothing', operator: 'EQ', value: 'a' }] }] },
      /unknown property/,
    ],
    [{ filterGroups: [{ filters: [{ propertyName: 'name', operator: 'EQ' }] }] }, /needs a value/],
    [{ filterGroups: [{ filters: [{ propertyName: 'name', operator: 'IN' }] }] }, /needs values/],
    [
      {
        filterGroups: [{ filters: [{ propertyName: 'numberofemployees', operator: 'BETWEEN', value: '1' }] }],
      },
      /highValue/,
    ],
    [
      { filterGroups: [{ filters: [{ propertyName: 'numberofemployees', operator: 'GT', value: 'x' }] }] },
      /not a number/,
    ],
  ] as const)
    assertRefused(await call('POST', `${COMPANIES}/search`, body), 400, 'VALIDATION_ERROR', words);
});

test('lists beyond a hundred, or fifty with history, are refused', async (context) => {
  const { call } = await startPortal(context);
  assertRefused(await call('GET', `${COMPANIES}?limit=101`), 400, 'VALIDATION_ERROR', /within 1 and 100/);
  const history = await call('GET', `${COMPANIES}?limit=51&propertiesWithHistory=name`);
  assertRefused(history, 400, 'VALIDATION_ERROR', /within 1 and 50/);
  assertRefused(await call('GET', `${COMPANIES}?after=x`), 400, 'VALIDATION_ERROR', /not a number/);
});

test('unknown objects, records and paths are refused', async (context) => {
  const { call } = await startPortal(context);
  const object = await call('GET', '/crm/objects/2026-09/unicorns');
  assertRefused(object, 400, 'VALIDATION_ERROR', /Unable to infer object type from: unicorns/);
  assertRefused(await call('GET', `${COMPANIES}/999`), 404, 'OBJECT_NOT_FOUND', /Object not found/);
  assertRefused(await call('GET', `/${COMPANIES}`), 404, 'OBJECT_NOT_FOUND', /not found/);
  assertRefused(
    await call('POST', `${COMPANIES}/batch/update`, '{"inputs": ['),
    400,
    'VALIDATION_ERROR',
    /Invalid input JSON/,
  );
});

test('properties that exist, lack a group, options or a fitting field type are refused', async (context) => {
  const { call } = await withFields(context);
  const path = '/crm/properties/2026-09/companies';
  const field = { name: 'another', label: 'A', type: 'string', fieldType: 'text', groupName: 'information' };
  assertRefused(
    await call('POST', path, { ...field, name: 'my_score' }),
    409,
    'OBJECT_ALREADY_EXISTS',
    /already exists/,
  );
  assertRefused(
    await call('POST', path, { ...field, groupName: 'nowhere' }),
    400,
    'VALIDATION_ERROR',
    /does not exist/,
  );
  assertRefused(
    await call('POST', path, { ...field, fieldType: 'select' }),
    400,
    'VALIDATION_ERROR',
    /fieldType/,
  );
  assertRefused(
    await call('POST', path, { ...field, type: 'enumeration', fieldType: 'select' }),
    400,
    'VALIDATION_ERROR',
    /options/,
  );
  assertRefused(await call('POST', path, { ...field, name: 'Not A Name' }), 400, 'VALIDATION_ERROR', /name/);
  const group = { name: 'information', label: 'Again' };
  assertRefused(
    await call('POST', `${path}/groups`, group),
    409,
    'OBJECT_ALREADY_EXISTS',
    /Group already exists/,
  );
});

test('the burst limit answers 429 TEN_SECONDLY_ROLLING, and says in headers what is left', async (context) => {
  const { call } = await startPortal(context, { limits: { burst: 3 } });
  const lefts: (string | null)[] = [];
  for (let count = 0; count < 3; count += 1)
    lefts.push((await call('GET', COMPANIES)).headers.get('x-hubspot-ratelimit-remaining'));
  assert.deepEqual(lefts, ['2', '1', '0']);
  const answer = await call('GET', COMPANIES);
  assertRefused(answer, 429, 'RATE_LIMITS', /ten_secondly_rolling limit/);
  assert.equal(answer.json.policyName, 'TEN_SECONDLY_ROLLING');
});

test('searches have a limit of their own by the second, and carry no limit headers', async (context) => {
  const { call } = await startPortal(context, { limits: { burst: 1 } });
  const answers = await Promise.all(Array.from({ length: 6 }, () => call('POST', `${COMPANIES}/search`, {})));
  const refused = answers.filter((answer) => answer.status === 429);
  assert.equal(refused.length, 1);
  assert.equal(refused[0]?.json.message, 'You have reached your secondly limit.');
  for (const { headers } of answers) assert.equal(headers.get('x-hubspot-ratelimit-remaining'), null);
  assert.equal((await call('GET', COMPANIES)).status, 200, 'searches take nothing from the burst limit');
});

test('the daily limit, shared with other apps, answers 429 DAILY', async (context) => {
  const { call, edit } = await startPortal(context, { limits: { daily: 1000 } });
  assert.equal((await call('GET', COMPANIES)).headers.get('x-hubspot-ratelimit-daily-remaining'), '999');
  await edit({ operation: 'configure', limits: { dailyUsedElsewhere: 999 } });
  const answer = await call('GET', COMPANIES);
  assertRefused(answer, 429, 'RATE_LIMITS', /daily limit/);
  assert.equal(answer.json.policyName, 'DAILY');
});

test('faults are answered in HubSpot’s own words', async (context) => {
  const { call } = await startPortal(context, { faults: { rate429: 1, retryAfterSeconds: 3 } });
  const limited = await call('GET', COMPANIES);
  assertRefused(limited, 429, 'RATE_LIMITS', /limit/);
  assert.equal(limited.headers.get('retry-after'), '3');
  await call('POST', '/_twin/faults', { rate500: 1 });
  assert.equal((await call('GET', COMPANIES)).status, 500);
});
