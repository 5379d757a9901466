import type { FieldVersion } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { FieldLedger } from '../store/writes-ledger.ts';
import type { UndoneWrite } from '../store/writes-merged.ts';
import { couldHaveBecome, isEmpty, sameValue } from './same-value.ts';

/** A value that an undo wants to put back into a record which was merged away. */
export type MergedUndo = {
  id: number;
  /** The record that is gone. */
  externalId: string;
  field: FieldKey;
  /** What goes back. */
  value: FieldValue;
  /** The write that is undone. */
  undone: UndoneWrite;
  /** All that this write, later ones to the same field and what was put back after them left there. */
  since: readonly FieldValue[];
};

/** What is known of that field on the record that all of them were merged into. */
export type SurvivorField = {
  externalId: string;
  present: FieldValue;
  ledger: FieldLedger | undefined;
  /** What stands of ours on other records that the survivor may go on with, and that this undo has nothing for. */
  beside: readonly { externalId: string; written: UndoneWrite }[];
  /** The same undo has a value of its own for it. */
  hasOwnUndo: boolean;
  /** What the field holds and held before, newest first; null: the platform keeps no history. */
  versions: readonly FieldVersion[] | null;
};

export type MergedVerdict =
  | { follows: true }
  | { follows: false; state: 'skipped' | 'conflicted'; reason: string };

/**
 * Which values of an undo go to the survivor of a merge, by id: one at the most, and only where the field holds there what the run
 * wrote to the other record. Everything else stays as it is, and says why. Pure.
 */
export function judgeMerged(
  undos: readonly MergedUndo[],
  survivor: SurvivorField,
): Map<number, MergedVerdict> {
  const { externalId: into, versions } = survivor;
  const verdicts = new Map<number, MergedVerdict>();
  const fitting: MergedUndo[] = [];
  for (const undo of undos) {
    const because = whyNot(undo, survivor);
    if (because === null) fitting.push(undo);
    else verdicts.set(undo.id, { follows: false, ...because });
  }
  const [first] = fitting;
  if (first === undefined) return verdicts;
  if (fitting.some(({ field, value }) => !sameValue(field, value, first.value))) {
    for (const { id } of fitting) verdicts.set(id, conflict(`Several records that this undo puts back were merged into ${into}, and nobody can tell whose value stood there before; it stays as it is`)); // prettier-ignore
    return verdicts;
  }
  const chosen = fitting.find((undo) => versions !== null && isItsHistory(undo, versions)) ?? first;
  for (const { id } of undos)
    verdicts.set(
      id,
      id === chosen.id
        ? { follows: true }
        : skip(`Merged into ${into}, where this undo puts back what another record of that merge held`),
    );
  return verdicts;
}

/** Why this one may not go there at all; null: it may. */
function whyNot(
  undo: MergedUndo,
  { externalId: into, present, ledger, beside, hasOwnUndo, versions }: SurvivorField,
): { state: 'skipped' | 'conflicted'; reason: string } | null {
  const { field, undone } = undo;
  const written = ledger?.written;
  if (hasOwnUndo) return skip(`Merged into ${into}, for which this undo has a value of its own`);
  if (ledger?.open !== undefined && ledger.open.undoes !== null)
    return conflict(`Merged into ${into}, where another value is being put back at the moment; it stays`);
  if (written !== undefined && written.id > undone.id)
    return conflict(`Merged into ${into}, where a later run wrote this field; its value stays`);
  if (written !== undefined && isHeld(field, written, present))
    return skip(`Merged into ${into}, which holds what another run wrote there; it stays`);
  const other = beside.find(
    (one) => one.externalId !== undo.externalId && isHeld(field, one.written, present),
  );
  if (other !== undefined)
    return skip(`Merged into ${into}, which holds what another run wrote to ${other.externalId}, now the same record; it stays`); // prettier-ignore
  if (!isHeld(field, undone, present))
    return conflict(`Merged into ${into}, where the field does not hold what we wrote; it stays as it is`);
  if (versions !== null && !isItsHistory(undo, versions))
    return conflict(`Merged into ${into}, which goes on with the other record's values; they stay`);
  return null;
}

/** An empty field says nothing of whose it is. */
function isHeld(field: FieldKey, { value, returned, readBack }: UndoneWrite, present: FieldValue): boolean {
  if (isEmpty(field, present)) return false;
  return readBack ? sameValue(field, returned, present) : couldHaveBecome(field, value, present);
}

/** The survivor goes on with the history of this record: our write stands in it, and what it fell on. */
function isItsHistory(
  { field, value, undone, since }: MergedUndo,
  versions: readonly FieldVersion[],
): boolean {
  // The very same value, typed by a person into the other record, is theirs.
  const byNobody = ({ by }: FieldVersion): boolean => (by?.userId ?? null) === null;
  if (!versions.some((held) => byNobody(held) && isHeld(field, undone, held.value))) return false;
  if (versions.slice(1).some((held) => sameValue(field, held.value, value))) return true;
  // A field that was never set has no version that says so: before ours there is none, or an empty one.
  const isOurs = (held: FieldVersion): boolean =>
    byNobody(held) && since.some((known) => sameValue(field, known, held.value));
  const before = versions.slice(1).find((held) => !isOurs(held));
  return isEmpty(field, value) && isEmpty(field, before?.value ?? null);
}

const skip = (reason: string) => ({ follows: false as const, state: 'skipped' as const, reason });
const conflict = (reason: string) => ({ follows: false as const, state: 'conflicted' as const, reason });
