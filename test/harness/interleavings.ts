import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CrmObject, FieldValues } from '../../src/connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../src/connectors/crm-fields.ts';
import type { Database } from '../../src/db.ts';
import { couldHaveBecome, sameValue } from '../../src/pipeline/7-write-back/same-value.ts';
import { planUndo } from '../../src/pipeline/7-write-back/undo.ts';
import { listWrites } from '../../src/pipeline/store/writes-list.ts';
import { Killed, startProcess } from './killable.ts';
import type { Desk } from './write-back.ts';

/** One change of one of our fields, as the CRM's own history has it. */
export type Change = { by: 'us' | 'rep'; field: FieldKey; from: FieldValue; to: FieldValue };

/** What happened to one record, and what it holds. */
export type Trace = {
  externalId: string;
  values: FieldValues;
  /** Oldest first. */
  changes: Change[];
  /** Values of ours that the CRM took and that it held already. */
  repeated: number;
  /** Did anybody else save the record, even without changing anything? */
  touched: boolean;
};

/** A CRM whose records reps edit while we write to them. */
export type Stage = {
  desk: Desk;
  object: CrmObject;
  ids: readonly string[];
  /** Fields that people may edit there. */
  editable: readonly FieldKey[];
  edit(id: string, field: FieldKey, value: FieldValue): Promise<void> | void;
  /** What the CRM took from us last for that field; null: nothing yet. */
  lastOurs(id: string, field: FieldKey): Promise<FieldValue> | FieldValue;
  /** Calls `act` at every moment of every call from now on; what it throws is all that the caller hears. */
  listen(act: () => Promise<void> | void): void;
  trace(): Promise<Trace[]> | Trace[];
};

// As the product has it: far longer than any call here, on a busy machine too.
const LEASE_MS = 30_000;
const RECORDS = 3;
const FIELDS_USED: readonly FieldKey[] = ['score', 'why', 'pitch', 'personas'];
const EVER_EDITABLE: readonly FieldKey[] = ['pitch', 'personas'];

const record = fc.nat({ max: RECORDS - 1 });
const edit = fc.record({
  type: fc.constant('edit' as const),
  record,
  field: fc.nat({ max: 9 }),
  how: fc.constantFrom('type', 'empty', 'put-back'),
});
const run = fc.record({
  type: fc.constant('run' as const),
  records: fc.uniqueArray(record, { minLength: 1 }),
  fields: fc.uniqueArray(fc.constantFrom(...FIELDS_USED), { minLength: 1 }),
});
const undo = fc.record({ type: fc.constant('undo' as const), which: fc.nat({ max: 9 }) });

// Calls have two moments each; a flush of few records makes four or five calls.
const MOMENTS = 10;

/** Sequences of runs, edits, undos and flushes; a flush dies at a step of `steps`, or never at 0, with edits in its middle. */
export function createMoves(options: { steps: number; kills: boolean; races: boolean }) {
  const flush = fc.record({
    type: fc.constant('flush' as const),
    diesAt: options.kills
      ? fc.oneof(fc.constant(0), fc.integer({ min: 1, max: options.steps }))
      : fc.constant(0),
    /** A worker elsewhere flushes the same connection at the same time. */
    rival: fc.boolean(),
    meanwhile: fc.array(fc.record({ moment: fc.nat({ max: MOMENTS }), edit }), {
      maxLength: options.races ? 3 : 0,
    }),
  });
  return fc.array(fc.oneof({ arbitrary: flush, weight: 3 }, { arbitrary: run, weight: 3 }, edit, undo), {
    minLength: 3,
    maxLength: 12,
  });
}
export type Move = ReturnType<typeof createMoves> extends fc.Arbitrary<(infer One)[]> ? One : never;
type Edit = Extract<Move, { type: 'edit' }>;

let serial = 0;
const unique = (field: FieldKey): FieldValue => {
  serial += 1;
  return field === 'score' ? (serial % 9000) / 97 : `${field} ${serial}\r\n`;
};

async function act(stage: Stage, { record: index, field: which, how }: Edit): Promise<void> {
  const [id, field] = [stage.ids[index], stage.editable[which % stage.editable.length]];
  assert.ok(id !== undefined && field !== undefined);
  if (how === 'put-back') await stage.edit(id, field, await stage.lastOurs(id, field));
  else if (how === 'empty') await stage.edit(id, field, null);
  else await stage.edit(id, field, field === 'score' ? unique(field) : `rep ${String(unique(field)).trim()}`);
}

export type Played = {
  /** What was wanted last, by record and field. */
  wanted: ReadonlyMap<string, FieldValue>;
  kills: number;
};

/** Plays the moves, then lets everything that is open come to its end. */
export async function play(stage: Stage, moves: readonly Move[]): Promise<Played> {
  const { desk } = stage;
  const wanted = new Map<string, FieldValue>();
  const runs: string[] = [];
  let kills = 0;
  for (const move of moves) {
    if (move.type === 'edit') await act(stage, move);
    else if (move.type === 'run') {
      const ids = move.records.flatMap((index) => stage.ids[index] ?? []);
      const desired: FieldValues = Object.fromEntries(move.fields.map((field) => [field, unique(field)]));
      for (const id of ids)
        for (const field of move.fields) wanted.set(`${id}/${field}`, desired[field] ?? null);
      runs.push(await desk.plan({ ...desired, scoredAt: new Date(serial * 1000).toISOString() }, ids));
    } else if (move.type === 'undo') await undoOne(desk, runs[move.which % Math.max(1, runs.length)]);
    else if (await flushOnce(stage, move)) kills += 1;
  }
  await settleAll(stage);
  return { wanted, kills };
}

async function undoOne({ db, workspaceId }: Desk, runId: string | undefined): Promise<void> {
  if (runId === undefined) return;
  await db.inWorkspace(workspaceId, (tx) =>
    tx.query(`update runs set state = 'done' where id = $1`, [runId]),
  );
  await planUndo(db, { workspaceId, runId }).catch((error: unknown) => {
    if (!/nothing to undo|on their way/.test(String(error))) throw error;
  });
}

/** True when the process was killed in it. */
async function flushOnce(stage: Stage, move: Extract<Move, { type: 'flush' }>): Promise<boolean> {
  const waiting = move.meanwhile.toSorted((one, other) => one.moment - other.moment);
  const process = startProcess(stage.desk.db, stage.listen, move.diesAt, async (moment) => {
    for (let next = waiting[0]; next !== undefined && next.moment <= moment; next = waiting[0]) {
      waiting.shift();
      await act(stage, next.edit);
    }
  });
  const flush = async (db: Database): Promise<void> => {
    await stage.desk.flush({ db, leaseMs: LEASE_MS }).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
  };
  // They share the wire: the rival's calls are moments too, and it hears no answer any more once the other is dead.
  await Promise.all([flush(process.db), ...(move.rival ? [flush(stage.desk.db)] : [])]);
  if (process.isDead()) await stage.desk.passTime();
  return process.isDead();
}

async function settleAll(stage: Stage): Promise<void> {
  stage.listen(() => undefined);
  for (let tries = 0; tries < 10; tries += 1) {
    const { waiting, stopped, comeBackAt } = await stage.desk.flush({ leaseMs: LEASE_MS });
    assert.equal(stopped, null);
    if (waiting === 0 && comeBackAt === null) return;
    await stage.desk.passTime();
  }
  assert.fail('something stays open for ever');
}

/** Every place where we wrote over something that a person had left there. */
export function findOverwritten({ changes }: Trace): Change[] {
  const wrongs: Change[] = [];
  const last = new Map<FieldKey, { by: Change['by']; ours: FieldValue }>();
  for (const change of changes) {
    const { by, field, from, to } = change;
    const known = last.get(field) ?? { by: 'us', ours: null };
    if (by === 'us' && known.by === 'rep' && from !== known.ours) wrongs.push(change);
    last.set(field, { by, ours: by === 'us' ? to : known.ours });
  }
  return wrongs;
}

/** Values that must stand in the end: what a person left there last, unless it is ours, or empty and never was ours. */
function findStanding({ changes }: Trace, fields: readonly FieldKey[]): Map<FieldKey, FieldValue> {
  const standing = new Map<FieldKey, FieldValue>();
  for (const field of fields) {
    const ofField = changes.filter((change) => change.field === field);
    const at = ofField.findLastIndex((change) => change.by === 'rep');
    const last = ofField[at];
    if (last === undefined) continue;
    const ours = ofField.slice(0, at).flatMap((change) => (change.by === 'us' ? [change.to] : []));
    const isFree = ours.length === 0 && last.to === null;
    if (!isFree && !ours.includes(last.to)) standing.set(field, last.to);
  }
  return standing;
}

/**
 * Where no write can be conditional: every value of a person that we wrote over is kept as a conflict, and what they left
 * there last stands.
 */
export async function assertRepaired({ desk, editable }: Stage, traces: readonly Trace[]): Promise<void> {
  const all = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
    listWrites(tx, { companyId: desk.companyId }, { limit: 1_000, beforeId: null }),
  );
  for (const trace of traces) {
    const writes = all.filter(({ externalId }) => externalId === trace.externalId);
    // A field that an undo emptied is free again, also when a person empties it in the very moment.
    const isFree = (field: FieldKey, value: FieldValue): boolean =>
      value === null &&
      writes.some(
        (write) =>
          write.field === field &&
          write.undoes !== null &&
          write.state === 'applied' &&
          write.newValue === null,
      );
    for (const { field, from } of findOverwritten(trace))
      assert.ok(
        isFree(field, from) ||
          writes.some(
            (write) =>
              write.state === 'conflicted' && write.field === field && sameValue(field, write.oldValue, from),
          ),
        `${trace.externalId} ${field}: nobody heard that ${String(from)} was overwritten`,
      );
    for (const [field, value] of findStanding(trace, editable))
      if (!isFree(field, value))
        assert.equal(trace.values[field] ?? null, value, `${trace.externalId} ${field}`);
  }
}

/** Where no person touched the record and nothing was undone, what was wanted last has arrived. */
export function assertArrived(traces: readonly Trace[], moves: readonly Move[], { wanted }: Played): void {
  if (moves.some((move) => move.type === 'undo')) return;
  for (const { externalId, touched, values } of traces)
    for (const field of touched ? [] : FIELDS_USED)
      assert.ok(
        couldHaveBecome(field, wanted.get(`${externalId}/${field}`) ?? null, values[field]),
        `${externalId} ${field} holds ${values[field]}`,
      );
}

export { EVER_EDITABLE, FIELDS_USED, RECORDS };
