import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CrmKind } from '../../../src/connectors/crm.ts';
import { catchUp } from '../../../src/pipeline/1-sync/catch-up.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { reopenConflicts } from '../../../src/pipeline/7-write-back/reopen-conflicts.ts';
import { planCompanyWrites } from '../../../src/pipeline/7-write-back/plan-writes.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { findConnection } from '../../../src/pipeline/store/connections.ts';
import { readClock } from '../../../src/pipeline/store/record-hints.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { openTappedTwin } from '../../harness/twin-stages.ts';
import type { TappedTwin } from '../../harness/twin-stages.ts';
import { listFailed, openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
const twins = new Map<CrmKind, TappedTwin>();
before(async () => {
  here = await createTestDatabase();
  for (const kind of ['salesforce', 'hubspot'] as const) {
    // A call that this test cuts off is over when it is: nothing of it lands later.
    const tapped = await openTappedTwin(kind, { longestWriteMs: 100 });
    // The records were last changed yesterday: nothing has to wait for a second to be over.
    tapped.twin.kit.clock.set(-86_400_000);
    twins.set(kind, tapped);
  }
});
after(async () => {
  for (const twin of twins.values()) await twin.close();
  await here.close();
});

const find = (kind: CrmKind): TappedTwin => {
  const tapped = twins.get(kind);
  assert.ok(tapped);
  return tapped;
};

async function sync(desk: Desk, { crm }: TappedTwin): Promise<void> {
  const connection = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
    findConnection(tx, desk.connectionId),
  );
  assert.ok(connection);
  const signal = AbortSignal.timeout(20_000);
  await desk.db.inWorkspace(desk.workspaceId, (tx) => askForFullSync(tx, desk.connectionId));
  await syncConnection({ db: desk.db, crm, connection, call: { signal } });
}

for (const kind of ['salesforce', 'hubspot'] as const)
  test(`${kind}: after a merge the result goes to the survivor, whose values are ours as before, and nothing to the other`, async () => {
    const tapped = find(kind);
    const desk = await openDesk(here.db, kind, undefined, tapped.crm);
    const [kept, away] = await tapped.create(2);
    assert.ok(kept !== undefined && away !== undefined);
    await desk.plan({ score: 40, pitch: 'first' }, [kept, away]);
    await desk.flush({ leaseMs: 30_000 });

    const merge = { as: 'rep:Anna', operation: 'merge' };
    const answer = await tapped.edit(
      kind === 'salesforce'
        ? { ...merge, winner: kept, loser: away }
        : { ...merge, object: 'companies', id: kept, other: away },
    );
    assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
    const survivor = String(answer.id);
    const late = await desk.plan({ score: 50, pitch: 'late' }, [away]);
    await desk.flush({ leaseMs: 30_000 });
    await sync(desk, tapped);
    await desk.plan({ score: 60, pitch: 'second' }, [survivor]);
    const result = await desk.flush({ leaseMs: 30_000 });

    assert.deepEqual([result.applied, result.conflicted], [2, 0]);
    const [held] = await tapped.crm.readCurrent(tapped.object, [survivor], {
      signal: AbortSignal.timeout(5_000),
    });
    assert.deepEqual([held?.values?.score, held?.values?.pitch], [60, 'second']);
    for (const write of await desk.writesOf(late)) {
      assert.equal(write.state, 'rejected');
      assert.match(write.reason ?? '', /matches it again/);
    }
  });

test('a person’s value on the survivor of a merge is still theirs', async () => {
  const tapped = find('hubspot');
  const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
  const [kept, away] = await tapped.create(2);
  assert.ok(kept !== undefined && away !== undefined);
  await desk.plan({ pitch: 'first' }, [kept, away]);
  await desk.flush({ leaseMs: 30_000 });
  const rep = { as: 'rep:Anna', object: 'companies' };
  await tapped.edit({ ...rep, id: kept, properties: { fieldnote_pitch: 'My own words' } });
  const answer = await tapped.edit({ ...rep, operation: 'merge', id: kept, other: away });
  assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
  await sync(desk, tapped);

  await desk.plan({ pitch: 'second' }, [String(answer.id)]);

  assert.equal((await desk.flush({ leaseMs: 30_000 })).conflicted, 1);
});

test('a field that a person emptied stays empty when the record gets a new id by a merge, and goes again once they put our value back', async () => {
  const tapped = find('hubspot');
  const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
  const [kept, away] = await tapped.create(2);
  assert.ok(kept !== undefined && away !== undefined);
  // Of a record that leads to another company, or to none, nothing would be left to do.
  for (const id of [kept, away])
    await tapped.edit({ as: 'rep:Anna', object: 'companies', id, properties: { domain: 'acme.example' } });
  await desk.plan({ score: 40, pitch: 'first' }, [kept, away]);
  await desk.flush({ leaseMs: 30_000 });
  const rep = { as: 'rep:Anna', object: 'companies' };
  await tapped.edit({ ...rep, id: kept, properties: { fieldnote_pitch: '' } });
  const answer = await tapped.edit({ ...rep, operation: 'merge', id: kept, other: away });
  assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
  const survivor = String(answer.id);
  const hold = async (): Promise<unknown[]> => {
    const call = { signal: AbortSignal.timeout(5_000) };
    const [held] = await tapped.crm.readCurrent('company', [survivor], call);
    return [held?.values?.score, held?.values?.pitch ?? null];
  };

  // What a sync reads of the record must not make the conflict look resolved.
  for (const score of [50, 60]) {
    await sync(desk, tapped);
    const seen = [{ object: 'company' as const, externalId: survivor, ours: { score, pitch: null } }];
    await desk.db.inWorkspace(desk.workspaceId, (tx) => reopenConflicts(tx, desk.connectionId, seen));
    await desk.plan({ score, pitch: 'second' }, [survivor]);
    await desk.flush({ leaseMs: 30_000 });
    assert.deepEqual(await hold(), [score, null]);
  }
  const conflicts = (await listFailed(desk)).map((write) => [write.field, write.externalId]);
  assert.deepEqual(conflicts, [['pitch', survivor]]);

  const seen = [{ object: 'company' as const, externalId: survivor, ours: { pitch: 'first' } }];
  await tapped.edit({ ...rep, id: survivor, properties: { fieldnote_pitch: 'first' } });
  await desk.db.inWorkspace(desk.workspaceId, (tx) => reopenConflicts(tx, desk.connectionId, seen));
  await desk.plan({ pitch: 'second' }, [survivor]);
  await desk.flush({ leaseMs: 30_000 });
  assert.deepEqual(await hold(), [60, 'second']);
});

test('a person’s value that our write fell on is kept as a conflict, also when the record is deleted before we look again', async (context) => {
  const tapped = find('hubspot');
  const { tap } = tapped;
  context.after(() => {
    tap.at = () => undefined;
  });
  const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
  const [id] = await tapped.create(1);
  assert.ok(id !== undefined);
  const rep = { as: 'rep:Anna', object: 'companies', id };
  tap.at = async (moment, { path }) => {
    if (!path.endsWith('/batch/update')) return;
    if (moment === 'before') await tapped.edit({ ...rep, properties: { fieldnote_pitch: 'My own words' } });
    else await tapped.edit({ ...rep, operation: 'archive' });
  };

  const run = await desk.plan({ pitch: 'ours' }, [id]);
  await desk.flush({ leaseMs: 30_000 });

  assert.deepEqual(
    (await desk.writesOf(run)).map((write) => [write.state, write.oldValue]),
    [['conflicted', 'My own words']],
  );
});

test('a person’s value that our write fell on is kept as a conflict, also when its record was merged before the write and deleted after it', async (context) => {
  const tapped = find('hubspot');
  const { tap } = tapped;
  context.after(() => {
    tap.at = () => undefined;
  });
  const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
  const [kept, away] = await tapped.create(2);
  assert.ok(kept !== undefined && away !== undefined);
  const rep = { as: 'rep:Anna', object: 'companies' };
  let survivor = '';
  tap.at = async (moment, { path }) => {
    if (!path.endsWith('/batch/update')) return;
    if (moment === 'before') {
      await tapped.edit({ ...rep, id: kept, properties: { fieldnote_pitch: 'My own words' } });
      const answer = await tapped.edit({ ...rep, operation: 'merge', id: kept, other: away });
      assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
      survivor = String(answer.id);
    } else await tapped.edit({ ...rep, operation: 'archive', id: survivor });
  };

  const run = await desk.plan({ pitch: 'ours' }, [away]);
  await desk.flush({ leaseMs: 30_000 });

  assert.deepEqual(
    (await desk.writesOf(run)).map((write) => [write.externalId, write.state, write.oldValue]),
    [[survivor, 'conflicted', 'My own words']],
  );
});

test('a person’s value that our write fell on goes back, also when the record is merged before we look again', async (context) => {
  const tapped = find('hubspot');
  const { tap } = tapped;
  context.after(() => {
    tap.at = () => undefined;
  });
  const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
  const [kept, away] = await tapped.create(2);
  assert.ok(kept !== undefined && away !== undefined);
  const rep = { as: 'rep:Anna', object: 'companies' };
  let survivor = '';
  tap.at = async (moment, { path }) => {
    if (survivor !== '' || !path.endsWith('/batch/update')) return;
    if (moment === 'before')
      return void (await tapped.edit({ ...rep, id: kept, properties: { fieldnote_pitch: 'My own words' } }));
    const answer = await tapped.edit({ ...rep, operation: 'merge', id: kept, other: away });
    assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
    survivor = String(answer.id);
  };

  const run = await desk.plan({ pitch: 'ours' }, [kept]);
  await desk.flush({ leaseMs: 30_000 });

  const call = { signal: AbortSignal.timeout(5_000) };
  const [held] = await tapped.crm.readCurrent('company', [survivor], call);
  assert.equal(held?.values?.pitch, 'My own words');
  assert.deepEqual(
    (await desk.writesOf(run)).map((write) => [write.externalId, write.state, write.oldValue]),
    [[survivor, 'conflicted', 'My own words']],
  );
});

test('a person’s value that is to go back follows its record into the survivor of a merge', async (context) => {
  const tapped = find('hubspot');
  const { tap } = tapped;
  context.after(() => {
    tap.at = () => undefined;
  });
  const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
  const [kept, away] = await tapped.create(2);
  assert.ok(kept !== undefined && away !== undefined);
  const rep = { as: 'rep:Anna', object: 'companies' };
  let wrote = false;
  let survivor = '';
  tap.at = async (moment, { path, body }) => {
    if (path.endsWith('/batch/update') && !wrote) {
      if (moment === 'before')
        await tapped.edit({ ...rep, id: kept, properties: { fieldnote_pitch: 'My own words' } });
      wrote = moment === 'after';
    } else if (wrote && survivor === '' && moment === 'after' && body.includes('fieldnote_pitch')) {
      // It was looked for in the history: the loss is found, and nothing put back yet.
      const answer = await tapped.edit({ ...rep, operation: 'merge', id: kept, other: away });
      assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
      survivor = String(answer.id);
      await desk.plan({ pitch: 'newer' }, [survivor]);
    }
  };

  const run = await desk.plan({ pitch: 'ours' }, [kept]);
  await desk.flush({ leaseMs: 30_000 });

  const call = { signal: AbortSignal.timeout(5_000) };
  const [held] = await tapped.crm.readCurrent('company', [survivor], call);
  assert.equal(held?.values?.pitch, 'My own words');
  assert.deepEqual(
    (await desk.writesOf(run)).map((write) => [write.externalId, write.state, write.oldValue]),
    [[survivor, 'conflicted', 'My own words']],
  );
});

for (const { before, toBoth, merged } of [
  { before: ['first'], toBoth: true, merged: 'after' },
  { before: ['first', 'second'], toBoth: false, merged: 'after' },
  { before: ['first', 'second'], toBoth: false, merged: 'before' },
] as const)
  test(`a value that was ours is not put back for a person’s, where ${toBoth ? 'two records' : 'a record and one that has it already'} got another and were merged right ${merged} our call`, async (context) => {
    const tapped = find('hubspot');
    const { tap } = tapped;
    context.after(() => {
      tap.at = () => undefined;
    });
    const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
    const [kept, away] = await tapped.create(2);
    assert.ok(kept !== undefined && away !== undefined);
    for (const pitch of before) {
      await desk.plan({ pitch }, [kept]);
      await desk.flush({ leaseMs: 30_000 });
    }
    let survivor = '';
    tap.at = async (moment, { path }) => {
      if (survivor !== '' || moment !== merged || !path.endsWith('/batch/update')) return;
      const merge = { as: 'rep:Anna', object: 'companies', operation: 'merge', id: kept, other: away };
      const answer = await tapped.edit(merge);
      assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
      survivor = String(answer.id);
    };

    const run = await desk.plan({ pitch: 'second' }, toBoth ? [kept, away] : [away]);
    const result = await desk.flush({ leaseMs: 30_000 });

    const call = { signal: AbortSignal.timeout(5_000) };
    const [held] = await tapped.crm.readCurrent('company', [survivor], call);
    assert.equal(held?.values?.pitch, 'second');
    assert.deepEqual([result.applied, result.conflicted], [toBoth ? 2 : 1, 0]);
    for (const write of await desk.writesOf(run)) {
      assert.equal(write.state, 'applied');
      assert.doesNotMatch(write.reason ?? '', /person/);
    }
  });

for (const [how, second] of [
  ['the same value', 'ours'],
  ['another value', 'ours, too'],
] as const)
  test(`two records that are merged right before ${how} is written to both: what a person had typed goes back`, async (context) => {
    const tapped = find('hubspot');
    const { tap } = tapped;
    context.after(() => {
      tap.at = () => undefined;
    });
    const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
    const [kept, away] = await tapped.create(2);
    assert.ok(kept !== undefined && away !== undefined);
    const rep = { as: 'rep:Anna', object: 'companies' };
    let survivor = '';
    tap.at = async (moment, { path }) => {
      if (moment !== 'before' || survivor !== '' || !path.endsWith('/batch/update')) return;
      await tapped.edit({ ...rep, id: kept, properties: { fieldnote_pitch: 'My own words' } });
      const answer = await tapped.edit({ ...rep, operation: 'merge', id: kept, other: away });
      assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
      survivor = String(answer.id);
    };

    const runs = [await desk.plan({ pitch: 'ours' }, [kept]), await desk.plan({ pitch: second }, [away])];
    await desk.flush({ leaseMs: 30_000 });

    const call = { signal: AbortSignal.timeout(5_000) };
    const [held] = await tapped.crm.readCurrent('company', [survivor], call);
    assert.equal(held?.values?.pitch, 'My own words');
    for (const run of runs)
      assert.deepEqual(
        (await desk.writesOf(run)).map((write) => [write.externalId, write.state, write.oldValue]),
        [[survivor, 'conflicted', 'My own words']],
      );
  });

for (const answered of [true, false])
  test(`a merge between our reading and our writing${answered ? '' : ', whose answer nobody heard'}: what our values fell on goes back, and the others are known to stand on the survivor`, async (context) => {
    const tapped = find('hubspot');
    const { tap } = tapped;
    context.after(() => {
      tap.at = () => undefined;
    });
    const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
    const [kept, away] = await tapped.create(2);
    assert.ok(kept !== undefined && away !== undefined);
    await desk.plan({ band: 'B' }, [kept, away]);
    await desk.flush({ leaseMs: 30_000 });
    const rep = { as: 'rep:Anna', object: 'companies' };
    await tapped.edit({ ...rep, id: kept, properties: { fieldnote_pitch: 'My own words' } });
    let survivor = '';
    tap.at = async (moment, { path }) => {
      if (!path.endsWith('/batch/update')) return;
      if (moment === 'before' && survivor === '') {
        const answer = await tapped.edit({ ...rep, operation: 'merge', id: kept, other: away });
        assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
        survivor = String(answer.id);
        return;
      }
      if (moment === 'after') tap.at = () => undefined;
      if (!answered) throw new Error('the wire breaks');
    };

    const run = await desk.plan({ score: 50, band: 'A', pitch: 'ours' }, [away]);
    const result = await desk.flush({ leaseMs: 30_000 });

    const readSurvivor = async () => {
      const signal = AbortSignal.timeout(5_000);
      const [held] = await tapped.crm.readCurrent(tapped.object, [survivor], { signal });
      return [held?.values?.score, held?.values?.band, held?.values?.pitch];
    };
    assert.deepEqual(await readSurvivor(), [50, 'A', 'My own words']);
    assert.deepEqual([result.applied, result.conflicted, result.rejected], [3, 1, 0]);
    assert.deepEqual(
      (await desk.writesOf(run)).map((write) => [write.field, write.state, write.externalId, write.oldValue]),
      [
        ['score', 'applied', survivor, null],
        ['band', 'applied', survivor, 'B'],
        ['pitch', 'conflicted', survivor, 'My own words'],
      ],
    );
    await desk.plan({ score: 60, band: 'C', pitch: 'second' }, [survivor]);
    assert.equal((await desk.flush({ leaseMs: 30_000 })).applied, 2);
    assert.deepEqual(await readSurvivor(), [60, 'C', 'My own words']);
  });

for (const [kind, unknown] of [
  ['salesforce', '001000000000000AAA'],
  ['hubspot', '999999999999'],
] as const)
  test(`${kind}: a record that was purged, of which no list tells, is known to be gone once a write has found it so`, async () => {
    const tapped = find(kind);
    const { crm } = tapped;
    const desk = await openDesk(here.db, kind, undefined, crm);
    await tapped.create(1);
    await sync(desk, tapped);
    // Mirrored, and the CRM knows nothing of it: as a purge leaves it.
    await desk.db.inWorkspace(desk.workspaceId, (tx) =>
      tx.query(
        `update records set external_id = $1 where (object, external_id) in (select object, external_id from records where object = $2 and not deleted limit 1)`,
        [unknown, tapped.object],
      ),
    );
    const isDeleted = () =>
      desk.db.inWorkspace(desk.workspaceId, async (tx) => {
        const { rows } = await tx.query<{ deleted: boolean }>(
          'select deleted from records where external_id = $1',
          [unknown],
        );
        return rows.map(({ deleted }) => deleted);
      });
    await sync(desk, tapped);
    assert.deepEqual(await isDeleted(), [false]);

    await desk.plan({ score: 10 }, [unknown]);
    assert.equal((await desk.flush({ leaseMs: 30_000 })).rejected, 1);
    const { connection, toldBy } = await desk.db.inWorkspace(desk.workspaceId, async (tx) => ({
      connection: await findConnection(tx, desk.connectionId),
      toldBy: await readClock(tx),
    }));
    assert.ok(connection);
    const call = { signal: AbortSignal.timeout(20_000) };
    const { read } = await catchUp({ db: desk.db, crm, connection, toldBy, call });

    assert.equal(read, 1);
    assert.deepEqual(await isDeleted(), [true]);
  });

test('a record that means another company now gets that one’s values, and what it has none for is emptied', async () => {
  const tapped = find('salesforce');
  const desk = await openDesk(here.db, 'salesforce', undefined, tapped.crm);
  const [id] = await tapped.create(1);
  assert.ok(id !== undefined);
  await desk.plan({ score: 40, pitch: 'of the old company', competitors: 'Rivals' }, [id]);
  await desk.flush({ leaseMs: 30_000 });
  await tapped.edit({ as: 'rep:Anna', id, fields: { Fieldnote_Competitors__c: 'Typed by Anna' } });

  await desk.db.inWorkspace(desk.workspaceId, async (tx) => {
    const other = await ensureCompany(tx, desk.workspaceId, { domain: 'other.example' });
    const run = await createRun(tx, desk.workspaceId, { kind: 'scheduled', model: 'gpu-infrastructure' });
    const record = { connectionId: desk.connectionId, object: 'Account' as const, externalId: id };
    const desired = { score: 70, pitch: null, competitors: null };
    await planCompanyWrites(tx, { runId: run.id, companyId: other.id, explicit: false, records: [{ ...record, desired }] }); // prettier-ignore
  });
  await desk.flush({ leaseMs: 30_000 });

  const [held] = await tapped.crm.readCurrent('Account', [id], { signal: AbortSignal.timeout(5_000) });
  assert.deepEqual(
    [held?.values?.score, held?.values?.pitch, held?.values?.competitors],
    [70, null, 'Typed by Anna'],
  );
});
