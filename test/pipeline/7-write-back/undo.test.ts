import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Database } from '../../../src/db.ts';
import { UserError } from '../../../src/errors.ts';
import { rehearse } from '../../../src/pipeline/7-write-back/rehearse.ts';
import type { RehearsedField } from '../../../src/pipeline/7-write-back/rehearse.ts';
import { listUndoable } from '../../../src/pipeline/store/writes-undo.ts';
import { until } from '../../harness/browser-page.ts';
import { isWaitedFor } from '../../harness/lock-waits.ts';
import { rehearseAll } from '../../harness/rehearsal.ts';
import { reopenConflicts } from '../../../src/pipeline/7-write-back/reopen-conflicts.ts';
import { describeUnsettled, planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const finish = (desk: Desk, runId: string): Promise<unknown> =>
  desk.db.inWorkspace(desk.workspaceId, (tx) =>
    tx.query(`update runs set state = 'done' where id = $1`, [runId]),
  );

async function undo(desk: Desk, runId: string, dryRun = false): ReturnType<typeof planUndo> {
  await finish(desk, runId);
  return planUndo(desk.db, { workspaceId: desk.workspaceId, runId, dryRun });
}

const signal = new AbortController().signal;

test('an undo puts every field back, except those that someone changed since', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const [edited, left] = [desk.fake.add('Account', 'r0'), desk.fake.add('Account', 'r1')];
  await desk.plan({ score: 10, pitch: 'old pitch' }, ['r0', 'r1']);
  await desk.flush();
  const run = await desk.plan({ score: 20, pitch: 'new pitch', why: 'because' }, ['r0', 'r1']);
  await desk.flush();
  desk.fake.edit('Account', 'r0', 'pitch', 'my pitch');

  const planned = await undo(desk, run);
  const result = await desk.flush();

  assert.equal(planned.fields, 6);
  assert.deepEqual([result.applied, result.conflicted], [5, 1]);
  assert.deepEqual(edited.values, { score: 10, pitch: 'my pitch', why: null });
  assert.deepEqual(left.values, { score: 10, pitch: 'old pitch', why: null });
  const states = (await desk.writesOf(run)).map((write) => write.state).sort();
  assert.deepEqual(states, ['applied', 'undone', 'undone', 'undone', 'undone', 'undone']);
});

test('a scheduled run leaves an undone value undone; another value, or a person’s run, is written', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  const run = await desk.plan({ score: 20 }, ['r0']);
  await desk.flush();
  await undo(desk, run);
  await desk.flush();

  await desk.plan({ score: 20 }, ['r0']);
  await desk.flush();
  assert.equal(record.values.score, null);
  await desk.plan({ score: 20 }, ['r0'], { kind: 'manual' });
  await desk.flush();
  assert.equal(record.values.score, 20);
});

test('another value is written after an undo without anybody asking', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  const run = await desk.plan({ score: 20 }, ['r0']);
  await desk.flush();
  await undo(desk, run);
  await desk.flush();

  await desk.plan({ score: 30 }, ['r0']);
  await desk.flush();

  assert.equal(record.values.score, 30);
});

test('what a later run wrote is not undone with the earlier one, and an undo is no run to undo', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  const first = await desk.plan({ score: 1, why: 'one' }, ['r0']);
  await desk.flush();
  await desk.plan({ score: 2 }, ['r0']);
  await desk.flush();

  const planned = await undo(desk, first);
  await desk.flush();

  assert.deepEqual([planned.fields, planned.overtaken], [1, 1]);
  assert.deepEqual(record.values, { score: 2, why: null });
  await assert.rejects(undo(desk, planned.run.id), /is an undo/);
  await assert.rejects(undo(desk, '00000000-0000-4000-8000-000000000000'), /There is no run/);
  await assert.rejects(
    planUndo(desk.db, { workspaceId: desk.workspaceId, runId: 'the last one' }),
    /There is no run/,
  );
});

test('an undo of a run whose write was forced over a person’s value gives the person’s value back, and leaves it theirs', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0', { pitch: 'theirs' });
  desk.policies = { pitch: 'always' };
  const run = await desk.plan({ pitch: 'ours' }, ['r0']);
  await desk.flush();
  assert.equal(record.values.pitch, 'ours');
  await undo(desk, run);
  await desk.flush();
  desk.policies = {};

  await desk.plan({ pitch: 'ours again' }, ['r0']);
  await desk.flush();

  assert.equal(record.values.pitch, 'theirs');
});

test('an undo can be rehearsed and then writes nothing', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  const run = await desk.plan({ score: 20, pitch: 'Hi' }, ['r0']);
  await desk.flush();
  desk.fake.edit('Account', 'r0', 'pitch', 'mine');

  const { run: rehearsed } = await undo(desk, run, true);
  const { fields } = await rehearseAll(desk, { workspaceId: desk.workspaceId, runId: rehearsed.id, signal });
  await desk.flush();

  assert.deepEqual(
    fields.map(({ field, old, new: value, verdict }) => [field, old, value, verdict]),
    [
      ['score', 20, null, 'would-apply'],
      ['pitch', 'mine', null, 'would-conflict'],
    ],
  );
  assert.deepEqual(record.values, { score: 20, pitch: 'mine' });
});

test('a rehearsed undo leaves what the run still has to send as it was planned', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const [sent, waiting] = [desk.fake.add('Account', 'r0'), desk.fake.add('Account', 'r1')];
  const run = await desk.plan({ score: 20 }, ['r0']);
  await desk.flush();
  await desk.plan({ score: 30 }, ['r1']);
  await desk.db.inWorkspace(desk.workspaceId, (tx) => tx.query('update writes set run_id = $1', [run]));

  await undo(desk, run, true);
  await desk.flush();

  assert.deepEqual([sent.values.score, waiting.values.score], [20, 30]);
});

test('what goes out in the very moment of an undo is not forgotten: the undo is refused while it is on its way', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  for (const id of ['r0', 'r1']) desk.fake.add('Account', id);
  const run = await desk.plan({ score: 20 }, ['r0']);
  await desk.flush();
  await desk.plan({ score: 30 }, ['r1']);
  await desk.db.inWorkspace(desk.workspaceId, (tx) => tx.query('update writes set run_id = $1', [run]));
  await finish(desk, run);

  // A flusher notes that r1 is on its way, and that transaction is not over when the undo begins.
  let undoing: Promise<unknown> | undefined;
  const db: Database = {
    ...desk.db,
    inWorkspace: (workspaceId, act) =>
      desk.db.inWorkspace(workspaceId, async (tx) => {
        const result = await act(tx);
        const { rowCount: departing } = await tx.query(`select from writes where state = 'sending'`);
        if (departing === 0 || undoing !== undefined) return result;
        let isOver = false;
        undoing = planUndo(desk.db, { workspaceId, runId: run }).then(
          () => 'planned',
          (error: unknown) => error,
        );
        void undoing.then(() => (isOver = true));
        await until(async () => isOver || (await isWaitedFor(tx)), 'the undo to meet the flusher');
        return result;
      }),
  };
  // The call itself comes after the undo has heard.
  desk.fake.at = async (moment) => void (moment === 'before-write' && (await undoing));
  const { applied } = await desk.flush({ db });

  const told = await undoing;
  assert.equal(applied, 1);
  assert.ok(told instanceof UserError, String(told));
  assert.match(told.message, /are on their way/);
});

test('an undo does what it can while a paused connection still holds what was on its way, and says so', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const [sent] = [desk.fake.add('Account', 'r0'), desk.fake.add('Account', 'r1')];
  const run = await desk.plan({ score: 20 }, ['r0', 'r1']);
  await desk.flush();
  const set = (text: string): Promise<unknown> =>
    desk.db.inWorkspace(desk.workspaceId, (tx) => tx.query(text));
  await set(
    `update writes set state = 'sending', returned_value = null, settled_at = null, leased_until = now() where external_id = 'r1'`,
  );
  await assert.rejects(undo(desk, run), /are on their way/);

  await set(`update writes set may_land_until = now() + interval '11.5 minutes' where external_id = 'r1'`);
  await assert.rejects(undo(desk, run), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.fix ?? '', /gave no answer, in 12 minutes/);
    return true;
  });

  await set(`update connections set status = 'paused'`);
  const planned = await undo(desk, run);
  await set(`update connections set status = 'active'`);
  await desk.flush();

  assert.equal(planned.fields, 1);
  assert.match(
    describeUnsettled(planned.unsettled) ?? '',
    /not undone.*1 on salesforce.*undo the run once more/,
  );
  assert.equal(sent.values.score, null);
});

test('a rehearsal lists old and new value of each field with its verdict, and the calls that it would cost', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  for (let index = 0; index < 30; index += 1) desk.fake.add('Account', `r${index}`);
  desk.fake.edit('Account', 'r1', 'pitch', 'theirs');
  desk.fake.edit('Account', 'r2', 'score', 50);
  const ids = desk.fake.all().map((record) => record.externalId);
  const run = await desk.plan({ score: 50, pitch: 'Hi', why: 'x'.repeat(5000) }, ids, { dryRun: true });

  const { fields, calls } = await rehearseAll(desk, { workspaceId: desk.workspaceId, runId: run, signal });
  const flushed = await desk.flush();

  const find = (id: string, field: string): unknown[] => {
    const found = fields.find((one) => one.externalId === id && one.field === field);
    return [found?.old, found?.new, found?.verdict];
  };
  assert.deepEqual(find('r0', 'score'), [null, 50, 'would-apply']);
  assert.deepEqual(find('r1', 'pitch'), ['theirs', 'Hi', 'would-conflict']);
  assert.deepEqual(find('r2', 'score'), [50, 50, 'unchanged']);
  assert.equal(find('r0', 'why')[2], 'would-reject');
  // 29 records with a pitch that people may edit go out conditionally, 25 a call; the one without in a call of its own.
  const most = { mostRead: 1, mostReadBack: 1, readEachFiveMinutes: 1 };
  assert.deepEqual(calls, { read: 1, write: 3, readBack: 1, writeEachFiveMinutes: 2, ...most });
  assert.equal(desk.fake.calls.writes.length, 0);
  assert.equal(flushed.waiting, 0);
  const kept = (await desk.writesOf(run)).find(
    (write) => write.externalId === 'r1' && write.field === 'pitch',
  );
  assert.deepEqual([kept?.state, kept?.oldValue], ['rehearsed', 'theirs']);
  assert.match(kept?.reason ?? '', /never wrote/);
});

test('a rehearsal of many records comes some hundred at a time, with the calls of full batches', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  for (let index = 0; index < 620; index += 1) desk.fake.add('company', `r${index}`);
  const ids = desk.fake.all().map((record) => record.externalId);
  const run = await desk.plan({ score: 50, band: 'B' }, ids, { dryRun: true });
  const pages: RehearsedField[][] = [];

  const { calls } = await rehearse(desk, {
    workspaceId: desk.workspaceId,
    runId: run,
    signal,
    onFields: (fields) => void pages.push([...fields]),
  });

  assert.deepEqual(pages.map((page) => page.length), [1_000, 240]); // prettier-ignore
  const told = new Set(pages.flat().map((one) => `${one.externalId} ${one.field} ${one.verdict}`));
  assert.deepEqual(told, new Set(ids.flatMap((id) => [`${id} score would-apply`, `${id} band would-apply`])));
  // Six times while the run goes on a hundred are taken up, and the rest at its end.
  const most = { mostRead: 13, mostReadBack: 19, readEachFiveMinutes: 1 };
  assert.deepEqual(calls, { read: 7, write: 7, readBack: 13, writeEachFiveMinutes: 1, ...most });
});

test('what an undo puts back is found page by page, each field once', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  for (const id of ['r0', 'r1', 'r2']) desk.fake.add('Account', id);
  const run = await desk.plan({ score: 20, pitch: 'ours' }, ['r0', 'r1', 'r2']);
  await desk.flush();
  // Within one run a field may be written twice: what stood there before the first goes back.
  const again = await desk.plan({ score: 30 }, ['r1']);
  await desk.flush();
  await desk.db.inWorkspace(desk.workspaceId, async (tx) => {
    await tx.query('update writes set run_id = $1 where run_id = $2', [run, again]);
    const found: string[] = [];
    for (let behind = 0; ;) {
      const page = await listUndoable(tx, run, { behind, limit: 2 });
      assert.ok(page.length <= 2);
      const last = page.at(-1);
      if (last === undefined) break;
      behind = last.undoes;
      found.push(...page.map((one) => `${one.externalId} ${one.field} ${one.overtaken} ${one.value}`));
    }
    const fields = ['r0', 'r1', 'r2'].flatMap((id) => [`${id} pitch false null`, `${id} score false null`]);
    assert.deepEqual(found.toSorted(), fields);
  });
});

test('a conflict ends when the person puts our value back', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  await desk.plan({ pitch: 'ours' }, ['r0']);
  await desk.flush();
  desk.fake.edit('Account', 'r0', 'pitch', 'theirs');
  await desk.plan({ pitch: 'newer' }, ['r0']);
  await desk.flush();
  const sync = (): Promise<number> =>
    desk.db.inWorkspace(desk.workspaceId, (tx) =>
      reopenConflicts(tx, desk.connectionId, [{ object: 'Account', externalId: 'r0', ours: record.values }]),
    );

  assert.equal(await sync(), 0);
  desk.fake.edit('Account', 'r0', 'pitch', 'ours');
  assert.equal(await sync(), 1);
  await desk.plan({ pitch: 'newest' }, ['r0']);
  await desk.flush();

  assert.equal(record.values.pitch, 'newest');
});
