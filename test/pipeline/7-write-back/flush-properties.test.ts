import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { CrmKind } from '../../../src/connectors/crm.ts';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { listWrites } from '../../../src/pipeline/store/writes-list.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { createMoves } from '../../harness/interleaving-moves.ts';
import { assertArrived, assertRepaired, findOverwritten, play } from '../../harness/interleavings.ts';
import type { Stage } from '../../harness/interleavings.ts';
import { Killed, startProcess } from '../../harness/killable.ts';
import { openDesk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const IDS = ['r0', 'r1', 'r2'];
// A flush of three records has about 25 steps here.
const STEPS = 40;

/** A stage on the CRM in memory, which costs so little that many sequences can be tried. */
async function openStage(kind: CrmKind): Promise<Stage> {
  const desk = await openDesk(here.db, kind);
  const { fake } = desk;
  const object = kind === 'salesforce' ? 'Account' : 'company';
  for (const id of IDS) fake.add(object, id);
  return {
    desk,
    object,
    ids: IDS,
    known: (place) => IDS[place] ?? null,
    seen: (place) => IDS[place] ?? null,
    editable: ['pitch', 'personas'],
    edit: (id, field, value) => fake.edit(object, id, field, value),
    lastOurs: (id, field) =>
      fake.get(object, id).accepted.findLast((one) => one.field === field)?.value ?? null,
    listen: (act) => {
      fake.at = act;
    },
    trace: () =>
      fake.all().map((found) => ({
        externalId: found.externalId,
        formerIds: [],
        wasAway: false,
        values: found.values,
        changes: found.history,
        repeated: found.accepted.filter((one) => one.value === one.held).length,
        touched: found.history.some((change) => change.by === 'rep'),
      })),
  };
}

test('whatever runs, reps, kills and undos do, no person’s value is overwritten and no value is sent twice', async () => {
  await fc.assert(
    fc.asyncProperty(createMoves({ steps: STEPS, kills: true, races: true }), async (moves) => {
      const stage = await openStage('salesforce');
      const played = await play(stage, moves);

      const traces = await stage.trace();
      for (const trace of traces) {
        assert.deepEqual(findOverwritten(trace), []);
        assert.equal(trace.repeated, 0);
      }
      assertArrived(traces, played);
    }),
    { numRuns: 80, interruptAfterTimeLimit: 60_000 },
  );
});

test('on a CRM without conditional writes the same holds for edits that are no race', async () => {
  await fc.assert(
    fc.asyncProperty(createMoves({ steps: STEPS, kills: false, races: false }), async (moves) => {
      const stage = await openStage('hubspot');
      await play(stage, moves);

      for (const trace of await stage.trace()) {
        assert.deepEqual(findOverwritten(trace), []);
        assert.equal(trace.repeated, 0);
      }
    }),
    { numRuns: 30, interruptAfterTimeLimit: 30_000 },
  );
});

test('on a CRM without conditional writes the value that a person typed last stands in the end, whatever the race', async () => {
  await fc.assert(
    fc.asyncProperty(createMoves({ steps: STEPS, kills: true, races: true }), async (moves) => {
      const stage = await openStage('hubspot');
      await play(stage, moves);

      await assertRepaired(stage, await stage.trace());
    }),
    { numRuns: 50, interruptAfterTimeLimit: 30_000 },
  );
});

test('killed at every single step of a flush, each value lands exactly once', async () => {
  for (const kind of ['salesforce', 'hubspot'] as const)
    for (let diesAt = 1; ; diesAt += 1) {
      const { desk, listen } = await openStage(kind);
      await desk.plan({ score: 61.239, pitch: 'Hello ', band: 'B' }, IDS);
      const process = startProcess(desk.db, listen, diesAt);
      await desk.flush({ db: process.db }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      listen(() => undefined);
      await desk.passTime();
      const { waiting, comeBackAt } = await desk.flush();
      assert.deepEqual([waiting, comeBackAt], [0, null]);

      for (const found of desk.fake.all()) {
        assert.equal(found.accepted.length, 3, `${kind} killed at step ${diesAt}`);
        assert.deepEqual(found.values, { score: 61.24, pitch: 'Hello', band: 'B' });
      }
      const writes = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
        listWrites(tx, { companyId: desk.companyId }, { limit: 100, beforeId: null }),
      );
      assert.deepEqual([...new Set(writes.map((write) => write.state))], ['applied']);
      if (!process.isDead()) break;
    }
});

test('killed at every single step of a lost race, with an undo of an earlier run in between, the person’s value stands', async () => {
  for (let diesAt = 1; ; diesAt += 1) {
    const { desk, listen } = await openStage('hubspot');
    const earlier = await desk.plan({ pitch: 'first' }, IDS);
    await desk.flush();
    await desk.plan({ pitch: 'second' }, IDS);
    let moments = 0;
    // The first call reads; its second moment is the last before our write.
    const process = startProcess(desk.db, listen, diesAt, () => {
      moments += 1;
      if (moments === 2) desk.fake.edit('company', 'r1', 'pitch', 'theirs');
    });
    await desk.flush({ db: process.db }).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    listen(() => undefined);
    await desk.db.inWorkspace(desk.workspaceId, (tx) =>
      tx.query(`update runs set state = 'done' where id = $1`, [earlier]),
    );
    await planUndo(desk.db, { workspaceId: desk.workspaceId, runId: earlier });
    await desk.passTime();
    const { waiting, comeBackAt } = await desk.flush();
    assert.deepEqual([waiting, comeBackAt], [0, null]);

    if (moments >= 2)
      assert.equal(desk.fake.get('company', 'r1').values.pitch, 'theirs', `killed at step ${diesAt}`);
    if (!process.isDead()) break;
  }
});
