import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ChangePage, Crm, CrmObject, SyncCursor } from '../../src/connectors/crm.ts';
import { ROW, TWICE, spoilRows } from '../harness/spoil-rows.ts';
import type { Spoiled } from '../harness/spoil-rows.ts';
import { openTwinTap } from '../harness/twin-tap.ts';
import type { TwinTap } from '../harness/twin-tap.ts';
import { makeCompany, makeWorld, startPortal } from '../sandbox/hubspot-start.ts';
import { accountId, leadId, smallWorld, startSmall } from '../sandbox/salesforce-fixture.ts';
import { connect as connectHubspot } from './hubspot-connect.ts';
import { connect as connectSalesforce, ledger } from './salesforce/connect.ts';

type Told = { taken: string[]; left: Record<string, string>; cursor: SyncCursor | null };

async function read(crm: Crm, object: CrmObject, cursor: SyncCursor | null = null): Promise<Told> {
  const pages: ChangePage[] = [];
  for await (const page of crm.readChanges(object, cursor, ledger())) pages.push(page);
  const left = pages.flatMap((page) => page.unreadable ?? []);
  assert.ok(left.every((row) => row.object === object));
  return {
    taken: pages.flatMap((page) => page.records.map(({ externalId }) => externalId)).toSorted(),
    left: Object.fromEntries(left.map(({ shownId, problem }) => [shownId, problem])),
    cursor: pages.at(-1)?.cursor ?? null,
  };
}

async function tapOf(context: TestContext, url: string): Promise<TwinTap> {
  const tap = await openTwinTap(url);
  context.after(() => tap.close());
  return tap;
}

suite('One Salesforce row that can’t be read harms no other', () => {
  const alder = accountId('alder');
  const birch = accountId('birch');
  const cedar = accountId('cedar');

  const open = async (context: TestContext, more = 0) => {
    const twin = await startSmall({ world: smallWorld(more) });
    context.after(() => twin.close());
    twin.bulkQueries.durationMs = 5;
    const tap = await tapOf(context, twin.url);
    const client = { ...twin, url: tap.url };
    return { twin, tap, crm: connectSalesforce(client, more > 0 ? { bulk: { above: 2 } } : {}) };
  };

  const cases: [name: string, spoiled: Spoiled, shown: string, problem: RegExp][] = [
    [
      'an id with a NUL in it',
      { Id: '001\u0000abc' },
      '"001\\u0000abc"',
      /Id is "001\\u0000abc", not 18 letters/,
    ],
    ['an id with a lone surrogate', { Id: 'a\ud800b' }, '"a\\ud800b"', /Id is/],
    ['an id that is a number', { Id: 5 }, 'no id (row ', /Id is the number 5/],
    ['an id that is too long', { Id: 'x'.repeat(5000) }, `"${'x'.repeat(40)}…" (row `, /Id is/],
    ['no id', { Id: null }, 'no id (row ', /Id is nothing/],
    [
      'a date of year 0',
      { SystemModstamp: '0000-01-01T00:00:00.000+0000' },
      birch,
      /SystemModstamp is "0000-01-01/,
    ],
    [
      'a date of year 9999',
      { SystemModstamp: '9999-12-31T00:00:00.000+0000' },
      birch,
      /SystemModstamp is "9999/,
    ],
    ['a day that no month has', { SystemModstamp: '2026-02-30T00:00:00.000+0000' }, birch, /2026-02-30/],
    ['a date that is an object', { SystemModstamp: {} }, birch, /SystemModstamp is an object/],
    ['a name that is a list', { Name: ['x'] }, birch, /Name is a list, not one value/],
    ['a flag that is text', { IsDeleted: 'perhaps' }, birch, /IsDeleted is "perhaps", neither/],
    ['an owner that is no id', { OwnerId: '005\u0000' }, birch, /OwnerId is "005\\u0000", which is no id/],
    ['a survivor that is no id', { MasterRecordId: 'gone' }, birch, /MasterRecordId is "gone"/],
    ['no row', { [ROW]: 17 }, 'no id (row ', /Id is nothing/],
  ];
  for (const [name, spoiled, shown, problem] of cases)
    test(`in pages: ${name}`, async (context) => {
      const { tap, crm } = await open(context);
      spoilRows(tap, new Map([[birch, spoiled]]));
      const told = await read(crm, 'Account');
      assert.deepEqual(told.taken, [alder, cedar].toSorted());
      const [[shownId, because] = ['', '']] = Object.entries(told.left);
      assert.equal(shownId.startsWith(shown), true, shownId);
      assert.match(because, problem);
      assert.match(`${shownId} ${because}`, /^[\x20-\x7e…]*$/);
    });

  const inBulk = cases.filter(([name]) => !/object|list|number|no row/.test(name));
  test('in the results of a bulk query: each of these, side by side', async (context) => {
    const { tap, crm } = await open(context, 2_100);
    const ids = inBulk.map((_one, index) => accountId(`more-${2_090 - index}`));
    // The first page of 2,000 is no bulk result: all rows have one stamp there, so those behind it by id are the job's.
    const spoiled = new Map(inBulk.map(([, values], index) => [ids[index] ?? '', values]));
    spoilRows(tap, spoiled);
    const told = await read(crm, 'Account');
    assert.equal(told.taken.length + inBulk.length, new Set(told.taken).size + inBulk.length);
    assert.equal(Object.keys(told.left).length, inBulk.length, JSON.stringify(told.left));
    assert.equal(told.taken.length, 2_103 - inBulk.length);
    for (const id of ids) assert.equal(told.taken.includes(id), false);
  });

  test('a row that comes twice in one page is taken, in its later version too', async (context) => {
    const { tap, crm } = await open(context);
    spoilRows(tap, new Map([[birch, { [TWICE]: true, Name: 'Birch again' }]]));
    const told = await read(crm, 'Account');
    assert.deepEqual(told.taken, [alder, birch, birch, cedar].toSorted());
    assert.deepEqual(told.left, {});
  });

  test('the next sync goes on behind it, and takes the version that can be read', async (context) => {
    const { twin, tap, crm } = await open(context);
    spoilRows(tap, new Map([[birch, { OwnerId: 'nobody' }]]));
    const first = await read(crm, 'Account');
    twin.kit.clock.set(3_600_000);
    twin.edit({ as: 'rep:Ann', id: cedar, fields: { Website: 'cedar.example' } });
    const second = await read(crm, 'Account', first.cursor);
    const third = await read(crm, 'Account', second.cursor);
    assert.deepEqual([third.taken, third.left], [[cedar], {}]);
    twin.kit.clock.set(7_200_000);
    twin.edit({ as: 'rep:Ann', id: birch, fields: { Industry: 'Wood' } });
    tap.rewrite = null;
    assert.equal((await read(crm, 'Account', third.cursor)).taken.includes(birch), true);
  });

  test('a merged and a deleted row, and a deal', async (context) => {
    const { twin, tap, crm } = await open(context);
    twin.edit({ operation: 'merge', as: 'rep:Ann', winner: alder, loser: birch });
    twin.edit({ operation: 'delete', as: 'rep:Ann', id: leadId('open') });
    const deal = { Name: 'Deal', StageName: 'Prospecting', CloseDate: '2026-12-24', AccountId: cedar };
    twin.edit({ operation: 'create', as: 'rep:Ann', object: 'Opportunity', records: [deal, deal] });
    spoilRows(
      tap,
      new Map([
        [birch, { MasterRecordId: '001\u0000' }],
        [leadId('open'), { IsDeleted: 1 }],
      ]),
    );
    assert.deepEqual(Object.keys((await read(crm, 'Account')).left), [birch]);
    const leads = await read(crm, 'Lead');
    assert.deepEqual([leads.taken, Object.keys(leads.left)], [[leadId('converted')], [leadId('open')]]);
    const deals = async () => {
      assert.ok(crm.readDeals);
      const pages = [];
      for await (const page of crm.readDeals(null, ledger())) pages.push(page);
      return {
        deals: pages.flatMap((page) => page.deals),
        left: pages.flatMap((page) => page.unreadable ?? []),
      };
    };
    const [one, other] = (await deals()).deals;
    assert.ok(one && other);
    spoilRows(tap, new Map([[one.externalId, { AccountId: '\ud800' }]]));
    const told = await deals();
    assert.deepEqual(told.deals, [other]);
    assert.deepEqual(
      told.left.map(({ object, shownId }) => [object, shownId]),
      [['Opportunity', one.externalId]],
    );
  });
});

suite('One HubSpot row that can’t be read harms no other', () => {
  const company = (number: number): string => String(100_000_000_000 + number);
  const open = async (context: TestContext) => {
    const portal = await startPortal(context, { world: makeWorld([1, 2, 3].map((one) => makeCompany(one))) });
    const tap = await tapOf(context, portal.twin.url);
    return { portal, tap, crm: connectHubspot(portal, { baseUrl: tap.url }) };
  };
  const bad = company(2);
  const cases: [name: string, spoiled: Spoiled, shown: string, problem: RegExp][] = [
    [
      'an id with a NUL in it',
      { id: '12\u0000' },
      '"12\\u0000"',
      /id is "12\\u0000", which is no whole number/,
    ],
    ['an id that is a number', { id: 12 }, 'no id (row ', /id is the number 12, not text/],
    ['no id', { id: null }, 'no id (row ', /id is nothing/],
    ['a date of year 0', { hs_lastmodifieddate: '0000-01-01T00:00:00Z' }, bad, /last changed at "0000/],
    ['a date of year 9999', { hs_lastmodifieddate: '9999-12-31T00:00:00Z' }, bad, /last changed at "9999/],
    ['a date that is none', { hs_lastmodifieddate: 'soon' }, bad, /last changed at "soon"/],
    [
      'a name that is a number',
      { name: 5 },
      bad,
      /"properties\.name" is the number 5, which HubSpot never sends/,
    ],
    ['properties that are a list', { properties: [1] }, bad, /"properties.*HubSpot never sends/],
    ['a company that is no id', { associatedcompanyid: '1\u0000' }, bad, /associatedcompanyid is "1\\u0000"/],
    ['no row', { [ROW]: 'x' }, 'no id (row ', /id is nothing/],
  ];
  for (const [name, spoiled, shown, problem] of cases)
    test(`in lists, searches and among archived ones: ${name}`, async (context) => {
      const { portal, tap, crm } = await open(context);
      spoilRows(tap, new Map([[bad, spoiled]]));
      const check = (told: Told): void => {
        assert.deepEqual(told.taken, [company(1), company(3)]);
        const [[shownId, because] = ['', '']] = Object.entries(told.left);
        assert.equal(shownId.startsWith(shown), true, shownId);
        assert.match(because, problem);
        assert.match(`${shownId} ${because}`, /^[\x20-\x7e…]*$/);
      };
      const listed = await read(crm, 'company');
      check(listed);
      // Everything changed within the look back: the search finds all of it again.
      for (const number of [1, 2, 3])
        await portal.edit({
          as: 'rep:Ann',
          object: 'companies',
          id: company(number),
          properties: { country: 'Norway' },
        });
      portal.twin.kit.clock.set(60_000);
      const searched = await read(crm, 'company', listed.cursor);
      check(searched);
      for (const number of [1, 2, 3])
        await portal.edit({ operation: 'archive', as: 'rep:Ann', object: 'companies', id: company(number) });
      check(await read(crm, 'company', searched.cursor));
    });

  test('a survivor that names what is no id, and a row that comes twice', async (context) => {
    const { tap, crm } = await open(context);
    spoilRows(
      tap,
      new Map([
        [bad, { hs_merged_object_ids: '77;7\u00007' }],
        [company(3), { [TWICE]: true, name: 'again' }],
      ]),
    );
    const told = await read(crm, 'company');
    assert.deepEqual(told.taken, ['77', company(1), bad, company(3), company(3)].toSorted());
    assert.match(told.left['"7\\u00007"'] ?? '', /merged into 100000000002/);
  });
});
