import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Crm, CrmKind, FieldValues } from '../../../src/connectors/crm.ts';
import { FIELDS } from '../../../src/connectors/crm-fields.ts';
import type { Tx } from '../../../src/db.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { findConnection } from '../../../src/pipeline/store/connections.ts';
import { saveGone } from '../../../src/pipeline/store/gone-records.ts';
import { saveHints } from '../../../src/pipeline/store/record-hints.ts';
import { retireConnection } from '../../../src/pipeline/store/remove-connection.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { listAlikeTroubles } from '../../../src/pipeline/store/writes-list.ts';
import { lookFirst, meet } from '../../harness/lock-waits.ts';
import { rehearseAll } from '../../harness/rehearsal.ts';
import { openTappedTwin } from '../../harness/twin-stages.ts';
import type { TappedTwin } from '../../harness/twin-stages.ts';
import { nameOf } from '../../harness/twin-traces.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
const twins = new Map<CrmKind, TappedTwin>();
before(async () => {
  here = await createTestDatabase();
  for (const kind of ['salesforce', 'hubspot'] as const) {
    const tapped = await openTappedTwin(kind);
    // The records were last changed yesterday: nothing has to wait for a second to be over.
    tapped.twin.kit.clock.set(-86_400_000);
    twins.set(kind, tapped);
  }
});
after(async () => {
  for (const twin of twins.values()) await twin.close();
  await here.close();
});

type Scene = {
  desk: Desk;
  kept: string;
  away: string;
  /** What a run wrote, sent and ended. Returns its id. */
  write(desired: FieldValues, ids: readonly string[]): Promise<string>;
  /** A person merges `away` into `kept`, and chooses the other's value for these fields where there is a choice. */
  merge(chosen?: FieldValues): Promise<string>;
  edit(id: string, values: FieldValues): Promise<unknown>;
  holds(id: string): Promise<FieldValues>;
  undo(runId: string, dryRun?: boolean): ReturnType<typeof planUndo>;
  flush(): ReturnType<Desk['flush']>;
  sync(): Promise<void>;
};

async function openScene(kind: CrmKind): Promise<Scene> {
  const tapped = twins.get(kind);
  assert.ok(tapped);
  const desk = await openDesk(here.db, kind, undefined, tapped.crm);
  const [kept, away] = await tapped.create(2);
  assert.ok(kept !== undefined && away !== undefined);
  const flush = () => desk.flush({ leaseMs: 30_000 });
  const edit = (id: string, values: FieldValues): Promise<unknown> => {
    const named = FIELDS.flatMap(({ key }) =>
      key in values ? [[nameOf(kind, key), values[key]] as const] : [],
    );
    return tapped.edit(
      kind === 'salesforce'
        ? { as: 'rep:Anna', id, fields: Object.fromEntries(named) }
        : {
            as: 'rep:Anna',
            object: 'companies',
            id,
            properties: Object.fromEntries(named.map(([name, value]) => [name, String(value ?? '')])),
          },
    );
  };
  return {
    desk,
    kept,
    away,
    flush,
    edit,
    write: async (desired, ids) => {
      const run = await desk.plan(desired, ids);
      await flush();
      await desk.db.inWorkspace(desk.workspaceId, (tx) =>
        tx.query(`update runs set state = 'done' where id = $1`, [run]),
      );
      return run;
    },
    merge: async (chosen = {}) => {
      if (kind === 'salesforce' && Object.keys(chosen).length > 0) await edit(kept, chosen);
      const merge = { as: 'rep:Anna', operation: 'merge' };
      const answer = await tapped.edit(
        kind === 'salesforce'
          ? { ...merge, winner: kept, loser: away }
          : { ...merge, object: 'companies', id: kept, other: away },
      );
      assert.ok(typeof answer === 'object' && answer !== null && 'id' in answer);
      return String(answer.id);
    },
    holds: async (id) => {
      const [held] = await tapped.crm.readCurrent(tapped.object, [id], {
        signal: AbortSignal.timeout(5_000),
      });
      return { score: held?.values?.score ?? null, pitch: held?.values?.pitch ?? null };
    },
    undo: (runId, dryRun = false) => planUndo(desk.db, { workspaceId: desk.workspaceId, runId, dryRun }),
    sync: async () => {
      const connection = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
        findConnection(tx, desk.connectionId),
      );
      assert.ok(connection);
      const call = { signal: AbortSignal.timeout(20_000) };
      await desk.db.inWorkspace(desk.workspaceId, (tx) => askForFullSync(tx, desk.connectionId));
      await syncConnection({ db: desk.db, crm: tapped.crm, connection, call });
    },
  };
}

const lines = async ({ desk }: Scene, runId: string): Promise<string[]> =>
  (await desk.writesOf(runId)).map(({ externalId, field, state }) => `${externalId} ${field} ${state}`);

for (const kind of ['salesforce', 'hubspot'] as const) {
  for (const when of ['before the undo', 'while its values wait to be sent'] as const)
    test(`${kind}: an undo’s values follow a record that was merged ${when} to the survivor, which holds what the run wrote`, async () => {
      const scene = await openScene(kind);
      const { away } = scene;
      await scene.write({ score: 40, pitch: 'first' }, [away]);
      const run = await scene.write({ score: 50, pitch: 'second' }, [away]);
      const chosen = { score: 50, pitch: 'second' };

      let survivor = when === 'before the undo' ? await scene.merge(chosen) : '';
      const undo = await scene.undo(run);
      if (survivor === '') survivor = await scene.merge(chosen);
      const result = await scene.flush();

      assert.deepEqual(await scene.holds(survivor), { score: 40, pitch: 'first' });
      assert.deepEqual([undo.fields, result.applied, result.conflicted, result.rejected], [2, 2, 0, 0]);
      const all = (state: string) => [`${survivor} score ${state}`, `${survivor} pitch ${state}`];
      assert.deepEqual(await lines(scene, run), all('undone'));
      assert.deepEqual(await lines(scene, undo.run.id), all('applied'));

      // What stands there now is ours: the next result goes over it.
      await scene.sync();
      await scene.write({ score: 60, pitch: 'third' }, [survivor]);
      assert.deepEqual(await scene.holds(survivor), { score: 60, pitch: 'third' });
    });

  test(`${kind}: what a person typed on the survivor stays, and the undo says so`, async () => {
    const scene = await openScene(kind);
    const run = await scene.write({ score: 50, pitch: 'ours' }, [scene.away]);
    const survivor = await scene.merge({ score: 50, pitch: 'ours' });
    await scene.edit(survivor, { pitch: 'My own words' });

    const undo = await scene.undo(run);
    const result = await scene.flush();

    assert.deepEqual(await scene.holds(survivor), { score: null, pitch: 'My own words' });
    assert.deepEqual([result.applied, result.conflicted, result.rejected], [1, 1, 0]);
    const [conflict] = (await scene.desk.writesOf(undo.run.id)).filter(({ field }) => field === 'pitch');
    assert.deepEqual([conflict?.state, conflict?.oldValue], ['conflicted', 'My own words']);
    assert.match(conflict?.reason ?? '', new RegExp(`Merged into ${survivor}.*does not hold what we wrote`));
  });

  test(`${kind}: where both records of a merge were written by the run, one value goes back, the survivor’s own`, async () => {
    const scene = await openScene(kind);
    const { kept, away } = scene;
    await scene.write({ score: 10, pitch: 'of the one that is kept' }, [kept]);
    await scene.write({ score: 20, pitch: 'of the other' }, [away]);
    const run = await scene.write({ score: 50, pitch: 'second' }, [away, kept]);
    const survivor = await scene.merge();

    const undo = await scene.undo(run);
    const result = await scene.flush();

    assert.deepEqual(await scene.holds(survivor), { score: 10, pitch: 'of the one that is kept' });
    assert.deepEqual([result.applied, result.rejected], [2, 0]);
    for (const { externalId, state, reason } of await scene.desk.writesOf(undo.run.id))
      if (externalId === away) assert.match(`${state}: ${reason}`, /^(skipped|conflicted): Merged into/);
  });

  test(`${kind}: a run is undone on a merged record where an undo of a later one put its value back`, async () => {
    const scene = await openScene(kind);
    const { away } = scene;
    const first = await scene.write({ score: 40, pitch: 'first' }, [away]);
    const second = await scene.write({ score: 50, pitch: 'second' }, [away]);
    const survivor = await scene.merge({ score: 50, pitch: 'second' });
    await scene.undo(second);
    await scene.flush();
    assert.deepEqual(await scene.holds(survivor), { score: 40, pitch: 'first' });

    const undo = await scene.undo(first);
    await scene.flush();

    const lines = (await scene.desk.writesOf(undo.run.id)).map(({ field, state, reason }) => ({
      field,
      state,
      reason,
    }));
    assert.deepEqual(await scene.holds(survivor), { score: null, pitch: null }, JSON.stringify(lines));
  });

  test(`${kind}: what another run wrote to the other record of a merge stays, also where it is the same value`, async () => {
    const scene = await openScene(kind);
    await scene.write({ score: 40 }, [scene.kept]);
    const run = await scene.write({ score: 40 }, [scene.away]);
    const survivor = await scene.merge();

    const undo = await scene.undo(run);
    await scene.flush();

    assert.equal((await scene.holds(survivor)).score, 40);
    const [line] = await scene.desk.writesOf(undo.run.id);
    assert.match(`${line?.state}: ${line?.reason}`, /^skipped: Merged into .*holds what another run wrote/);
  });

  test(`${kind}: what a later run wrote to the survivor stays`, async () => {
    const scene = await openScene(kind);
    const run = await scene.write({ score: 50 }, [scene.away]);
    const survivor = await scene.merge({ score: 50 });
    await scene.sync();
    await scene.write({ score: 70 }, [survivor]);

    const undo = await scene.undo(run);
    await scene.flush();

    assert.equal((await scene.holds(survivor)).score, 70);
    const [line] = await scene.desk.writesOf(undo.run.id);
    assert.equal(line?.state, 'conflicted');
    assert.match(line.reason ?? '', /a later run wrote this field/);
  });

  test(`${kind}: a value that waits for the survivor goes behind one that an undo puts back there`, async () => {
    const scene = await openScene(kind);
    const run = await scene.write({ score: 50 }, [scene.away]);
    const survivor = await scene.merge({ score: 50 });
    const undo = await scene.undo(run);
    const newer = await scene.desk.plan({ score: 70 }, [survivor]);
    await scene.flush();

    assert.equal((await scene.holds(survivor)).score, 70);
    assert.deepEqual(await lines(scene, newer), [`${survivor} score applied`]);
    assert.deepEqual(await lines(scene, undo.run.id), [`${survivor} score applied`]);
  });

  test(`${kind}: a rehearsed undo tells of merged records what the undo then does`, async () => {
    const scene = await openScene(kind);
    const { desk } = scene;
    const run = await scene.write({ score: 50, pitch: 'ours' }, [scene.away]);
    const survivor = await scene.merge({ score: 50, pitch: 'ours' });
    await scene.edit(survivor, { pitch: 'My own words' });

    const { run: dry } = await scene.undo(run, true);
    const signal = AbortSignal.timeout(20_000);
    const { fields, calls } = await rehearseAll(desk, {
      workspaceId: desk.workspaceId,
      runId: dry.id,
      signal,
    });
    const before = await scene.holds(survivor);
    const { run: real } = await scene.undo(run);
    await scene.flush();

    assert.deepEqual(before, { score: 50, pitch: 'My own words' });
    assert.equal(calls.write, 1);
    const told = fields.map(({ field, old, new: value, verdict }) => [field, old, value, verdict]);
    assert.deepEqual(told, [
      ['score', 50, null, 'would-apply'],
      ['pitch', 'My own words', null, 'would-conflict'],
    ]);
    const done = (await desk.writesOf(real.id)).map(({ field, state }) => [field, state]);
    assert.deepEqual(done, [
      ['score', 'applied'],
      ['pitch', 'conflicted'],
    ]);
  });

  test(`${kind}: an undo of a record that was deleted says that it is gone`, async () => {
    const scene = await openScene(kind);
    const run = await scene.write({ score: 50, band: 'A', pitch: 'ours' }, [scene.away]);
    const gone =
      kind === 'salesforce' ? { operation: 'delete' } : { operation: 'archive', object: 'companies' };
    await twins.get(kind)?.edit({ as: 'rep:Anna', id: scene.away, ...gone });

    const undo = await scene.undo(run);
    await scene.flush();

    const told = await lines(scene, undo.run.id);
    assert.deepEqual(
      told.toSorted(),
      ['band', 'pitch', 'score'].map((field) => `${scene.away} ${field} rejected`),
    );
    // Said once of all fields. No run comes back to what an undo could not put back.
    const alike = await scene.desk.db.inWorkspace(scene.desk.workspaceId, (tx) =>
      listAlikeTroubles(tx, undo.run.id),
    );
    assert.deepEqual(
      alike.map(({ state, writes, fields }) => [state, writes, fields]),
      [['rejected', 3, ['band', 'pitch', 'score']]],
    );
    assert.match(alike[0]?.reason ?? '', /Nothing can be put back there\.$/);
  });
}

test('hubspot: what a person typed into the other record of a merge stays, also where it is the very value that the run wrote', async () => {
  const scene = await openScene('hubspot');
  const run = await scene.write({ band: 'A' }, [scene.away]);
  await scene.edit(scene.kept, { band: 'A' });
  await scene.merge();

  const undo = await scene.undo(run);
  await scene.flush();

  const [line] = await scene.desk.writesOf(undo.run.id);
  assert.match(`${line?.state}: ${line?.reason}`, /^conflicted: .*goes on with the other record's values/);
});

test('salesforce: an undo that a lock keeps out says that it is to be undone once more, and then it goes through', async () => {
  const scene = await openScene('salesforce');
  const run = await scene.write({ score: 50 }, [scene.kept]);
  const twin = twins.get('salesforce');
  await twin?.edit({ as: 'rep:Anna', operation: 'lock', id: scene.kept, how: 'approval' });

  const told = /ENTITY_IS_LOCKED.*undo the run once more when that is over\.$/;
  const rehearsed = await scene.undo(run, true);
  const { desk } = scene;
  const { fields } = await rehearseAll(desk, { workspaceId: desk.workspaceId, runId: rehearsed.run.id, signal: AbortSignal.timeout(30_000) }); // prettier-ignore
  assert.match(fields[0]?.reason ?? '', told);
  const undo = await scene.undo(run);
  await scene.flush();
  const [write] = await scene.desk.writesOf(undo.run.id);
  assert.match(write?.reason ?? '', told);

  await twin?.edit({ as: 'rep:Anna', operation: 'unlock', id: scene.kept });
  const again = await scene.undo(run);
  await scene.flush();
  assert.deepEqual(await lines(scene, again.run.id), [`${scene.kept} score applied`]);
  assert.equal((await scene.holds(scene.kept)).score, null);
});

test('salesforce: a value follows its record through two merges', async () => {
  const scene = await openScene('salesforce');
  const run = await scene.write({ score: 50 }, [scene.away]);
  const [last = ''] = (await twins.get('salesforce')?.create(1)) ?? [];
  await scene.merge({ score: 50 });
  await scene.edit(last, { score: 50 });
  await twins
    .get('salesforce')
    ?.edit({ as: 'rep:Anna', operation: 'merge', winner: last, loser: scene.kept });

  await scene.undo(run);
  await scene.flush();

  assert.equal((await scene.holds(last)).score, null);
});

test('salesforce: where two records with different values went into a third, nobody can tell which goes back, and the undo says so', async () => {
  const scene = await openScene('salesforce');
  const { kept, away } = scene;
  await scene.write({ score: 10 }, [kept]);
  await scene.write({ score: 20 }, [away]);
  const run = await scene.write({ score: 50 }, [kept, away]);
  const [third = ''] = (await twins.get('salesforce')?.create(1)) ?? [];
  await scene.edit(third, { score: 50 });
  for (const loser of [kept, away])
    await twins.get('salesforce')?.edit({ as: 'rep:Anna', operation: 'merge', winner: third, loser });

  const undo = await scene.undo(run);
  const result = await scene.flush();

  assert.deepEqual([result.applied, result.conflicted], [0, 2]);
  assert.equal((await scene.holds(third)).score, 50);
  for (const { reason } of await scene.desk.writesOf(undo.run.id))
    assert.match(reason ?? '', /nobody can tell whose value stood there before/);
});

test('a connection is removed while values of an undo are about to follow their record, of which a hint waits', async () => {
  const scene = await openScene('salesforce');
  const { desk, away } = scene;
  const inWorkspace = <T>(act: (tx: Tx) => Promise<T>): Promise<T> =>
    desk.db.inWorkspace(desk.workspaceId, act);
  const run = await scene.write({ score: 50 }, [away]);
  await scene.merge({ score: 50 });
  const undo = await scene.undo(run);
  await inWorkspace(async (tx) => {
    await saveHints(tx, desk, [{ object: 'Account', externalId: away, kind: 'changed' }]);
    await saveGone(tx, desk, { object: 'Account', externalIds: ['long gone'], askedAt: new Date() });
  });
  const opened = await desk.openCrm();
  const [claimed, removing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const readCurrent: Crm['readCurrent'] = async (...asked) => {
    claimed.resolve();
    await removing.promise;
    return opened.crm.readCurrent(...asked);
  };
  desk.openCrm = () => Promise.resolve({ ...opened, crm: { ...opened.crm, readCurrent } });
  const flushed = scene.flush();
  await claimed.promise;

  await meet(
    inWorkspace,
    `gone_records where external_id = 'long gone' for update`,
    () =>
      inWorkspace(async (tx) => {
        await lookFirst(tx);
        await retireConnection(tx, { workspaceId: desk.workspaceId, id: desk.connectionId });
      }),
    () => {
      removing.resolve();
      return flushed;
    },
  );

  assert.deepEqual(await lines(scene, undo.run.id), [`${away} score cancelled`]);
});
