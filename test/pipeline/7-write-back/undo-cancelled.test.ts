import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { planPortions } from '../../../src/pipeline/7-write-back/plan-portions.ts';
import { beginUndo, planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { changeRunState, findRun } from '../../../src/pipeline/store/runs.ts';
import { until } from '../../harness/browser-page.ts';
import { isWaitedFor } from '../../harness/lock-waits.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { Killed, startProcess } from '../../harness/killable.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const PORTION = 2;
const SENT = ['r0', 'r1', 'r2'];
const WAITING = ['w0', 'w1', 'w2', 'w3'];

const change = (desk: Desk, run: string, state: 'done' | 'cancelled') =>
  desk.db.inWorkspace(desk.workspaceId, (tx) => changeRunState(tx, run, state));
const begin = ({ db, workspaceId }: Desk, runId: string) => db.inWorkspace(workspaceId, (tx) => beginUndo(tx, { workspaceId, runId, portion: PORTION })); // prettier-ignore
const goOn = ({ db, workspaceId }: Desk, runId: string) => planPortions(db, { workspaceId, runId, portion: PORTION }); // prettier-ignore
const scores = (desk: Desk, ids: readonly string[]) => ids.map((id) => desk.fake.all().find(({ externalId }) => externalId === id)?.values.score ?? null); // prettier-ignore
const states = async (desk: Desk, run: string) => new Set((await desk.writesOf(run)).map(({ state }) => state)); // prettier-ignore

/** A run that wrote two fields of some records over what stood there, and is done; with `waiting`, of others nothing is sent yet. */
async function openRun({ waiting = false, crm = 'salesforce' as 'salesforce' | 'hubspot' } = {}): Promise<{
  desk: Desk;
  run: string;
}> {
  const desk = await openDesk(here.db, crm);
  const object = crm === 'salesforce' ? 'Account' : 'company';
  for (const id of [...SENT, ...WAITING]) desk.fake.add(object, id);
  await desk.plan({ score: 10, why: 'old' }, SENT);
  await desk.flush();
  const run = await desk.plan({ score: 20, why: 'new' }, SENT);
  await desk.flush();
  if (waiting) {
    const rest = await desk.plan({ score: 20 }, WAITING);
    // One run has them all.
    await desk.db.inWorkspace(desk.workspaceId, (tx) =>
      tx.query('update writes set run_id = $1 where run_id = $2', [run, rest]),
    );
  }
  await change(desk, run, 'done');
  return { desk, run };
}

test('a value that a run wants while the undo of its field is planned goes out after all where the undo is cancelled', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await begin(desk, run);
  const later = await desk.plan({ score: 30 }, SENT);
  await desk.flush();
  assert.deepEqual(scores(desk, SENT), [20, 30, 30], 'nothing overtakes an undo');

  await change(desk, undo.id, 'cancelled');
  await desk.flush();

  assert.deepEqual(scores(desk, SENT), [30, 30, 30]);
  assert.deepEqual(await states(desk, later), new Set(['applied']));
});

test('a value that a run wants while the undo of its field is planned goes out behind it where the undo is not cancelled', async () => {
  for (const crm of ['salesforce', 'hubspot'] as const) {
    const { desk, run } = await openRun({ crm });
    const { run: undo } = await begin(desk, run);
    await goOn(desk, undo.id);
    const later = await desk.plan({ score: 30, why: 'new' }, SENT);
    assert.deepEqual(await states(desk, later), new Set(['cancelled']));
    await desk.flush();

    assert.deepEqual(scores(desk, SENT), [30, 30, 30]);
    const [first] = desk.fake.all();
    assert.equal(first?.values.why, 'old', 'what was undone comes back only where a person asks for it');
    assert.deepEqual(await states(desk, later), new Set(['applied']));
    assert.deepEqual(await states(desk, run), new Set(['undone']));
  }
});

test('of what several runs wanted meanwhile the newest goes out, once, and what a person asked for though it was undone', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await begin(desk, run);
  await goOn(desk, undo.id);
  await desk.plan({ score: 30 }, SENT);
  const newest = await desk.plan({ score: 40, why: 'new' }, SENT, { kind: 'manual' });
  const again = await desk.plan({ score: 40 }, SENT);
  await desk.flush();

  assert.deepEqual(scores(desk, SENT), [40, 40, 40]);
  assert.equal(desk.fake.all()[0]?.values.why, 'new');
  assert.deepEqual(await states(desk, newest), new Set(['applied', 'cancelled']));
  assert.deepEqual(await states(desk, again), new Set(['applied']));
  for (const id of SENT) {
    const ours = desk.fake.get('Account', id).accepted.filter(({ field }) => field === 'score');
    assert.deepEqual(ours.map(({ value }) => value), [10, 20, 10, 40]); // prettier-ignore
  }
});

test('nothing goes out behind an undo whose own run is undone or cancelled as well', async () => {
  for (const how of ['undo', 'cancel'] as const) {
    const { desk, run } = await openRun();
    const { run: undo } = await begin(desk, run);
    await goOn(desk, undo.id);
    const later = await desk.plan({ score: 30, pitch: 'ours' }, SENT);
    if (how === 'cancel') await change(desk, later, 'cancelled');
    else {
      await change(desk, later, 'done');
      await planUndo(desk.db, { workspaceId: desk.workspaceId, runId: later });
    }
    await desk.flush();
    assert.deepEqual(scores(desk, SENT), [10, 10, 10], how);
    assert.deepEqual(await states(desk, later), new Set(['cancelled']), how);
  }
});

test('a person’s value stands before an undo and before what waits behind it', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await begin(desk, run);
  await goOn(desk, undo.id);
  await desk.plan({ score: 30 }, SENT);
  desk.fake.edit('Account', 'r0', 'score', 77);
  await desk.flush();
  assert.deepEqual(scores(desk, SENT), [77, 30, 30]);
});

test('while an undo is planned the undone run sends nothing; cancelled, the undo leaves everything as if it had not been begun', async () => {
  const { desk, run } = await openRun({ waiting: true });
  const before = await desk.writesOf(run);
  const { run: undo } = await begin(desk, run);
  assert.equal(undo.state, 'planning');
  for (const mode of ['now', 'all-once', 'full-batches-only'] as const)
    assert.equal((await desk.flush({ mode })).applied, 0, mode);
  assert.deepEqual(await desk.writesOf(run), before);

  await change(desk, undo.id, 'cancelled');
  assert.deepEqual(await desk.writesOf(run), before);
  await desk.flush();

  assert.deepEqual(
    scores(desk, [...SENT, ...WAITING]),
    Array.from({ length: 7 }, () => 20),
  );
  assert.deepEqual(await states(desk, run), new Set(['applied']));
});

test('what the undone run had not sent is withdrawn once the undo is planned, and never sent', async () => {
  const { desk, run } = await openRun({ waiting: true });
  const { run: undo } = await begin(desk, run);
  await goOn(desk, undo.id);
  await desk.flush();

  assert.deepEqual(scores(desk, [...SENT, ...WAITING]), [10, 10, 10, null, null, null, null]);
  const waiting = (await desk.writesOf(run)).filter(({ externalId }) => WAITING.includes(externalId));
  assert.deepEqual(new Set(waiting.map(({ state, reason }) => `${state}: ${reason}`)), new Set(['cancelled: Its run was undone before it was sent'])); // prettier-ignore
});

test('a process that dies at any step of an undo leaves nothing of the undone run that others would send', async () => {
  for (let diesAt = 1; ; diesAt += 1) {
    const { desk, run } = await openRun({ waiting: true });
    const { workspaceId } = desk;
    const dying = startProcess(desk.db, () => undefined, diesAt);
    const died = await planUndo(dying.db, { workspaceId, runId: run, portion: PORTION }).then(() => false, (error: unknown) => error instanceof Killed); // prettier-ignore
    // Before its first step it has not begun.
    if (diesAt > 1) assert.equal((await desk.flush()).rejected, 0);
    if (diesAt > 1) assert.deepEqual(scores(desk, WAITING), [null, null, null, null], `killed at ${diesAt}`);
    await planUndo(desk.db, { workspaceId, runId: run, portion: PORTION }).catch((error: unknown) => {
      if (!/nothing to undo/.test(String(error))) throw error;
    });
    await desk.flush();
    assert.deepEqual(scores(desk, [...SENT, ...WAITING]), [10, 10, 10, null, null, null, null]);
    if (!died) break;
    assert.ok(diesAt < 40);
  }
});

test('a flusher that had the undone run’s values in hand when the undo began does not send them', async () => {
  const { desk, run } = await openRun({ waiting: true });
  let begun = false;
  // It has read the records, and is about to write.
  desk.fake.at = async (moment) => {
    if (begun || moment !== 'after-read') return;
    begun = true;
    await begin(desk, run);
  };
  const { applied } = await desk.flush();
  assert.ok(begun);
  assert.equal(applied, 0);
  assert.deepEqual(scores(desk, WAITING), [null, null, null, null]);
});

test('another run’s value goes out though it is the one that an undone run had not sent yet', async () => {
  const { desk, run } = await openRun({ waiting: true });
  const { run: undo } = await begin(desk, run);
  const later = await desk.plan({ score: 20 }, WAITING);
  await goOn(desk, undo.id);
  await desk.flush();
  assert.deepEqual(scores(desk, WAITING), [20, 20, 20, 20]);
  assert.deepEqual(await states(desk, later), new Set(['applied']));
});

test('a run of which nothing was sent yet can be undone: nothing of it is', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  for (const id of WAITING) desk.fake.add('Account', id);
  const run = await desk.plan({ score: 20 }, WAITING);
  await change(desk, run, 'done');
  const planned = await planUndo(desk.db, { workspaceId: desk.workspaceId, runId: run });
  assert.deepEqual([planned.fields, planned.run.state], [0, 'done']);
  await desk.flush();
  assert.deepEqual(scores(desk, WAITING), [null, null, null, null]);
  assert.deepEqual(await states(desk, run), new Set(['cancelled']));
  await assert.rejects(planUndo(desk.db, { workspaceId: desk.workspaceId, runId: run }), /nothing to undo/);
});

test('a paused run that is undone goes on, when it is resumed, with what it had not planned by then', async () => {
  const { desk, run } = await openRun({ waiting: true });
  const set = (state: string) => desk.db.inWorkspace(desk.workspaceId, (tx) => tx.query('update runs set state = $2 where id = $1', [run, state])); // prettier-ignore
  await set('paused');
  const { run: undo } = await begin(desk, run);
  await goOn(desk, undo.id);
  await set('running');
  desk.fake.add('Account', 'n0');
  const more = await desk.plan({ score: 20 }, ['n0']);
  await desk.db.inWorkspace(desk.workspaceId, (tx) => tx.query('update writes set run_id = $1 where run_id = $2', [run, more])); // prettier-ignore
  await desk.flush();
  assert.deepEqual(scores(desk, [...SENT, ...WAITING, 'n0']), [10, 10, 10, null, null, null, null, 20]);
});

test('an undo that another run plans into in the very moment loses nothing of it', async () => {
  const { desk, run } = await openRun();
  const { run: undo } = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
    beginUndo(tx, { workspaceId: desk.workspaceId, runId: run, portion: 1 }),
  );
  // The other one's transaction is not over when the next portion comes to its field.
  let going: Promise<void> | undefined;
  const later = await desk.db.inWorkspace(desk.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into runs (workspace_id, kind, model) values (current_workspace(), 'scheduled', 'm') returning id`,
    );
    const id = rows[0]?.id ?? '';
    await tx.query(
      `insert into writes (workspace_id, run_id, connection_id, object, external_id, field, company_id, new_value, state)
       select workspace_id, $1, connection_id, object, external_id, field, company_id, to_jsonb(30), 'planned' from writes
       where run_id = $2 and field = 'score' and external_id = 'r2'`,
      [id, run],
    );
    going = goOn(desk, undo.id);
    await until(() => isWaitedFor(tx), 'the undo to meet the other run');
    return id;
  });
  await going;
  assert.deepEqual(await states(desk, later), new Set(['cancelled']));
  await desk.flush();
  assert.deepEqual(scores(desk, SENT), [10, 10, 30]);
});

test('a run that is undone twice in the same moment is undone once, also where all of it is planned at once', async () => {
  const { desk, run } = await openRun();
  const { db, workspaceId } = desk;
  const [one, other] = await Promise.all([0, 1].map(() => planUndo(db, { workspaceId, runId: run })));
  const third = await planUndo(db, { workspaceId, runId: run });
  assert.equal(new Set([one?.run.id, other?.run.id, third.run.id]).size, 1);
  assert.notEqual(one?.begunHere, other?.begunHere);
  assert.deepEqual([third.fields, third.run.state], [6, 'done']);
  assert.equal((await desk.flush()).applied, 6);
  await assert.rejects(planUndo(db, { workspaceId, runId: run }), /nothing to undo/);
});

test('Ctrl-C cancels the undo that was begun here, and leaves one that somebody else began', async () => {
  const { desk, run } = await openRun();
  const { db, workspaceId } = desk;
  const { run: theirs } = await begin(desk, run);
  const stopAtOnce = async () => {
    const stop = new AbortController();
    return planUndo(db, { workspaceId, runId: run, portion: PORTION, signal: stop.signal, onPortion: () => stop.abort() }); // prettier-ignore
  };
  const watched = await stopAtOnce();
  assert.deepEqual([watched.run.id, watched.run.state, watched.begunHere], [theirs.id, 'planning', false]);
  await change(desk, theirs.id, 'cancelled');
  const own = await stopAtOnce();
  assert.deepEqual([own.run.state, own.begunHere], ['cancelled', true]);
  assert.equal((await desk.db.inWorkspace(workspaceId, (tx) => findRun(tx, theirs.id)))?.state, 'cancelled');
});
