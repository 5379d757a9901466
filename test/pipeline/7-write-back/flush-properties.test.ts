import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { FieldValues } from '../../../src/connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../../src/connectors/crm-fields.ts';
import { couldHaveBecome } from '../../../src/pipeline/7-write-back/same-value.ts';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { listCompanyWrites } from '../../../src/pipeline/store/writes-list.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import type { FakeRecord } from '../../harness/fake-crm.ts';
import { Killed, startProcess } from '../../harness/killable.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const RECORDS = ['r0', 'r1', 'r2'];
const EDITABLE: readonly FieldKey[] = ['pitch', 'personas'];
const FIELDS_USED: readonly FieldKey[] = ['score', 'why', 'pitch', 'personas'];
const LEASE_MS = 40;

const record = fc.constantFrom(...RECORDS);
const edit = fc.record({
  type: fc.constant('edit' as const),
  record,
  field: fc.constantFrom(...EDITABLE),
  how: fc.constantFrom('type', 'empty', 'put-back'),
});
const run = fc.record({
  type: fc.constant('run' as const),
  records: fc.uniqueArray(record, { minLength: 1 }),
  fields: fc.uniqueArray(fc.constantFrom(...FIELDS_USED), { minLength: 1 }),
});
const flush = fc.record({
  type: fc.constant('flush' as const),
  // Most flushes die somewhere; a small one has about 25 steps.
  diesAt: fc.integer({ min: 0, max: 40 }),
  // What a rep does while it is under way, and at which step.
  meanwhile: fc.array(fc.record({ step: fc.integer({ min: 0, max: 30 }), edit }), { maxLength: 2 }),
});
const undo = fc.record({ type: fc.constant('undo' as const), which: fc.nat({ max: 9 }) });
const moves = fc.array(fc.oneof({ arbitrary: flush, weight: 3 }, { arbitrary: run, weight: 3 }, edit, undo), {
  minLength: 3,
  maxLength: 12,
});

type Move = typeof moves extends fc.Arbitrary<infer Moves extends unknown[]> ? Moves[number] : never;

let serial = 0;
const unique = (field: FieldKey): FieldValue => {
  serial += 1;
  return field === 'score' ? (serial % 9000) / 97 : `${field} ${serial}\r\n`;
};

function act(desk: Desk, { record: id, field, how }: { record: string; field: FieldKey; how: string }): void {
  const object = desk.fake.crm.kind === 'salesforce' ? 'Account' : 'company';
  const ours = desk.fake.get(object, id).accepted.filter((one) => one.field === field);
  if (how === 'put-back') desk.fake.edit(object, id, field, ours.at(-1)?.value ?? null);
  else desk.fake.edit(object, id, field, how === 'empty' ? null : `rep ${unique(field)}`);
}

/** Every place where we wrote over something that a person had left there. */
function findOverwritten(found: FakeRecord): unknown[] {
  const wrongs: unknown[] = [];
  const last = new Map<FieldKey, { by: 'us' | 'rep'; ours: FieldValue }>();
  for (const { by, field, from, to } of found.history) {
    const known = last.get(field) ?? { by: 'us', ours: null };
    if (by === 'us' && known.by === 'rep' && from !== known.ours) wrongs.push({ field, from, to });
    last.set(field, { by, ours: by === 'us' ? to : known.ours });
  }
  return wrongs;
}

const findRepeated = (found: FakeRecord): unknown[] => found.accepted.filter((one) => one.value === one.held);

async function settleAll(desk: Desk): Promise<void> {
  desk.fake.at = () => undefined;
  for (let tries = 0; tries < 10; tries += 1) {
    const { waiting, stopped } = await desk.flush({ leaseMs: LEASE_MS });
    assert.equal(stopped, null);
    if (waiting === 0) return;
  }
  assert.fail('something stays open for ever');
}

/** Plays the moves to the end. Returns what was wanted last, by record and field. */
async function play(desk: Desk, steps: readonly Move[]): Promise<Map<string, FieldValue>> {
  const wanted = new Map<string, FieldValue>();
  const object = desk.fake.crm.kind === 'salesforce' ? 'Account' : 'company';
  for (const id of RECORDS) desk.fake.add(object, id);
  const runs: string[] = [];
  for (const step of steps) {
    if (step.type === 'edit') act(desk, step);
    else if (step.type === 'run') {
      const desired: FieldValues = Object.fromEntries(step.fields.map((field) => [field, unique(field)]));
      for (const id of step.records)
        for (const field of step.fields) wanted.set(`${id}/${field}`, desired[field] ?? null);
      runs.push(
        await desk.plan({ ...desired, scoredAt: new Date(serial * 1000).toISOString() }, step.records),
      );
    } else if (step.type === 'undo') {
      const chosen = runs[step.which % Math.max(1, runs.length)];
      const { db, workspaceId } = desk;
      if (chosen === undefined) continue;
      await db.inWorkspace(workspaceId, (tx) =>
        tx.query(`update runs set state = 'done' where id = $1`, [chosen]),
      );
      await planUndo(db, { workspaceId, runId: chosen }).catch((error: unknown) => {
        if (!/nothing to undo|on their way/.test(String(error))) throw error;
      });
    } else {
      const waiting = [...step.meanwhile];
      const process = startProcess(desk.db, desk.fake, step.diesAt, (at) => {
        const [next] = waiting;
        if (next === undefined || at < next.step) return;
        waiting.shift();
        act(desk, next.edit);
      });
      await desk.flush({ db: process.db, leaseMs: LEASE_MS }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
    }
  }
  await settleAll(desk);
  return wanted;
}

test('whatever runs, reps, kills and undos do, no person’s value is overwritten and no value is sent twice', async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (steps) => {
      const desk = await openDesk(here.db, 'salesforce');
      const wanted = await play(desk, steps);

      for (const found of desk.fake.all()) {
        assert.deepEqual(findOverwritten(found), []);
        assert.deepEqual(findRepeated(found), []);
        // Where no person touched the record and nothing was undone, what was wanted last has arrived.
        const untouched = found.history.every((change) => change.by === 'us');
        for (const field of untouched && steps.every((step) => step.type !== 'undo') ? FIELDS_USED : [])
          assert.ok(
            couldHaveBecome(field, wanted.get(`${found.externalId}/${field}`) ?? null, found.values[field]),
            `${found.externalId} ${field} holds ${found.values[field]}`,
          );
      }
    }),
    { numRuns: 80, interruptAfterTimeLimit: 60_000 },
  );
});

test('on a CRM without conditional writes the same holds for edits that are no race', async () => {
  const calm = moves.map((steps) =>
    steps.map((step) => (step.type === 'flush' ? { ...step, diesAt: 0, meanwhile: [] } : step)),
  );
  await fc.assert(
    fc.asyncProperty(calm, async (steps) => {
      const desk = await openDesk(here.db, 'hubspot');
      await play(desk, steps);

      for (const found of desk.fake.all()) {
        assert.deepEqual(findOverwritten(found), []);
        assert.deepEqual(findRepeated(found), []);
      }
    }),
    { numRuns: 30, interruptAfterTimeLimit: 30_000 },
  );
});

test('on a CRM without conditional writes the value that a person typed last stands in the end, whatever the race', async () => {
  const living = moves.map((steps) =>
    steps.map((step) => (step.type === 'flush' ? { ...step, diesAt: 0 } : step)),
  );
  await fc.assert(
    fc.asyncProperty(living, async (steps) => {
      const desk = await openDesk(here.db, 'hubspot');
      await play(desk, steps);

      for (const found of desk.fake.all())
        for (const field of EDITABLE) {
          const edit = found.history.findLast((change) => change.field === field && change.by === 'rep');
          // What a rep types begins with "rep"; anything else is one of our values put back.
          const typed = String(edit?.to).startsWith('rep ');
          if (typed) assert.equal(found.values[field], edit?.to);
        }
    }),
    { numRuns: 50, interruptAfterTimeLimit: 30_000 },
  );
});

test('killed at every single step of a flush, each value lands exactly once', async () => {
  for (const kind of ['salesforce', 'hubspot'] as const) {
    const object = kind === 'salesforce' ? 'Account' : 'company';
    for (let diesAt = 1; ; diesAt += 1) {
      const desk = await openDesk(here.db, kind);
      for (const id of RECORDS) desk.fake.add(object, id);
      await desk.plan({ score: 61.239, pitch: 'Hello ', band: 'B' }, RECORDS);
      const process = startProcess(desk.db, desk.fake, diesAt);
      await desk.flush({ db: process.db, leaseMs: LEASE_MS }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      await settleAll(desk);

      for (const found of desk.fake.all()) {
        assert.equal(found.accepted.length, 3, `${kind} killed at step ${diesAt}`);
        assert.deepEqual(found.values, { score: 61.24, pitch: 'Hello', band: 'B' });
      }
      const writes = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
        listCompanyWrites(tx, desk.companyId, 100),
      );
      assert.deepEqual([...new Set(writes.map((write) => write.state))], ['applied']);
      if (!process.isDead()) break;
    }
  }
});
