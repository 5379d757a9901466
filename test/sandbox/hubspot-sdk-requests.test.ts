import assert from 'node:assert/strict';
import test from 'node:test';
import { findModelFault } from '../../sandbox/hubspot/sdk-models.ts';
import { connect, quiet, sync } from '../connectors/hubspot-connect.ts';
import { startPortal } from './hubspot-start.ts';

const FIRST = '100000000001';
const LIBRARY = { 'user-agent': 'hubspot-api-client-nodejs; 14.0.1' };
const objects = '/crm/objects/2026-09/companies';
const properties = '/crm/properties/2026-09/companies';

const WRONG: readonly [what: string, method: string, path: string, body: unknown, message: RegExp][] = [
  ['a sort as an object', 'POST', `${objects}/search`, { sorts: [{ propertyName: 'name' }] }, /sorts\[0\] is object, must be string/], // prettier-ignore
  ['an attribute of ours', 'POST', `${objects}/search`, { limit: 1, offset: 3 }, /body\.offset is no attribute of PublicObjectSearchRequest/], // prettier-ignore
  ['a limit as text', 'POST', `${objects}/search`, { limit: '200' }, /limit is string, must be number/],
  ['an operator that is none', 'POST', `${objects}/search`, { filterGroups: [{ filters: [{ propertyName: 'name', operator: 'IS', value: 'x' }] }] }, /operator is none of FilterOperatorEnum/], // prettier-ignore
  ['a value that is no text', 'POST', `${objects}/batch/update`, { inputs: [{ id: FIRST, properties: { name: 7 } }] }, /properties\.name is number, must be string/], // prettier-ignore
  ['an id that is no text', 'POST', `${objects}/batch/read`, { inputs: [{ id: 7 }], properties: [], propertiesWithHistory: [] }, /inputs\[0\]\.id is number/], // prettier-ignore
  ['inputs that are no list', 'POST', `${objects}/batch/read`, { inputs: {} }, /inputs is no list/],
  ['a field type that is none', 'POST', `${properties}/batch/create`, { inputs: [{ name: 'a', label: 'A', groupName: 'g', type: 'string', fieldType: 'line' }] }, /fieldType is none of PropertyCreateFieldTypeEnum/], // prettier-ignore
  [
    'a parameter that the method has not',
    'GET',
    `${objects}?limit=1&since=0`,
    undefined,
    /no such parameter: since/,
  ],
  [
    'a list of names with spaces',
    'GET',
    `${objects}?properties=name,%20domain`,
    undefined,
    /parameter properties/,
  ],
  ['a path that the library has not', 'POST', `${objects}/batch/patch`, { inputs: [] }, /no such request/],
  ['a body where none is taken', 'POST', '/account-info/2026-09/details', {}, /no such request/],
];

test('what comes through HubSpot’s library and is not as it types requests is refused', async (context) => {
  const portal = await startPortal(context, {}, { mayBeRefused: true });
  for (const [what, method, path, body, message] of WRONG) {
    const answer = await portal.call(method, path, body, LIBRARY);
    assert.equal(answer.status, 400, what);
    assert.match(String(answer.json.message), message, what);
  }
  assert.deepEqual(portal.twin.requestCounts(), { checked: WRONG.length, refused: WRONG.length });
});

test('everything that the connector sends is as HubSpot’s library types it', async (context) => {
  const portal = await startPortal(context);
  const crm = connect(portal);
  const options = quiet();
  await crm.installFields(options);
  await crm.check(options);
  for (const object of ['company', 'contact'] as const) {
    const first = await sync(crm, object, null);
    await sync(crm, object, first.cursor);
    const ids = first.records.map(({ externalId }) => externalId);
    await crm.readCurrent(object, ids, options);
    const [id = ''] = ids;
    await crm.writeRecords(
      [{ object, externalId: id, fields: { score: 61, why: 'because', band: null }, unmodifiedSince: null }],
      options,
    );
    await crm.history?.read(object, [id], ['score', 'why'], options);
  }
  const { checked, refused } = portal.twin.requestCounts();
  console.log(JSON.stringify({ checked, refused, calls: portal.twin.kit.calls.summary().byOperation }));
  assert.equal(refused, 0);
  assert.ok(checked >= 20, `${checked} requests`);
  // The token's own endpoint has no dated path; all else was looked at.
  const others = portal.twin.kit.calls.list().filter(({ path }) => !path.includes('/2026-09'));
  assert.deepEqual([...new Set(others.map(({ operation }) => operation))], ['token info']);
});

test('a type that the twin does not know is a mistake of the twin, not of the request', () => {
  assert.throws(() => findModelFault('NoSuchModel', {}), /does not know the library's type NoSuchModel/);
  assert.equal(findModelFault('Array<Filter>', []), null);
});
