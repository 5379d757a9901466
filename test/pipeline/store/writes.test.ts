import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mirrorRecord } from '../../../src/pipeline/1-sync/mirror-record.ts';
import { gatherRecords, mergeRecords, prepareRecord } from '../../../src/pipeline/store/merge-records.ts';
import { ConnectionSettings } from '../../../src/pipeline/store/connection-settings.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { findLedgers, recordKey } from '../../../src/pipeline/store/writes-ledger.ts';
import { listFailedWrites } from '../../../src/pipeline/store/writes-failed.ts';
import { listRunWrites, listWrites } from '../../../src/pipeline/store/writes-list.ts';
import { lockConnection } from '../../../src/pipeline/store/writes-outbox.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { countOpenWrites, countWritesByConnection } from '../../../src/pipeline/store/writes.ts';
import type { WantedWrite } from '../../../src/pipeline/store/writes.ts';
import type { Tx } from '../../../src/db.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const within = <T>(desk: Desk, act: (tx: Tx) => Promise<T>): Promise<T> =>
  desk.db.inWorkspace(desk.workspaceId, act);

const startRun = (desk: Desk): Promise<string> =>
  within(desk, async (tx) => (await createRun(tx, desk.workspaceId, { kind: 'manual', model: 'm' })).id);

const want = (desk: Desk, value: number, externalId = 'r0'): WantedWrite => ({
  connectionId: desk.connectionId,
  companyId: desk.companyId,
  object: 'Account',
  externalId,
  field: 'score',
  value,
});

test('the same plan stored twice is one row', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const run = await startRun(desk);

  const counts = [];
  for (let times = 0; times < 2; times += 1)
    counts.push(await within(desk, (tx) => insertWrites(tx, run, [want(desk, 5), want(desk, 6, 'r1')])));

  assert.deepEqual(counts, [2, 0]);
  assert.deepEqual(await within(desk, (tx) => countWritesByConnection(tx, run)), [
    { crm: 'salesforce', connection: 'org', object: 'Account', state: 'planned', records: 2, fields: 2 },
  ]);
});

test('workers that plan the same field at the same moment leave one waiting value', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const runs = await Promise.all(Array.from({ length: 8 }, () => startRun(desk)));

  await Promise.all(
    runs.map((run, index) => within(desk, (tx) => insertWrites(tx, run, [want(desk, index)]))),
  );

  const history = await within(desk, (tx) =>
    listWrites(tx, { companyId: desk.companyId }, { limit: 100, beforeId: null }),
  );
  assert.equal(history.filter((write) => write.state === 'planned').length, 1);
  assert.ok(history.every((write) => write.state === 'planned' || write.state === 'cancelled'));
});

test('ten thousand fields are stored and looked up in a few statements', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const run = await startRun(desk);
  const wanted = Array.from({ length: 10_000 }, (_, index) => want(desk, index % 100, `r${index}`));

  const started = performance.now();
  await within(desk, (tx) => insertWrites(tx, run, wanted));
  const ledgers = await within(desk, (tx) => findLedgers(tx, wanted));
  const seconds = (performance.now() - started) / 1000;

  const first = wanted[42];
  assert.ok(first);
  assert.equal(ledgers.size, 10_000);
  assert.equal(ledgers.get(recordKey(first))?.score?.open?.value, 42);
  // Far above what it takes (0.4 s), and far below what ten thousand statements would.
  assert.ok(seconds < 10, `${seconds} s`);
});

test('writes are found by run, page by page, and by company', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const run = await startRun(desk);
  const wanted = Array.from({ length: 5 }, (_, index) => want(desk, index, `r${index}`));
  await within(desk, (tx) => insertWrites(tx, run, wanted));

  await within(desk, async (tx) => {
    const page = await listRunWrites(tx, run, { limit: 3 });
    const rest = await listRunWrites(tx, run, { limit: 3, afterId: page.at(-1)?.id ?? 0 });
    assert.deepEqual(
      [...page, ...rest].map((write) => write.newValue),
      [0, 1, 2, 3, 4],
    );
    assert.equal(
      (await listWrites(tx, { companyId: desk.companyId }, { limit: 100, beforeId: null })).length,
      5,
    );
    assert.equal((await listRunWrites(tx, run, { state: 'applied' })).length, 0);
  });
});

test('what failed is listed with its company until a later write settles it', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fake.add('Account', 'r0').unwritable = 'ENTITY_IS_LOCKED: the entity is locked for editing';
  desk.fake.add('Account', 'r1', { pitch: 'theirs' });
  const run = await desk.plan({ pitch: 'ours' }, ['r0', 'r1']);
  await desk.flush();

  const { failed } = await within(desk, (tx) => listFailedWrites(tx));
  assert.deepEqual(
    failed.map((write) => [write.externalId, write.state, write.domain, write.crm, write.oldValue]),
    [
      ['r0', 'rejected', 'acme.example', 'salesforce', null],
      ['r1', 'conflicted', 'acme.example', 'salesforce', 'theirs'],
    ],
  );

  desk.fake.get('Account', 'r0').unwritable = null;
  await desk.plan({ pitch: 'ours' }, ['r0', 'r1']);
  await desk.flush();
  const { failed: left } = await within(desk, (tx) => listFailedWrites(tx));
  assert.deepEqual(
    left.map((write) => write.externalId),
    ['r1'],
  );
  assert.deepEqual(
    (await desk.writesOf(run)).map(({ state }) => state),
    ['rejected', 'conflicted'],
  );
});

test('of a record that is gone or became another nothing is left to do: its refusals are listed with their run alone', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  for (const id of ['r0', 'r1', 'r2', 'r3'])
    desk.fake.add('Account', id).unwritable = 'ENTITY_IS_LOCKED: the entity is locked for editing';
  const run = await desk.plan({ pitch: 'ours' }, ['r0', 'r1', 'r2', 'r3']);
  await desk.flush();
  await within(desk, async (tx) => {
    const { exclude } = ConnectionSettings.parse({});
    const rows = [
      crmRecord('Account', 'r0', { deleted: true }),
      crmRecord('Account', 'r1', { mergedInto: 'r3' }),
      crmRecord('Account', 'r2', { convertedTo: 'r3' }),
      crmRecord('Account', 'r3', { website: 'https://acme.example' }),
    ].map((row) => prepareRecord(mirrorRecord(row, exclude)));
    const at = { workspaceId: desk.workspaceId, connectionId: desk.connectionId };
    await mergeRecords(tx, at, gatherRecords(rows));
    assert.deepEqual(
      (await listFailedWrites(tx)).failed.map(({ externalId }) => externalId),
      ['r3'],
    );
    assert.equal((await listRunWrites(tx, run, { state: 'rejected' })).length, 4);
  });
});

test('of what is left out, leads elsewhere or was removed with its connection nothing is left to do, but what could not be emptied still is', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const ids = ['r0', 'r1', 'r2', 'r3'];
  for (const id of ids)
    desk.fake.add('Account', id).unwritable = 'ENTITY_IS_LOCKED: the entity is locked for editing';
  await desk.plan({ pitch: 'ours' }, ids);
  await desk.flush();
  const at = { workspaceId: desk.workspaceId, connectionId: desk.connectionId };
  const left = (tx: Tx): Promise<string[]> =>
    listFailedWrites(tx).then(({ failed }) =>
      failed.map(({ externalId, field }) => `${externalId} ${field}`),
    );
  await within(desk, async (tx) => {
    const { exclude } = ConnectionSettings.parse({});
    const website = 'https://acme.example';
    const rows = [
      crmRecord('Account', 'r0', { website }),
      crmRecord('Account', 'r1', { website }),
      crmRecord('Account', 'r2', { website: 'https://other.example' }),
      crmRecord('Account', 'r3', { website: null }),
    ].map((row) => prepareRecord(mirrorRecord(row, exclude)));
    await mergeRecords(tx, at, gatherRecords(rows));
    await tx.query(`update records set excluded_because = 'opted out of e-mail' where external_id = 'r1'`);
    const emptied = {
      connectionId: desk.connectionId,
      object: 'Account',
      externalId: 'r3',
      field: 'score',
    } as const;
    const run = await createRun(tx, desk.workspaceId, { kind: 'scheduled', model: 'm' });
    await insertWrites(tx, run.id, [
      { ...emptied, companyId: desk.companyId, value: null, rejected: 'locked' },
    ]);
    assert.deepEqual(await left(tx), ['r0 pitch', 'r3 score']);
    await tx.query(`update companies set excluded_because = 'an open deal' where id = $1`, [desk.companyId]);
    assert.deepEqual(await left(tx), []);
    await tx.query('update companies set excluded_because = null where id = $1', [desk.companyId]);
    await tx.query(`update connections set status = 'removed' where id = $1`, [desk.connectionId]);
    assert.deepEqual(await left(tx), []);
  });
});

test('a run’s writes are counted by state, and those of a paused connection are not sendable', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fake.add('Account', 'r0');
  const run = await desk.plan({ score: 4, band: 'B' }, ['r0']);
  await within(desk, (tx) => tx.query(`update connections set status = 'paused'`));
  assert.deepEqual(await within(desk, (tx) => countOpenWrites(tx, run)), { open: 2, sendable: 0 });

  await desk.flush();

  assert.deepEqual(await within(desk, (tx) => countWritesByConnection(tx, run)), [
    { crm: 'salesforce', connection: 'org', object: 'Account', state: 'applied', records: 1, fields: 2 },
  ]);
});

test('another workspace sees none of it', async () => {
  const [ours, theirs] = [await openDesk(here.db, 'salesforce'), await openDesk(here.db, 'salesforce')];
  const run = await ours.plan({ score: 4 }, ['r0']);

  assert.deepEqual(await theirs.writesOf(run), []);
  await assert.rejects(
    within(theirs, (tx) => insertWrites(tx, run, [want(ours, 1)])),
    /there is no run/,
  );
  await within(theirs, (tx) => lockConnection(tx, ours.connectionId));
});
