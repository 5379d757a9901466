import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { SalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import {
  accountId,
  errorCode,
  leadId,
  login,
  prepareFields,
  records,
  smallWorld,
  soql,
  startSmall,
} from './salesforce-fixture.ts';
import type { Ask, Reply } from './salesforce-fixture.ts';

type Result = {
  id?: string;
  success: boolean;
  errors: { statusCode: string; message: string; fields: string[] }[];
};

function results(reply: Reply): Result[] {
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  assert.ok(Array.isArray(reply.body));
  return reply.body;
}

suite('The Salesforce twin takes and refuses writes as the platform does', () => {
  let twin: SalesforceTwin;
  let ask: Ask;
  const alder = accountId('alder');
  before(async () => {
    twin = await startSmall({ world: smallWorld(250) });
    await prepareFields(twin);
    ask = await login(twin, 'integration');
  });
  after(() => twin.close());

  const update = (rows: Record<string, unknown>[], rest: Record<string, unknown> = {}): Promise<Reply> =>
    ask('PATCH', '/composite/sobjects', {
      allOrNone: false,
      ...rest,
      records: rows.map((row) => ({ attributes: { type: 'Account' }, ...row })),
    });
  const patch = (values: unknown, headers?: Record<string, string>, id = alder): Promise<Reply> =>
    ask('PATCH', `/sobjects/Account/${id}`, values, headers);
  const valuesOf = (id: string) => twin.dump().records.find((record) => record.id === id)?.values ?? {};

  test('a failed row is reported in its place, without an id, while the others are saved', async () => {
    const [first, second, third] = results(
      await update([
        { id: alder, Points__c: 12 },
        { id: accountId('birch'), Short__c: 'x'.repeat(21) },
        { id: accountId('cedar'), Points__c: 3 },
      ]),
    );
    assert.deepEqual(first, { id: alder, success: true, errors: [] });
    assert.equal(second?.success, false);
    assert.equal('id' in (second ?? {}), false);
    assert.equal(second?.errors[0]?.statusCode, 'STRING_TOO_LONG');
    assert.match(second?.errors[0]?.message ?? '', /max length=20/);
    assert.deepEqual(second?.errors[0]?.fields, ['Short__c']);
    assert.equal(third?.success, true);
    assert.equal(valuesOf(alder).Points__c, 12);
  });

  test('allOrNone rolls the good rows back', async () => {
    const rows = [
      { id: alder, Points__c: 77 },
      { id: accountId('birch'), Nope__c: 1 },
    ];
    const [first, second] = results(await update(rows, { allOrNone: true }));
    assert.equal(first?.errors[0]?.statusCode, 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
    assert.equal(second?.errors[0]?.statusCode, 'INVALID_FIELD');
    assert.notEqual(valuesOf(alder).Points__c, 77);
  });

  const badRows: [string, Record<string, unknown>, string][] = [
    ['a field that does not exist', { Colour__c: 'red' }, 'INVALID_FIELD'],
    ['a field that exists but is hidden from the user', { Hidden__c: 'x' }, 'INVALID_FIELD'],
    ['a field that the user may only read', { Shown__c: 'x' }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    ['a system field', { CreatedDate: '2026-01-01T00:00:00Z' }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    ['a value outside a restricted picklist', { Grade__c: 'Z' }, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST'],
    ['a number with too many digits', { Points__c: 1000 }, 'NUMBER_OUTSIDE_VALID_RANGE'],
    ['an empty required field', { Name: '' }, 'REQUIRED_FIELD_MISSING'],
    ['a reference that is no id', { ParentId: 'nobody' }, 'MALFORMED_ID'],
  ];
  for (const [what, values, code] of badRows)
    test(`${what} refuses the row as ${code}`, async () => {
      const [result] = results(await update([{ id: alder, ...values }]));
      assert.equal(result?.errors[0]?.statusCode, code);
    });

  const badIds: [string, string, string][] = [
    ['text that is no id', 'nonsense', 'MALFORMED_ID'],
    ["another object's id", leadId('open'), 'MALFORMED_ID'],
    ['an id with a wrong suffix', `${alder.slice(0, 15)}zzz`, 'MALFORMED_ID'],
    ['an id that nothing has', accountId('nobody'), 'INVALID_CROSS_REFERENCE_KEY'],
  ];
  for (const [what, id, code] of badIds)
    test(`${what} refuses the row as ${code}`, async () => {
      const [result] = results(await update([{ id, Points__c: 1 }]));
      assert.equal(result?.errors[0]?.statusCode, code);
    });

  test('a row without an id, and the same record twice, are refused', async () => {
    const [none, first, again] = results(
      await update([{ Points__c: 1 }, { id: alder, Points__c: 1 }, { id: alder.slice(0, 15), Points__c: 2 }]),
    );
    assert.equal(none?.errors[0]?.statusCode, 'MISSING_ARGUMENT');
    assert.equal(first?.success, true);
    assert.equal(again?.errors[0]?.statusCode, 'DUPLICATE_VALUE');
  });

  const wrongTypes: [string, Record<string, unknown>][] = [
    ['text for a number', { Points__c: '12' }],
    ['a number for text', { Short__c: 12 }],
    ['an object for text', { Short__c: { text: 'x' } }],
    ['a date without a time for an instant', { When__c: '2026-01-01' }],
  ];
  for (const [what, values] of wrongTypes)
    test(`${what} refuses the whole request as JSON_PARSER_ERROR`, async () => {
      const reply = await update([
        { id: accountId('birch'), Points__c: 55 },
        { id: alder, ...values },
      ]);
      assert.equal(reply.status, 400);
      assert.equal(errorCode(reply), 'JSON_PARSER_ERROR');
      assert.notEqual(valuesOf(accountId('birch')).Points__c, 55);
    });

  test('201 records in one collection are refused as LIMIT_EXCEEDED, 200 are taken', async () => {
    const rows = Array.from({ length: 201 }, (_, index) => ({
      id: accountId(`more-${index}`),
      Points__c: 1,
    }));
    assert.equal(errorCode(await update(rows)), 'LIMIT_EXCEEDED');
    assert.equal(results(await update(rows.slice(1))).filter((result) => result.success).length, 200);
  });

  test('more than ten changes of object in one collection are refused as a whole, ten are taken in order', async () => {
    const pairs = (count: number): Record<string, unknown>[] =>
      Array.from({ length: count }, (_, index) =>
        index % 2 === 0
          ? { attributes: { type: 'Account' }, id: accountId(`more-${index}`), Points__c: 2 }
          : { attributes: { type: 'Lead' }, id: leadId('open'), Rating: 'Hot' },
      );
    const refused = await update(pairs(11));
    assert.deepEqual([refused.status, errorCode(refused)], [400, 'LIMIT_EXCEEDED']);
    assert.notEqual(valuesOf(accountId('more-0')).Points__c, 2, 'nothing of it was saved');
    const taken = results(await update(pairs(10)));
    assert.equal(taken.length, 10);
    assert.deepEqual(
      taken.filter((_, index) => index % 2 === 0).map(({ success, id }) => [success, id]),
      [0, 2, 4, 6, 8].map((index) => [true, accountId(`more-${index}`)]),
    );
    // The same object all along is one chunk, however many records.
    assert.equal(results(await update(pairs(40).filter((_, index) => index % 2 === 0))).length, 20);
  });

  test('allOrNone is off unless it is asked for', async () => {
    const rows = [
      { attributes: { type: 'Account' }, id: alder, Points__c: 41 },
      { attributes: { type: 'Account' }, id: accountId('birch'), Nope__c: 1 },
    ];
    const [first, second] = results(await ask('PATCH', '/composite/sobjects', { records: rows }));
    assert.deepEqual([first?.success, second?.success], [true, false]);
    assert.equal(valuesOf(alder).Points__c, 41);
  });

  test('what is stored is trimmed, rounded and cleared as the platform does it', async () => {
    results(await update([{ id: alder, Note__c: 'two\r\nlines  ', Points__c: 12.345, Short__c: '' }]));
    const { Note__c, Points__c, Short__c } = valuesOf(alder);
    assert.deepEqual([Note__c, Points__c, Short__c], ['two\nlines', 12.35, undefined]);
    results(await update([{ id: alder, When__c: '2026-03-01T10:00:00.789+02:00' }]));
    const reply = await soql(ask, `SELECT When__c FROM Account WHERE Id = '${alder}'`);
    assert.equal(records(reply)[0]?.When__c, '2026-03-01T08:00:00.000+0000');
  });

  test('deleted, locked and converted records are refused with their own codes', async () => {
    const gone = accountId('more-7');
    twin.edit({ operation: 'delete', as: 'rep:Anna', id: gone });
    twin.edit({ operation: 'lock', as: 'rep:Anna', id: accountId('more-8') });
    twin.edit({ operation: 'lock', as: 'rep:Anna', id: accountId('more-9'), how: 'approval' });
    const codes = results(
      await update([gone, accountId('more-8'), accountId('more-9')].map((id) => ({ id, Points__c: 1 }))),
    ).map((result) => result.errors[0]?.statusCode);
    assert.deepEqual(codes, ['ENTITY_IS_DELETED', 'UNABLE_TO_LOCK_ROW', 'ENTITY_IS_LOCKED']);
    twin.edit({ operation: 'unlock', as: 'rep:Anna', id: accountId('more-8') });
    assert.equal(results(await update([{ id: accountId('more-8'), Points__c: 1 }]))[0]?.success, true);
    const lead = await ask('PATCH', `/sobjects/Lead/${leadId('converted')}`, { Note__c: 'x' });
    assert.equal(errorCode(lead), 'CANNOT_UPDATE_CONVERTED_LEAD');
    assert.equal(errorCode(await patch({ Points__c: 1 }, {}, gone)), 'ENTITY_IS_DELETED');
  });

  test('a single row answers 204, and refuses an id in its body', async () => {
    assert.equal((await patch({ Points__c: 5 })).status, 204);
    assert.equal(errorCode(await patch({ Id: alder, Points__c: 5 })), 'INVALID_FIELD');
    assert.equal(errorCode(await patch('{"Points__c": ')), 'JSON_PARSER_ERROR');
    assert.equal(errorCode(await ask('PATCH', `/sobjects/Banana/${alder}`, {})), 'NOT_FOUND');
    assert.equal((await ask('DELETE', `/sobjects/Account/${alder}`)).status, 405);
  });

  test('If-Unmodified-Since lets a write through within the second and refuses it with 412 after', async () => {
    const id = accountId('more-240');
    const read = await ask('GET', `/sobjects/Account/${id}?fields=Id,LastModifiedDate`);
    const since = read.headers.get('last-modified') ?? '';
    assert.match(since, / GMT$/);
    assert.equal((await patch({ Points__c: 1 }, { 'if-unmodified-since': since }, id)).status, 204);
    assert.equal((await patch({ Points__c: 2 }, { 'if-unmodified-since': since }, id)).status, 412);
    assert.equal((await patch({ Points__c: 2 }, { 'if-unmodified-since': 'yesterday' }, id)).status, 400);
    assert.equal(valuesOf(id).Points__c, 1);
    twin.edit({ as: 'rep:Anna', id, fields: { Points__c: 9 } });
    const changed = twin.dump().records.find((record) => record.id === id)?.modifiedAt ?? '';
    const sameSecond = new Date(changed).toUTCString();
    assert.equal((await patch({ Points__c: 3 }, { 'if-unmodified-since': sameSecond }, id)).status, 204);
  });

  test('retrieve answers in the order asked, null for what is not there, 2,000 ids at most', async () => {
    const ids = [accountId('cedar'), accountId('nobody'), 'nonsense', alder];
    const reply = await ask('POST', '/composite/sobjects/Account', { ids, fields: ['Name'] });
    assert.ok(Array.isArray(reply.body));
    assert.deepEqual(
      reply.body.map((row: { Name: string } | null) => row?.Name ?? null),
      ['Cedar Dairy', null, null, 'Alder Robotics'],
    );
    const many = { ids: Array.from({ length: 2001 }, () => alder), fields: ['Name'] };
    assert.equal(errorCode(await ask('POST', '/composite/sobjects/Account', many)), 'LIMIT_EXCEEDED');
    const unknown = { ids: [alder], fields: ['Colour'] };
    assert.equal(errorCode(await ask('POST', '/composite/sobjects/Account', unknown)), 'INVALID_FIELD');
  });

  const sub = (index: number, rest: Record<string, unknown> = {}) => ({
    method: 'PATCH',
    url: `/services/data/v68.0/sobjects/Account/${accountId(`more-${100 + index}`)}`,
    referenceId: `ref${index}`,
    body: { Points__c: index },
    ...rest,
  });

  test('a composite answers 200 as a whole, each part with its own status, and counts as one call', async () => {
    const before = twin.dump().usage.used;
    const reply = await ask('POST', '/composite', {
      allOrNone: false,
      compositeRequest: [
        sub(0),
        sub(1, { httpHeaders: { 'If-Unmodified-Since': 'Mon, 06 Jan 2020 08:00:00 GMT' } }),
        sub(2, { body: { Nope__c: 1 } }),
        {
          method: 'PATCH',
          url: '/services/data/v68.0/composite/sobjects',
          referenceId: 'many',
          body: { records: [{ attributes: { type: 'Account' }, id: alder, Points__c: 8 }] },
        },
      ],
    });
    assert.equal(reply.status, 200);
    const { body } = reply;
    assert.ok(typeof body === 'object' && body !== null && 'compositeResponse' in body);
    assert.ok(Array.isArray(body.compositeResponse));
    const statuses = body.compositeResponse.map((part: { httpStatusCode: number }) => part.httpStatusCode);
    assert.deepEqual(statuses, [204, 412, 400, 200]);
    assert.equal(twin.dump().usage.used, before + 1);
  });

  test('26 parts, 6 collections, a part outside the API or a name used twice refuse the composite', async () => {
    const send = (compositeRequest: unknown[]) => ask('POST', '/composite', { compositeRequest });
    const collection = (index: number) =>
      sub(index, { url: '/services/data/v68.0/composite/sobjects', body: { records: [] } });
    const six = Array.from({ length: 6 }, (_, index) => collection(index));
    assert.equal(
      errorCode(await send(Array.from({ length: 26 }, (_, index) => sub(index)))),
      'LIMIT_EXCEEDED',
    );
    assert.equal(errorCode(await send(six)), 'LIMIT_EXCEEDED');
    assert.equal((await send(six.slice(1))).status, 200);
    assert.equal(errorCode(await send([sub(1), sub(1)])), 'INVALID_INPUT');
    const outside = await send([sub(1, { url: 'http://elsewhere.example/services/oauth2/token' })]);
    assert.match(JSON.stringify(outside.body), /"httpStatusCode":400/);
  });

  test('a part that names a header which it inherits refuses the composite, and nothing of it is done', async () => {
    for (const name of ['Accept', 'authorization', 'Content-Type']) {
      const before = twin.dump().records.find(({ id }) => id === accountId('more-100'))?.updates;
      const parts = [
        sub(0, { body: { Points__c: 77 } }),
        sub(1, { httpHeaders: { [name]: 'application/json' } }),
      ];
      const reply = await ask('POST', '/composite', { compositeRequest: parts });
      assert.equal(reply.status, 400, name);
      const after = twin.dump().records.find(({ id }) => id === accountId('more-100'))?.updates;
      assert.deepEqual(after, before, name);
    }
  });

  test('each field remembers who changed it, and only a named author may edit', () => {
    twin.edit({ as: 'rep:Anna', id: alder, fields: { Note__c: 'mine' } });
    const record = twin.dump().records.find((each) => each.id === alder);
    const last = record?.history.at(-1);
    assert.deepEqual([last?.by, last?.field, last?.to], ['rep:Anna', 'Note__c', 'mine']);
    assert.equal(record?.updates['rep:Anna'], 1);
    assert.ok((record?.updates.integration ?? 0) > 1);
    assert.throws(() => twin.edit({ id: alder, fields: { Note__c: 'x' } }), /as:/);
    assert.throws(() => twin.edit({ as: 'somebody', id: alder, fields: {} }), /as:/);
    assert.throws(() => twin.edit({ as: 'rep:Anna', id: accountId('nobody'), fields: {} }), /no record/);
    assert.throws(() => twin.edit({ as: 'rep:Anna', id: alder, fields: { Colour: 1 } }), /no field Colour/);
    assert.throws(
      () => twin.edit({ as: 'rep:Anna', id: alder, fields: { Short__c: 'x'.repeat(30) } }),
      /max length/,
    );
  });
});
