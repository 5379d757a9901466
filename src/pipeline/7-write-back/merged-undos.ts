import type { CrmObject } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import { findLedgers, recordKey } from '../store/writes-ledger.ts';
import { listRunFields, listUndoneWrites, listValuesSince } from '../store/writes-merged.ts';
import type { Write } from '../store/writes.ts';
import { readRecords } from './flush-read.ts';
import type { Reading } from './flush-read.ts';
import type { FlushSession } from './flush-session.ts';
import { judgeMerged } from './judge-merged.ts';
import type { MergedUndo, MergedVerdict, SurvivorField } from './judge-merged.ts';
import { findLastSurvivors } from './last-survivors.ts';
import type { LastSurvivor } from './last-survivors.ts';
import { readVersions } from './lost-races.ts';

type Session = Pick<FlushSession, 'connectionId' | 'crm' | 'call' | 'inTx'>;

export type JudgedUndo = {
  row: Write;
  /** The record that its own was merged into, and what the field holds there. */
  survivorId: string;
  present: FieldValue;
  verdict: MergedVerdict;
};

type Moved = LastSurvivor & { row: Write; runId: string; undoes: number };

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
    const survivor = survivors.get(one.row.externalId);
    return survivor === undefined ? [] : [{ ...one, ...survivor }];
  });
  if (moved.length === 0) return [];
  const { undone, since, fieldOf } = await readSurvivors(session, object, moved);
  const groups = Map.groupBy(moved, ({ row, runId, survivorId }) => `${runId} ${survivorId} ${row.field}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const survivor = first === undefined ? null : fieldOf(first);
    if (survivor === null) return [];
    const undos = group.flatMap(({ row, undoes }): MergedUndo[] => {
      const { id, externalId, field, newValue: value } = row;
      const write = undone.get(undoes);
      if (write === undefined) return [];
      return [{ id, externalId, field, value, undone: write, since: since.get(undoes) ?? [] }];
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
  const at = ({ row, runId }: Moved, externalId: string) => ({ runId, connectionId, object, externalId, field: row.field }); // prettier-ignore
  const asked = moved.map((one) => at(one, one.survivorId));
  const beside = moved.flatMap((one) => one.mergedIds.map((id) => at(one, id)));
  const history = crm.history && (await readVersions({ call }, crm.history, object, asked, 'read'));
  const { ledgers, undone, since, own } = await inTx(async (tx) => ({
    ledgers: await findLedgers(tx, [...asked, ...beside]),
    undone: await listUndoneWrites(tx, moved.map(({ undoes }) => undoes)), // prettier-ignore
    since: await listValuesSince(tx, moved),
    own: await listRunFields(tx, [...asked, ...beside]),
  }));
  const ledgerOf = (externalId: string) => ledgers.get(recordKey({ connectionId, object, externalId }));
  const fieldOf = ({
    row: { field },
    runId,
    survivorId: externalId,
    mergedIds,
  }: Moved): SurvivorField | null => {
    const reading = readings.get(externalId);
    const values = reading !== undefined && 'current' in reading ? reading.current.values : null;
    const versions = history?.versions.get(externalId)?.[field];
    if (values === null || (history !== undefined && versions === undefined)) return null;
    return {
      externalId,
      present: values[field] ?? null,
      ledger: ledgerOf(externalId)?.[field],
      beside: mergedIds.flatMap((id) => {
        const written = own.has(`${runId} ${id} ${field}`) ? undefined : ledgerOf(id)?.[field]?.written;
        return written === undefined ? [] : [{ externalId: id, written }];
      }),
      hasOwnUndo: own.has(`${runId} ${externalId} ${field}`),
      versions: versions ?? null,
    };
  };
  return { undone, since, fieldOf };
}
