import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../../src/db.ts';
import { until } from '../../e2e/faults/observe.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { createFakeCrm } from '../../harness/fake-crm.ts';
import { assertRepaired, findOverwritten } from '../../harness/interleavings.ts';
import type { Stage } from '../../harness/interleavings.ts';
import { Killed } from '../../harness/killable.ts';
import { openTappedTwin, openTwinStage } from '../../harness/twin-stages.ts';
import { readTraces } from '../../harness/twin-traces.ts';
import type { TapMoment, TappedRequest } from '../../harness/twin-tap.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const LATE_MS = 2_000;
const PATIENCE_MS = 120_000;
const isWrite = ({ path }: TappedRequest): boolean => /\/(composite|batch\/update)$/.test(path);

async function flushToEnd(desk: Desk, options: { slowMs?: number } = {}): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const { waiting, comeBackAt } = await desk.flush({ leaseMs: 30_000, ...options });
    if (waiting === 0 && comeBackAt === null) return;
    await wait(50);
  }
  assert.fail('something stays open');
}

async function assertWrittenOnce(stage: Pick<Stage, 'trace'>, fields: number): Promise<void> {
  for (const { changes, repeated } of await stage.trace())
    assert.deepEqual([changes.length, repeated], [fields, 0]);
}

for (const kind of ['salesforce', 'hubspot'] as const) {
  test(`${kind}: a write that takes effect long after its connection broke is recognised, and not sent again`, async (context) => {
    const tapped = await openTappedTwin(kind);
    context.after(() => tapped.close());
    const stage = await openTwinStage(here.db, tapped, { realTime: true });
    tapped.twin.kit.faults.set({ rateLate: 1, lateMs: LATE_MS, limit: 1 });
    await stage.desk.plan({ score: 61.5, why: 'Hello' }, stage.ids);

    await flushToEnd(stage.desk);

    // What was sent twice would have come twice by then.
    await wait(LATE_MS);
    await assertWrittenOnce(stage, 2);
  });

  test(`${kind}: a write that never arrived is sent again when the platform can no longer be at work on it`, async (context) => {
    const longestWriteMs = 3_000;
    const tapped = await openTappedTwin(kind, { longestWriteMs });
    context.after(() => tapped.close());
    const stage = await openTwinStage(here.db, tapped, { realTime: true });
    const sentAt: number[] = [];
    tapped.tap.at = (moment: TapMoment, call) => {
      if (moment !== 'before' || !isWrite(call)) return;
      sentAt.push(performance.now());
      if (sentAt.length === 1) throw new Error('cut');
    };
    await stage.desk.plan({ score: 61.5 }, stage.ids);

    await flushToEnd(stage.desk);

    const [first = 0, second = 0, ...others] = sentAt;
    assert.deepEqual(others, []);
    assert.ok(second - first >= longestWriteMs, `sent again after ${second - first} ms`);
    await assertWrittenOnce(stage, 1);
  });

  test(`${kind}: what a person types while a broken write is still on its way stands`, async (context) => {
    const tapped = await openTappedTwin(kind, { longestWriteMs: 5 * LATE_MS });
    context.after(() => tapped.close());
    const stage = await openTwinStage(here.db, tapped, { realTime: true });
    const [id = ''] = stage.ids;
    await stage.desk.plan({ pitch: 'first' }, [id]);
    await flushToEnd(stage.desk);
    tapped.twin.kit.faults.set({ rateLate: 1, lateMs: 2 * LATE_MS, limit: 1 });
    await stage.desk.plan({ pitch: 'second' }, [id]);

    const flushed = flushToEnd(stage.desk);
    const isCut = (): boolean => tapped.twin.kit.calls.list().some((call) => call.fault === 'late');
    await until('the connection broke', isCut);
    await stage.edit(id, 'pitch', 'my own words');
    await flushed;

    await wait(2 * LATE_MS);
    await flushToEnd(stage.desk);
    const traces = await stage.trace();
    assert.equal(traces.find((trace) => trace.externalId === id)?.values.pitch, 'my own words');
    if (kind === 'hubspot') await assertRepaired(stage, traces);
    else assert.deepEqual(traces.flatMap(findOverwritten), []);
  });

  test(`${kind}: an org too slow for a full call gets fewer records a call, and more again once it is quick`, async (context) => {
    const tapped = await openTappedTwin(kind, { attemptTimeoutMs: 700 });
    context.after(() => tapped.close());
    const stage = await openTwinStage(here.db, tapped, { realTime: true });
    const { desk } = stage;
    const ids = await tapped.create(16);
    const readGroup = async (): Promise<number | null> =>
      desk.db.inWorkspace(desk.workspaceId, async (tx) => {
        const { rows } = await tx.query<{ group: number | null }>(
          'select write_group as "group" from connections',
        );
        return rows[0]?.group ?? null;
      });
    tapped.twin.kit.faults.set({ rowMs: 100 });
    for (const score of [61, 62]) {
      await desk.plan({ score }, ids);
      await flushToEnd(desk, { slowMs: 400 });
    }
    const small = await readGroup();
    assert.ok(small !== null && small < 8, `${small} records a call`);

    tapped.twin.kit.faults.set({});
    await desk.plan({ score: 63 }, ids);
    await flushToEnd(desk);

    const larger = await readGroup();
    assert.ok(larger === null || larger > small, `${larger} records a call`);
    const written = (await readTraces(tapped, ids)).map(({ changes, repeated }) => [
      changes.length,
      repeated,
    ]);
    assert.deepEqual(written, ids.map(() => [3, 0])); // prettier-ignore
  });
}

for (const { edited, fields, conflicts } of [
  { edited: 'the very field', fields: { Fieldnote_Pitch__c: 'my own words' }, conflicts: ['pitch'] },
  { edited: 'another field', fields: { Name: 'Renamed' }, conflicts: [] },
])
  test(`salesforce: a write that was refused unheard, since somebody edited ${edited}, does not wait for the platform's longest write`, async (context) => {
    const tapped = await openTappedTwin('salesforce');
    context.after(() => tapped.close());
    const stage = await openTwinStage(here.db, tapped, { realTime: true });
    const [id = ''] = stage.ids;
    await stage.desk.plan({ score: 51.5, pitch: 'first' }, [id]);
    await flushToEnd(stage.desk);
    let broken = false;
    tapped.tap.at = async (moment: TapMoment, call) => {
      if (broken || !isWrite(call)) return;
      if (moment === 'before') return void (await tapped.edit({ as: 'rep:Anna', id, fields }));
      broken = true;
      throw new Error('cut');
    };
    const run = await stage.desk.plan({ score: 61.5, pitch: 'second' }, [id]);

    await flushToEnd(stage.desk);

    const conflicted = (await stage.desk.writesOf(run)).filter((write) => write.state === 'conflicted');
    assert.deepEqual(conflicted.map((write) => write.field), conflicts); // prettier-ignore
    const [trace] = (await stage.trace()).filter((one) => one.externalId === id);
    assert.deepEqual(
      [trace?.values.score, trace?.values.pitch, trace?.repeated],
      [61.5, conflicts.length === 0 ? 'second' : 'my own words', 0],
    );
  });

test('salesforce: a write without a condition may still land on a record that somebody edited, and is waited for', async (context) => {
  const tapped = await openTappedTwin('salesforce');
  context.after(() => tapped.close());
  const stage = await openTwinStage(here.db, tapped, { realTime: true });
  const [id = ''] = stage.ids;
  tapped.tap.at = async (moment: TapMoment, call) => {
    if (moment !== 'before' || !isWrite(call)) return;
    await tapped.edit({ as: 'rep:Anna', id, fields: { Name: 'Renamed' } });
    throw new Error('cut');
  };
  await stage.desk.plan({ score: 61.5 }, [id]);

  const flushed = await stage.desk.flush({ leaseMs: 30_000 });

  assert.deepEqual([flushed.waiting, flushed.applied, flushed.calls.write], [1, 0, 1]);
});

test('what a killed process had on its way is not sent again before the CRM can have finished with it', async () => {
  const fake = createFakeCrm('salesforce');
  const desk = await openDesk(here.db, 'salesforce', fake, { ...fake.crm, longestWriteMs: 30 * 60_000 });
  const record = fake.add('Account', 'r0');
  await desk.plan({ score: 61 }, ['r0']);
  let dead = false;
  const live = (): void => {
    if (dead) throw new Killed('killed');
  };
  fake.at = (moment) => {
    if (moment === 'before-write') dead = true;
    live();
  };
  const inWorkspace: Database['inWorkspace'] = (workspaceId, act) => {
    live();
    return here.db.inWorkspace(workspaceId, act);
  };
  await assert.rejects(desk.flush({ db: { ...here.db, inWorkspace }, leaseMs: 100 }), Killed);
  fake.at = () => undefined;

  const early = await desk.flush({ leaseMs: 100 });
  assert.deepEqual([early.waiting, early.applied, record.accepted.length], [1, 0, 0]);
  assert.ok(early.comeBackAt !== null);

  await desk.passTime();
  assert.equal((await desk.flush()).applied, 1);
});
