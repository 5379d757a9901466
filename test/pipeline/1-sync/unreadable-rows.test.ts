import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { CrmKind } from '../../../src/connectors/crm.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import type { SyncResult } from '../../../src/pipeline/1-sync/sync.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { MOST_LISTED, listUnreadable } from '../../../src/pipeline/store/unreadable-rows.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { createFakeCrm } from '../../harness/fake-crm.ts';
import { ROW, TWICE, spoilRows } from '../../harness/spoil-rows.ts';
import type { Spoiled } from '../../harness/spoil-rows.ts';
import { openTappedTwin } from '../../harness/twin-stages.ts';
import type { TappedTwin } from '../../harness/twin-stages.ts';

let here: TestDatabase;
let workspaceId: string;
before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
});
after(() => here.close());

const open = (kind: CrmKind, name: string): Promise<Connection> =>
  here.db.inWorkspace(workspaceId, (tx) => ensureConnection(tx, workspaceId, kind, name));
const listed = async () => (await here.db.inWorkspace(workspaceId, (tx) => listUnreadable(tx, 1_000))).listed;
const stored = (connection: Connection): Promise<string[]> =>
  here.db.inWorkspace(workspaceId, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      'select external_id as id from records where connection_id = $1 and object in ($2, $3) order by 1',
      [connection.id, 'Account', 'company'],
    );
    return rows.map(({ id }) => id);
  });

async function sync(
  crm: TappedTwin['crm'],
  connection: Connection,
  full = false,
): Promise<SyncResult & { notices: string[] }> {
  const notices: string[] = [];
  const call = {
    signal: AbortSignal.timeout(60_000),
    onNotice: (notice: string) => void notices.push(notice),
  };
  if (full) await here.db.inWorkspace(connection.workspaceId, (tx) => askForFullSync(tx, connection.id));
  return { ...(await syncConnection({ db: here.db, crm, connection, call })), notices };
}

for (const kind of ['salesforce', 'hubspot'] as const)
  test(`a row of ${kind} that can’t be read is told once, with where and why, and is over when it can be`, async (context) => {
    const tapped = await openTappedTwin(kind);
    context.after(() => tapped.close());
    const [one = '', bad = '', two = ''] = await tapped.create(3);
    const connection = await open(kind, `told ${kind}`);
    spoilRows(tapped.tap, new Map([[bad, kind === 'salesforce' ? { Name: {} } : { name: 7 }]]));

    const first = await sync(tapped.crm, connection);
    assert.deepEqual([first.read, first.unreadable], [3, 1]);
    assert.deepEqual(await stored(connection), [one, two].toSorted());
    assert.equal(first.notices.length, 1);
    assert.match(first.notices[0] ?? '', new RegExp(`^1 ${tapped.object} row can't be read .*${bad}.*name.*correct the record`, 'i')); // prettier-ignore
    const [line] = await listed();
    assert.deepEqual(
      [line?.crm, line?.connection, line?.object, line?.id],
      [kind, `told ${kind}`, tapped.object, bad],
    );
    assert.deepEqual((await sync(tapped.crm, connection)).notices, [], 'it is not told again');
    assert.deepEqual((await sync(tapped.crm, connection, true)).notices, [], 'nor when all is read again');
    assert.equal((await listed()).length, 1);

    tapped.tap.rewrite = null;
    const name = kind === 'salesforce' ? { fields: { Name: 'Good' } } : { object: 'companies', properties: { name: 'Good' } }; // prettier-ignore
    await tapped.edit({ as: 'rep:Ann', id: bad, ...name });
    await sync(tapped.crm, connection);
    assert.deepEqual(await stored(connection), [one, bad, two].toSorted());
    assert.deepEqual(await listed(), []);
  });

test('of thousands of rows that can’t be read some are kept by name, and all are counted', async () => {
  const connection = await open('salesforce', 'many');
  const unreadable = Array.from({ length: 6_000 }, (_, index) => ({
    object: 'Account' as const,
    shownId: `"bad ${index}"`,
    problem: 'it is bad',
  }));
  const crm = createFakeCrm('salesforce').crm;
  const result = await sync(
    {
      ...crm,
      readObjects: ['Account'],
      readChanges: async function* () {
        yield {
          records: [crmRecord('Account', 'good')],
          unreadable: unreadable.slice(0, 3_000),
          cursor: { page: 1 },
        };
        yield { records: [], unreadable: unreadable.slice(3_000), cursor: { page: 2 } };
      },
    },
    connection,
  );
  assert.deepEqual([result.read, result.unreadable, result.changed], [6_001, 6_000, 1]);
  assert.match(
    result.notices[0] ?? '',
    /^6000 Account rows can't be read and are left out \(.*; and 5995 more\)/,
  );
  assert.ok((result.notices[0] ?? '').length < 1_000);
  const { rows, listed: shown } = await here.db.inWorkspace(workspaceId, (tx) => listUnreadable(tx, 5));
  assert.deepEqual([rows, shown.length], [MOST_LISTED, 5]);
});

// Whatever may stand in a row: what a column promises, what none does, and what breaks the stores behind it.
const anything = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      null,
      '',
      0,
      -1,
      true,
      [],
      {},
      '\u0000',
      '\ud800',
      'x\u0000',
      '9'.repeat(400),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      '0000-01-01T00:00:00.000+0000',
      '9999-12-31T23:59:59.000+0000',
      '2026-02-31T00:00:00.000Z',
      '275760-09-13T00:00:00Z',
      '1e300',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 50 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const COLUMNS = {
  salesforce: [
    'Id',
    'SystemModstamp',
    'IsDeleted',
    'Name',
    'Website',
    'OwnerId',
    'MasterRecordId',
    'NumberOfEmployees',
    'Industry',
    'Type',
    'BillingCountry',
    'Fieldnote_Score__c',
    'Fieldnote_Scored_At__c',
    'Fieldnote_Pitch__c',
  ],
  hubspot: [
    'id',
    'properties',
    'updatedAt',
    'archived',
    'archivedAt',
    'url',
    'hs_lastmodifieddate',
    'name',
    'domain',
    'website',
    'hubspot_owner_id',
    'hs_merged_object_ids',
    'numberofemployees',
    'industry',
    'lifecyclestage',
    'hs_num_open_deals',
    'fieldnote_score',
    'fieldnote_scored_at',
    'fieldnote_pitch',
  ],
};

for (const kind of ['salesforce', 'hubspot'] as const)
  test(`whatever stands in some rows of ${kind}, the others come through and each bad one is taken or named`, async (context) => {
    const tapped = await openTappedTwin(kind);
    context.after(() => tapped.close());
    const ids = await tapped.create(6);
    const connection = await open(kind, `fuzzed ${kind}`);
    const change = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.dictionary(fc.constantFrom(...COLUMNS[kind]), anything, { minKeys: 1, maxKeys: 3 }),
      },
      { weight: 1, arbitrary: fc.record({ [ROW]: anything }) },
      { weight: 1, arbitrary: fc.constant<Spoiled>({ [TWICE]: true }) },
    );
    const isLeft = (row: Spoiled): boolean => !(TWICE in row);
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const spoiled = new Map<string, Spoiled>(changes.map((row, index) => [ids[index * 2] ?? '', row]));
        spoilRows(tapped.tap, spoiled);
        await here.db.inWorkspace(workspaceId, (tx) => tx.query('delete from records where connection_id = $1', [connection.id])); // prettier-ignore
        const result = await sync(tapped.crm, connection, true);
        const there = new Set(await stored(connection));
        for (const id of ids) if (!spoiled.has(id) || !isLeft(spoiled.get(id) ?? {})) assert.ok(there.has(id), `${id} is lost`); // prettier-ignore
        const missing = ids.filter((id) => !there.has(id)).length;
        assert.ok(result.unreadable >= missing - changes.filter((row) => 'Id' in row || 'id' in row).length);
        assert.ok((await listed()).every(({ id, problem }) => /^[\x20-\x7e…]*$/.test(id + problem)));
      }),
      {
        numRuns: 60,
        interruptAfterTimeLimit: 15_000,
        seed: 20261128,
        examples: [[[{ fieldnote_scored_at: '9'.repeat(400), Fieldnote_Scored_At__c: '9'.repeat(400) }]]],
      },
    );
  });
