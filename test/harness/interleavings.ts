import assert from 'node:assert/strict';
import type { CrmObject, FieldValues } from '../../src/connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../src/connectors/crm-fields.ts';
import type { Database } from '../../src/db.ts';
import { couldHaveBecome, sameValue } from '../../src/pipeline/7-write-back/same-value.ts';
import { planPortions } from '../../src/pipeline/7-write-back/plan-portions.ts';
import { beginUndo, planUndo } from '../../src/pipeline/7-write-back/undo.ts';
import { changeRunState, listRuns } from '../../src/pipeline/store/runs.ts';
import { listUndoable } from '../../src/pipeline/store/writes-undo.ts';
import { listWrites } from '../../src/pipeline/store/writes-list.ts';
import { FIELDS_USED } from './interleaving-moves.ts';
import type { Act, Move } from './interleaving-moves.ts';
import { Killed, startProcess } from './killable.ts';
import type { Desk } from './write-back.ts';

/** One change of one of our fields, as the CRM's own history has it. */
export type Change = { by: 'us' | 'rep'; field: FieldKey; from: FieldValue; to: FieldValue };

/** What happened to one record, and what it holds. */
export type Trace = {
  externalId: string;
  /** Ids of records that were merged into this one. */
  formerIds: readonly string[];
  values: FieldValues;
  /** Oldest first. */
  changes: Change[];
  /** Values of ours that the CRM took and that it held already. */
  repeated: number;
  /** Did anybody else save the record, even without changing anything? Also: merge, delete or restore it. */
  touched: boolean;
  /** It was deleted at some time, so that nothing could be put back into it. */
  wasAway: boolean;
};

/** A CRM whose records reps edit while we write to them. */
export type Stage = {
  desk: Desk;
  object: CrmObject;
  /** As they were made, by place. */
  ids: readonly string[];
  /** The record of that place, as we know it; null: we know that it is gone. */
  known(place: number): string | null;
  /** The same, as people see it. */
  seen(place: number): string | null;
  /** Fields that people may edit there. */
  editable: readonly FieldKey[];
  edit(id: string, field: FieldKey, value: FieldValue): Promise<void> | void;
  /** Whole records; a CRM in memory has none of it. */
  upheavals?: {
    merge(kept: string, away: string): Promise<void>;
    remove(id: string): Promise<void>;
    restore(place: number): Promise<void>;
    /** We are told of every record that was merged or deleted. */
    learn(): Promise<void>;
  };
  /** What the CRM took from us last for that field; null: nothing yet. */
  lastOurs(id: string, field: FieldKey): Promise<FieldValue> | FieldValue;
  /** Time passes in the CRM, too, now that nobody acts any more: no record's last second keeps a value waiting. */
  passTime?(): void;
  /** Calls `act` at every moment of every call from now on; what it throws is all that the caller hears. */
  listen(act: () => Promise<void> | void): void;
  trace(): Promise<Trace[]> | Trace[];
};

// As the product has it: far longer than any call here, on a busy machine too.
const LEASE_MS = 30_000;
let serial = 0;
const unique = (field: FieldKey): FieldValue => {
  serial += 1;
  return field === 'score' ? (serial % 9000) / 97 : `${field} ${serial}\r\n`;
};

async function act(stage: Stage, what: Act, typed: FieldValue[]): Promise<void> {
  const { upheavals } = stage;
  if (what.type === 'merge') {
    const [kept, away] = [stage.seen(what.kept), stage.seen(what.away)];
    if (kept !== null && away !== null && kept !== away) await upheavals?.merge(kept, away);
    return;
  }
  if (what.type === 'restore') return upheavals?.restore(what.record);
  const id = stage.seen(what.record);
  if (id === null) return;
  if (what.type === 'remove') return upheavals?.remove(id);
  const field = stage.editable[what.field % stage.editable.length];
  assert.ok(field !== undefined);
  const value = await chooseValue(stage, what.how, { id, field });
  typed.push(value);
  await stage.edit(id, field, value);
}

async function chooseValue(
  stage: Stage,
  how: 'type' | 'empty' | 'put-back',
  { id, field }: { id: string; field: FieldKey },
): Promise<FieldValue> {
  if (how === 'put-back') return stage.lastOurs(id, field);
  if (how === 'empty') return null;
  return field === 'score' ? unique(field) : `rep ${String(unique(field)).trim()}`;
}

export type Played = {
  /** What was wanted last, by record and field. */
  wanted: ReadonlyMap<string, FieldValue>;
  /** What people left in any field. */
  typed: readonly FieldValue[];
  kills: number;
  /** Undos that were planned to their end. */
  undone: number;
};

/** Plays the moves, then lets everything that is open come to its end. */
export async function play(stage: Stage, moves: readonly Move[]): Promise<Played> {
  const { desk } = stage;
  const wanted = new Map<string, FieldValue>();
  const typed: FieldValue[] = [];
  const runs: string[] = [];
  const begun: Begun = new Map();
  let kills = 0;
  for (const move of moves) {
    if (move.type === 'learn') {
      // A process that lives looks at them.
      stage.listen(() => undefined);
      await stage.upheavals?.learn();
    } else if (move.type === 'run') {
      const ids = [...new Set(move.records.flatMap((place) => stage.known(place) ?? []))];
      const desired: FieldValues = Object.fromEntries(move.fields.map((field) => [field, unique(field)]));
      for (const id of ids)
        for (const field of move.fields) wanted.set(`${id}/${field}`, desired[field] ?? null);
      runs.push(await desk.plan({ ...desired, scoredAt: new Date(serial * 1000).toISOString() }, ids));
    } else if (move.type === 'undo')
      await undoOne(desk, runs[move.which % Math.max(1, runs.length)], move.how, begun);
    else if (move.type !== 'flush') await act(stage, move, typed);
    else if (await flushOnce(stage, move, typed)) kills += 1;
  }
  await endUndos(desk, begun);
  await settleAll(stage);
  const all = await desk.db.inWorkspace(desk.workspaceId, (tx) => listRuns(tx, 100));
  return { wanted, typed, kills, undone: all.filter(({ kind, state }) => kind === 'undo' && state !== 'cancelled').length }; // prettier-ignore
}

/** Undos that are still being planned, and what becomes of them. */
type Begun = Map<string, 'begun' | 'cancelled'>;

async function undoOne(
  { db, workspaceId }: Desk,
  runId: string | undefined,
  how: 'whole' | 'begun' | 'cancelled',
  begun: Begun,
): Promise<void> {
  if (runId === undefined) return;
  await db.inWorkspace(workspaceId, (tx) =>
    tx.query(`update runs set state = 'done' where id = $1`, [runId]),
  );
  // In one full portion, all of it is planned, and it does not know that yet.
  const begin = (): ReturnType<typeof beginUndo> =>
    db.inWorkspace(workspaceId, async (tx) => {
      const fields = await listUndoable(tx, runId, { behind: 0, limit: 1_000 });
      return beginUndo(tx, { workspaceId, runId, portion: Math.max(1, fields.length) });
    });
  const doing = how === 'whole' ? planUndo(db, { workspaceId, runId, portion: 1 }) : begin();
  await doing.then(
    ({ run, begunHere }) => {
      if (how !== 'whole' && begunHere) begun.set(run.id, how);
    },
    (error: unknown) => {
      if (!/nothing to undo|on their way/.test(String(error))) throw error;
    },
  );
}

async function endUndos({ db, workspaceId }: Desk, begun: Begun): Promise<void> {
  for (const [runId, how] of begun)
    if (how === 'begun') await planPortions(db, { workspaceId, runId, portion: 1 });
    else await db.inWorkspace(workspaceId, (tx) => changeRunState(tx, runId, 'cancelled'));
}

/** True when the process was killed in it. */
async function flushOnce(
  stage: Stage,
  move: Extract<Move, { type: 'flush' }>,
  typed: FieldValue[],
): Promise<boolean> {
  const waiting = move.meanwhile.toSorted((one, other) => one.moment - other.moment);
  const process = startProcess(stage.desk.db, stage.listen, move.diesAt, async (moment) => {
    for (let next = waiting[0]; next !== undefined && next.moment <= moment; next = waiting[0]) {
      waiting.shift();
      await act(stage, next.act, typed);
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
    stage.passTime?.();
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
    const ids = [trace.externalId, ...trace.formerIds];
    const writes = all.filter(({ externalId }) => ids.includes(externalId));
    // A field that an undo emptied is free again, also when a person empties it in the very moment; what we put back empty (of no run) is theirs.
    const isFree = (field: FieldKey, value: FieldValue): boolean =>
      value === null &&
      writes.some(
        (write) =>
          write.field === field &&
          write.undoes !== null &&
          write.runId !== null &&
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
      if (!trace.wasAway && !isFree(field, value))
        assert.equal(trace.values[field] ?? null, value, `${trace.externalId} ${field}`);
  }
}

/** Where no person touched the record and nothing was undone, what was wanted last has arrived: also after undos that were cancelled. */
export function assertArrived(traces: readonly Trace[], { wanted, undone }: Played): void {
  if (undone > 0) return;
  for (const { externalId, touched, values } of traces)
    for (const field of touched ? [] : FIELDS_USED)
      assert.ok(
        couldHaveBecome(field, wanted.get(`${externalId}/${field}`) ?? null, values[field]),
        `${externalId} ${field} holds ${values[field]}`,
      );
}
