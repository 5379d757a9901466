import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangePage, Crm, CrmObject } from '../../../src/connectors/crm.ts';
import { ProviderError } from '../../../src/errors.ts';
import { catchUp } from '../../../src/pipeline/1-sync/catch-up.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { countHints, readClock, saveHints } from '../../../src/pipeline/store/record-hints.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';
import { useOneConnection } from '../../harness/one-connection.ts';

const here = useOneConnection('salesforce');

const call = () => ({ signal: AbortSignal.timeout(60_000) });
const sync = (crm: Crm) => syncConnection({ db: here.db, crm, connection: here.connection, call: call() });

const OBJECTS = ['Account', 'Lead', 'Contact'] as const;

/** An org with nothing new, of which no more may be asked than that many questions. */
function createQuietCrm(questions: number): { crm: Crm; asked: CrmObject[] } {
  const asked: CrmObject[] = [];
  const crm = createReadingCrm({
    readObjects: OBJECTS,
    async *readChanges(object): AsyncGenerator<ChangePage> {
      if (asked.length >= questions)
        throw new ProviderError({
          provider: 'salesforce',
          operation: 'query',
          kind: 'quota',
          message: 'used up',
        });
      asked.push(object);
      yield { records: [], cursor: { page: 1 } };
    },
  });
  return { crm, asked };
}

const syncedAt = async (): Promise<Date | null> =>
  (
    await here.inWorkspace((tx) =>
      tx.query<{ at: Date | null }>('select synced_at as at from connections where id = $1', [
        here.connection.id,
      ]),
    )
  ).rows[0]?.at ?? null;

test('an org that gives one call at a time is read object by object, and then from the first again', async () => {
  const order: CrmObject[] = [];
  for (let day = 1; day <= 7; day += 1) {
    const { crm, asked } = createQuietCrm(1);
    await assert.rejects(sync(crm), { kind: 'quota' });
    order.push(...asked);
    // The day on which the third object is read, the sync is through.
    assert.equal((await syncedAt()) === null, day < 3, `day ${day}`);
  }
  assert.deepEqual(order, [...OBJECTS, ...OBJECTS, 'Account']);
});

test('a sync that was stopped goes on with what it had not come to, and looks at the rest again at last', async () => {
  await assert.rejects(sync(createQuietCrm(1).crm), { kind: 'quota' });
  const { crm, asked } = createQuietCrm(Infinity);
  await sync(crm);
  assert.deepEqual(asked, ['Lead', 'Contact', 'Account']);
  const next = createQuietCrm(Infinity);
  await sync(next.crm);
  assert.deepEqual(next.asked, OBJECTS);
});

/** An org whose accounts come from a job: a page that says so, and, where it is known, its results, which are as old as it. */
function createJobCrm(resultsOf: (page: number) => string[], pages: number): Crm {
  return createReadingCrm({
    readObjects: ['Account'],
    async *readChanges(_object, cursor): AsyncGenerator<ChangePage> {
      const from = Number(cursor?.page ?? 0);
      if (from === 0) yield { records: [], cursor: { page: 1 } };
      if (pages === 0) throw new Error('the process died');
      for (let page = Math.max(from, 1); page <= pages; page += 1)
        yield {
          records: resultsOf(page).map((id) => crmRecord('Account', id, { website: `${id}.example` })),
          cursor: { page: page + 1 },
          continues: true,
        };
    },
  });
}

// By that much a CRM's search may lag: what was told less than that before a page was asked for stays to be looked at anyhow.
const LAG_MS = 60_000;

/** All of that many milliseconds passed since. */
const letPass = (milliseconds: number) =>
  here.inWorkspace(async (tx) => {
    for (const [table, column] of [
      ['sync_cursors', 'as_of'],
      ['record_hints', 'told_at'],
      ['gone_records', 'asked_at'],
    ])
      await tx.query(
        `update ${table} set ${column} = ${column} - $2 * interval '1 millisecond' where connection_id = $1`,
        [here.connection.id, milliseconds],
      );
  });

test('the results of a job settle nothing that was told after it was made, however late they are read', async () => {
  const at = { workspaceId: here.workspaceId, connectionId: here.connection.id };
  const tell = (externalId: string) =>
    here.inWorkspace((tx) => saveHints(tx, at, [{ object: 'Account', externalId, kind: 'changed' }]));
  await tell('old');
  await letPass(2 * LAG_MS);
  await assert.rejects(sync(createJobCrm(() => [], 0)), /the process died/);
  await tell('new');
  await letPass(2 * LAG_MS);
  await sync(createJobCrm((page) => [['old'], ['new']][page - 1] ?? [], 2));
  assert.equal(await here.inWorkspace((tx) => countHints(tx, here.connection.id)), 1);
  const { rows } = await here.inWorkspace((tx) =>
    tx.query('select external_id as id from record_hints where connection_id = $1', [here.connection.id]),
  );
  assert.deepEqual(rows, [{ id: 'new' }]);
});

test('a record that is gone for good is not brought back by a page that was asked for before', async () => {
  const at = { workspaceId: here.workspaceId, connectionId: here.connection.id };
  const living = async () =>
    (
      await here.inWorkspace((tx) =>
        tx.query<{ id: string }>(
          'select external_id as id from records where connection_id = $1 and not deleted order by 1',
          [here.connection.id],
        ),
      )
    ).rows.map(({ id }) => id);
  await sync(
    createReadingCrm({
      readObjects: ['Account'],
      async *readChanges(): AsyncGenerator<ChangePage> {
        yield { records: [crmRecord('Account', 'known', { website: 'known.example' })], cursor: { page: 0 } };
      },
    }),
  );
  await assert.rejects(sync(createJobCrm(() => [], 0)), /the process died/);
  await here.inWorkspace((tx) =>
    saveHints(tx, at, [
      { object: 'Account', externalId: 'known', kind: 'gone' },
      { object: 'Account', externalId: 'unknown', kind: 'gone' },
    ]),
  );
  const crm: Crm = {
    ...createJobCrm(() => ['known', 'unknown', 'other'], 1),
    readRecords: async () => ({ records: [] }),
  };
  await catchUp({
    db: here.db,
    crm,
    connection: here.connection,
    toldBy: await here.inWorkspace(readClock),
    call: call(),
  });
  assert.deepEqual(await living(), []);
  await sync(crm);
  assert.deepEqual(await living(), ['other']);
  // Asked for anew, a page says what is there now.
  await sync(
    createReadingCrm({
      readObjects: ['Account'],
      async *readChanges(): AsyncGenerator<ChangePage> {
        yield {
          records: [crmRecord('Account', 'unknown', { website: 'unknown.example' })],
          cursor: { page: 9 },
        };
      },
    }),
  );
  assert.deepEqual(await living(), ['other', 'unknown']);
});
