import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import { findLedgers, recordKey } from '../store/writes-ledger.ts';
import { listRunFields, listUndoneWrites } from '../store/writes-merged.ts';
import type { Write } from '../store/writes.ts';
import { readRecords } from './flush-read.ts';
import type { Reading } from './flush-read.ts';
import type { FlushSession } from './flush-session.ts';
import { judgeMerged } from './judge-merged.ts';
import type { MergedUndo, MergedVerdict, SurvivorField } from './judge-merged.ts';
import { findLastSurvivors } from './last-survivors.ts';
import { readVersions } from './lost-races.ts';

type Session = Pick<FlushSession, 'connectionId' | 'crm' | 'call' | 'inTx'>;

export type JudgedUndo = {
  row: Write;
  /** The record that its own was merged into, and what the field holds there. */
  survivorId: string;
  present: FieldValue;
  verdict: MergedVerdict;
};

type Moved = { row: Write; runId: string; undoes: number; survivorId: string };

/**
 * What becomes of an undo's values whose records are gone, by the records that these were merged into. Rows of which nothing can be
 * told (deleted, converted, a survivor that is gone or can't be read) have no verdict.
 */
export async function judgeMergedUndos(
  session: Session,
  object: CrmObject,
  rows: readonly Write[],
  readings: ReadonlyMap<string, Reading>,
): Promise<JudgedUndo[]> {
  const gone = rows.flatMap((row) => {
    const { runId, undoes, externalId } = row;
    const reading = readings.get(externalId);
    const isGone = reading !== undefined && 'current' in reading && reading.current.values === null;
    return isGone && runId !== null && undoes !== null ? [{ row, runId, undoes }] : [];
  });
  if (gone.length === 0) return [];
  const ids = gone.map(({ row }) => row.externalId);
  const survivors = await findLastSurvivors(session, object, ids);
  const moved = gone.flatMap((one): Moved[] => {
    const survivorId = survivors.get(one.row.externalId);
    return survivorId === undefined ? [] : [{ ...one, survivorId }];
  });
  if (moved.length === 0) return [];
  const { undone, fieldOf } = await readSurvivors(session, object, moved);
  const groups = Map.groupBy(moved, ({ row, runId, survivorId }) => `${runId} ${survivorId} ${row.field}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const survivor = first === undefined ? null : fieldOf(first);
    if (survivor === null) return [];
    const undos = group.flatMap(({ row, undoes }): MergedUndo[] => {
      const { id, externalId, field, newValue: value } = row;
      const write = undone.get(undoes);
      return write === undefined ? [] : [{ id, externalId, field, value, undone: write }];
    });
    const verdicts = judgeMerged(undos, survivor);
    return group.flatMap(({ row, survivorId }): JudgedUndo[] => {
      const verdict = verdicts.get(row.id);
      return verdict === undefined ? [] : [{ row, survivorId, present: survivor.present, verdict }];
    });
  });
}

/** What the survivors hold, and what we know of it; null for a field of one that is gone or can't be read. */
async function readSurvivors(
  { connectionId, crm, call, inTx }: Session,
  object: CrmObject,
  moved: readonly Moved[],
) {
  const ids = [...new Set(moved.map(({ survivorId }) => survivorId))];
  const readings = await readRecords({ crm, call }, object, ids, 'read');
  const asked = moved.map(({ row, runId, survivorId }) => ({
    runId,
    connectionId,
    object,
    externalId: survivorId,
    field: row.field,
  }));
  const history = crm.history && (await readVersions({ call }, crm.history, object, asked, 'read'));
  const addresses = ids.map((externalId) => ({ connectionId, object, externalId }));
  const { ledgers, undone, own } = await inTx(async (tx) => ({
    ledgers: await findLedgers(tx, addresses),
    undone: await listUndoneWrites(tx, moved.map(({ undoes }) => undoes)), // prettier-ignore
    own: await listRunFields(tx, asked),
  }));
  const fieldOf = ({ row: { field }, runId, survivorId: externalId }: Moved): SurvivorField | null => {
    const reading = readings.get(externalId);
    const values = reading !== undefined && 'current' in reading ? reading.current.values : null;
    const versions = history?.versions.get(externalId)?.[field];
    if (values === null || (history !== undefined && versions === undefined)) return null;
    return {
      externalId,
      present: values[field] ?? null,
      ledger: ledgers.get(recordKey({ connectionId, object, externalId }))?.[field],
      hasOwnUndo: own.has(`${runId} ${externalId} ${field}`),
      older: versions === undefined ? null : versions.slice(1).map(({ value }) => value),
    };
  };
  return { undone, fieldOf };
}
