import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { Crm, CrmObject, FieldValues, RecordWrite } from '../../../src/connectors/crm.ts';
import { ProviderError } from '../../../src/errors.ts';
import { accountId, contactId, leadId, smallWorld, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { connect, ledger } from './connect.ts';

const write = (
  externalId: string,
  fields: FieldValues,
  unmodifiedSince: string | null = null,
  object: CrmObject = 'Account',
): RecordWrite => ({ object, externalId, fields, unmodifiedSince });

suite('Values are written back to Salesforce', () => {
  let twin: SalesforceTwin;
  let crm: Crm;
  const alder = accountId('alder');
  before(async () => {
    twin = await startSmall({ world: smallWorld(1200) });
    crm = connect(twin);
    await crm.installFields(ledger());
  });
  after(() => twin.close());
  const valuesOf = (id: string) => twin.dump().records.find((record) => record.id === id)?.values ?? {};
  const current = async (id: string) => {
    const [record] = await crm.readCurrent('Account', [id], ledger());
    assert.ok(record !== undefined);
    return record;
  };

  test('a lead stays with its owner, although the org has rules that assign what is saved', async () => {
    const lead = leadId('open');
    const owner = valuesOf(lead)['OwnerId'];
    const [read] = await crm.readCurrent('Lead', [lead], ledger());
    assert.ok(typeof owner === 'string' && read !== undefined);
    await crm.writeRecords([write(lead, { score: 5 }, null, 'Lead')], ledger());
    assert.equal(valuesOf(lead)['OwnerId'], owner, 'in a collection');
    twin.kit.clock.set(5_000);
    const [now] = await crm.readCurrent('Lead', [lead], ledger());
    const [outcome] = await crm.writeRecords(
      [write(lead, { pitch: 'Hello' }, now?.modifiedAt ?? null, 'Lead')],
      ledger(),
    );
    assert.equal(outcome?.outcome, 'applied');
    assert.equal(valuesOf(lead)['OwnerId'], owner, 'in a conditional row');
  });

  test('1,000 records are one call where nobody else may edit, and what was written can be read back in one', async () => {
    const writes = Array.from({ length: 1000 }, (_, index) =>
      write(accountId(`more-${index}`), { score: index / 10, band: 'B', why: `Reason ${index}` }),
    );
    const groups = crm.groupWrites(writes);
    assert.equal(groups.length, 1);
    const options = ledger();
    twin.kit.calls.clear();
    const outcomes = await crm.writeRecords(groups[0] ?? [], options);
    assert.equal(outcomes.filter((each) => each.outcome === 'applied').length, 1000);
    const { byOperation } = twin.kit.calls.summary();
    assert.deepEqual(byOperation, { composite: { calls: 1, units: 1000, failed: 0 } });
    assert.deepEqual(
      options.calls.map(({ operation, requests, ok }) => [operation, requests, ok]),
      [['composite', 1, true]],
    );
    // What an object's fields are is asked once and remembered for a while.
    await crm.readCurrent('Account', [alder], ledger());
    twin.kit.calls.clear();
    const ids = writes.map((each) => each.externalId);
    const back = await crm.readCurrent('Account', ids, ledger());
    assert.deepEqual(
      back.map((record) => record.externalId),
      ids,
    );
    assert.deepEqual(
      back.map((record) => record.values?.score),
      writes.map((each) => each.fields.score),
    );
    assert.equal(twin.kit.calls.summary().total, 1);
  });

  test('25 conditional writes are one call, and only the record that a person touched meanwhile is left alone', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => accountId(`more-${1000 + index}`));
    const read = await crm.readCurrent('Account', ids, ledger());
    twin.edit({ as: 'rep:Anna', id: ids[7], fields: { Fieldnote_Pitch__c: 'My own words' } });
    const writes = read.map((record) => write(record.externalId, { pitch: 'Ours' }, record.modifiedAt));
    const groups = crm.groupWrites(writes);
    assert.equal(groups.length, 1);
    twin.kit.calls.clear();
    const outcomes = await crm.writeRecords(groups[0] ?? [], ledger());
    assert.equal(twin.kit.calls.summary().total, 1);
    assert.deepEqual(
      outcomes.map((each) => each.outcome === 'changed-meanwhile'),
      ids.map((_, index) => index === 7),
    );
    assert.equal(valuesOf(ids[7] ?? '').Fieldnote_Pitch__c, 'My own words');
    assert.equal(valuesOf(ids[8] ?? '').Fieldnote_Pitch__c, 'Ours');
  });

  test('one locked, one deleted, one converted and one purged record do not stop the others', async () => {
    const [locked, gone, fine] = [accountId('more-1'), accountId('more-2'), accountId('more-3')];
    twin.edit({ operation: 'lock', as: 'rep:Anna', id: locked });
    twin.edit({ operation: 'delete', as: 'rep:Anna', id: gone });
    const lead = leadId('converted');
    const group = [
      write(locked, { score: 1 }),
      write(gone, { score: 1 }),
      write(lead, { score: 1 }, null, 'Lead'),
      write(accountId('purged'), { score: 1 }),
      write(gone, { score: 1 }, '2026-01-01T00:00:00Z'),
      write(fine, { score: 1 }),
    ];
    const outcomes = await crm.writeRecords(group, ledger());
    assert.deepEqual(
      outcomes.map((each) => each.outcome),
      ['rejected', 'gone', 'rejected', 'gone', 'gone', 'applied'],
    );
    assert.deepEqual(
      outcomes.map((each) => each.externalId),
      group.map((each) => each.externalId),
    );
    const [row, , conversion] = outcomes;
    assert.ok(row?.outcome === 'rejected' && row.retryable && row.code === 'UNABLE_TO_LOCK_ROW');
    assert.ok(conversion?.outcome === 'rejected' && !conversion.retryable);
    assert.match(conversion.message, /its account carries the fields/);
    const [seen] = await crm.readCurrent('Lead', [lead], ledger());
    assert.match(seen?.unwritable ?? '', /converted/);
    const [missing] = await crm.readCurrent('Account', [gone], ledger());
    assert.deepEqual(missing, { object: 'Account', externalId: gone, values: null, modifiedAt: null });
    twin.edit({ operation: 'unlock', as: 'rep:Anna', id: locked });
    const [again] = await crm.writeRecords([write(locked, { score: 1 })], ledger());
    assert.equal(again?.outcome, 'applied');
  });

  test('what the CRM makes of a value is what readCurrent answers', async () => {
    const fields: FieldValues = {
      score: 91.237,
      confidence: 0,
      band: 'Not enough evidence',
      why: 'two\r\nlines  ',
      personas: '',
      pitchLink: 'https://fieldnote.example/c/1',
      scoredAt: '2026-03-01T10:00:00.250+02:00',
      model: null,
    };
    const [outcome] = await crm.writeRecords([write(alder, fields)], ledger());
    assert.equal(outcome?.outcome, 'applied');
    assert.deepEqual((await current(alder)).values, {
      score: 91.24,
      confidence: 0,
      band: 'Not enough evidence',
      why: 'two\nlines',
      personas: null,
      competitors: null,
      pitch: null,
      pitchLink: 'https://fieldnote.example/c/1',
      model: null,
      scoredAt: '2026-03-01T08:00:00.000Z',
    });
  });

  const unfit: [string, FieldValues, RegExp][] = [
    ['text that is too long', { model: 'x'.repeat(256) }, /256 characters, the field holds 255/],
    ['a value outside the picklist', { band: 'E' }, /not in the picklist/],
    ['a number that is none', { score: Number.NaN }, /not a number/],
    ['a number that is too large', { score: 1000 }, /out of range/],
    ['text for a number', { score: '91' }, /not a number/],
    ['an instant that is none', { scoredAt: 'yesterday' }, /not an ISO instant/],
  ];
  for (const [what, fields, message] of unfit)
    test(`${what} is refused before it is sent, and its neighbours are written`, async () => {
      const group = [write(alder, fields), write(accountId('birch'), { score: 4 })];
      const [bad, good] = await crm.writeRecords(group, ledger());
      assert.ok(bad?.outcome === 'rejected' && bad.code === 'INVALID_VALUE' && !bad.retryable);
      assert.match(bad.message, message);
      assert.deepEqual(bad.fields, Object.keys(fields));
      assert.equal(good?.outcome, 'applied');
    });

  test('a field, object or id that is not ours is an error before anything is sent', async () => {
    twin.kit.calls.clear();
    const foreign = { externalId: alder, object: 'Account' as const, unmodifiedSince: null };
    const smuggled: FieldValues = JSON.parse('{"Name":"Hacked"}');
    const sneaky: FieldValues = JSON.parse('{"__proto__":{"x":1},"constructor":"x"}');
    await assert.rejects(
      crm.writeRecords([{ ...foreign, fields: smuggled }], ledger()),
      /not one of Fieldnote's fields/,
    );
    await assert.rejects(
      crm.writeRecords([{ ...foreign, fields: sneaky }], ledger()),
      /not one of Fieldnote's fields/,
    );
    const contact = write(contactId('erin'), { score: 1 }, null, 'Contact');
    await assert.rejects(crm.writeRecords([contact], ledger()), /never written/);
    await assert.rejects(
      crm.writeRecords([write('1', { score: 1 }, null, 'company')], ledger()),
      /no company/,
    );
    await assert.rejects(crm.writeRecords([write("001' OR", { score: 1 })], ledger()), /no Salesforce id/);
    assert.equal(twin.kit.calls.summary().total, 0);
    assert.equal(valuesOf(alder).Name, 'Alder Robotics');
  });

  test('more than one call carries is an error, and so are 2,001 ids', async () => {
    const many = Array.from({ length: 1001 }, (_, index) => write(accountId(`more-${index}`), { score: 1 }));
    await assert.rejects(crm.writeRecords(many, ledger()), /group them first/);
    const ids = many.concat(many).map((each) => each.externalId);
    await assert.rejects(crm.readCurrent('Account', ids, ledger()), /2000 ids at most/);
    assert.deepEqual(await crm.readCurrent('Account', [], ledger()), []);
    assert.deepEqual(await crm.writeRecords([], ledger()), []);
  });

  test('a write whose answer is lost is not sent again, and says that it may have happened', async () => {
    const cut = connect(twin, {
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        const target = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
        if (!target.endsWith('/composite')) return answer;
        await answer.arrayBuffer();
        throw new TypeError('fetch failed', {
          cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
        });
      },
    });
    await cut.readCurrent('Account', [alder], ledger());
    twin.kit.calls.clear();
    const options = ledger();
    const failure = await cut
      .writeRecords([write(alder, { score: 33 })], options)
      .catch((error: unknown) => error);
    assert.ok(failure instanceof ProviderError);
    assert.deepEqual([failure.kind, failure.maybeApplied], ['unavailable', true]);
    assert.equal(twin.kit.calls.summary().byOperation.composite?.calls, 1);
    assert.equal((await current(alder)).values?.score, 33);
    assert.deepEqual(
      options.calls.map((call) => call.ok),
      [false],
    );
  });

  test('a write that was turned away with 429 is sent again after its wait, once it is let in', async () => {
    twin.kit.faults.set({
      only: ['POST /services/data/v68.0/composite'],
      rate429: 1,
      limit: 1,
      retryAfterSeconds: 0.1,
    });
    twin.kit.calls.clear();
    const options = ledger();
    const [outcome] = await crm.writeRecords([write(alder, { score: 34 })], options);
    twin.kit.faults.set({});
    assert.equal(outcome?.outcome, 'applied');
    assert.equal(options.calls[0]?.requests, 2);
    assert.deepEqual(
      twin.kit.calls.list().map((call) => [call.status, call.early]),
      [
        [429, false],
        [200, false],
      ],
    );
  });

  test('a server error on a write is not repeated', async () => {
    twin.kit.faults.set({ only: ['/composite'], rate500: 1 });
    twin.kit.calls.clear();
    const failure = await crm
      .writeRecords([write(alder, { score: 35 })], ledger())
      .catch((error: unknown) => error);
    twin.kit.faults.set({});
    assert.ok(failure instanceof ProviderError);
    assert.deepEqual(
      [failure.kind, failure.maybeApplied, failure.code],
      ['unavailable', true, 'UNKNOWN_EXCEPTION'],
    );
    assert.equal(twin.kit.calls.summary().total, 1);
  });
});

test('groups carry every write once, fit one call each, and are as few as they can be', () => {
  const crm = connect({
    url: 'http://127.0.0.1:1',
    clientId: 'a',
    clientSecret: 'b',
    adminClientId: 'c',
    adminClientSecret: 'd',
  });
  const row = fc.record({
    object: fc.constantFrom<CrmObject>('Account', 'Lead'),
    externalId: fc.integer({ min: 0, max: 4000 }).map((key) => accountId(`row-${key}`)),
    fields: fc.constant<FieldValues>({ score: 1 }),
    unmodifiedSince: fc.constantFrom(null, null, null, '2026-01-01T00:00:00Z'),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 2500, size: 'max' }), (writes) => {
      const groups = crm.groupWrites(writes);
      assert.equal(groups.flat().length, writes.length);
      assert.equal(new Set(groups.flat()).size, new Set(writes).size);
      for (const group of groups) {
        const keys = group.map((each) => `${each.object} ${each.externalId}`);
        assert.equal(new Set(keys).size, keys.length);
        const conditional = group.filter((each) => each.unmodifiedSince !== null).length;
        assert.ok(conditional === 0 || conditional === group.length);
        assert.ok(group.length <= (conditional > 0 ? 25 : 1000));
      }
    }),
    { numRuns: 30 },
  );
  const plain = (count: number, since: string | null) =>
    Array.from({ length: count }, (_, index) => write(accountId(`row-${index}`), { score: 1 }, since));
  assert.deepEqual(
    crm.groupWrites(plain(2001, null)).map((group) => group.length),
    [1000, 1000, 1],
  );
  assert.deepEqual(
    crm.groupWrites(plain(51, '2026-01-01T00:00:00Z')).map((group) => group.length),
    [25, 25, 1],
  );
  assert.deepEqual(crm.groupWrites([]), []);
  const long = Array.from({ length: 1000 }, (_, index) =>
    write(accountId(`row-${index}`), { pitch: 'x'.repeat(10_000) }),
  );
  assert.deepEqual(
    crm.groupWrites(long).map((group) => group.length),
    [600, 400],
  );
});
