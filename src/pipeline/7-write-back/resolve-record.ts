import type { CurrentRecord } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { UnresolvedWrite } from '../store/writes-outbox.ts';
import type { WriteRules } from './decide-record.ts';
import { resolveWrite } from './decide.ts';
import { explainGone, wordFor } from './explain-refusal.ts';
import type { Reading } from './flush-read.ts';
import { couldHaveBecome, sameValue } from './same-value.ts';

/** What became of one field whose call never told. */
export type Fate =
  | { fate: 'landed'; present: FieldValue }
  | { fate: 'not-landed' }
  /** The CRM may still be at work on the call. */
  | { fate: 'open' }
  /** Only a person can tell: what the record holds stays. */
  | { fate: 'unclear'; present: FieldValue }
  | { fate: 'rejected'; reason: string };

const SECOND_MS = 1_000;

/**
 * What became of the fields of one record that went out in one call and were never heard of, by what the record holds now: one
 * answer per row, in their order. While the call may still land, only a value that is there tells anything; but a call that went out
 * on a condition can do nothing any more once the record was changed later than that. Pure.
 */
export function resolveRecord(
  rows: readonly UnresolvedWrite[],
  reading: Reading | undefined,
  { peopleMayEdit }: Pick<WriteRules, 'peopleMayEdit'>,
): Fate[] {
  const current = reading !== undefined && 'current' in reading ? reading.current : null;
  const values = current?.values ?? null;
  if (current === null || values === null) {
    const reason = explainUnread(reading);
    return rows.map((row) =>
      row.mayStillLand ? { fate: 'open' } : { fate: 'rejected', reason: wordFor(row, reason) },
    );
  }
  const missed = rows.some((row) => {
    const present = values[row.field] ?? null;
    return !peopleMayEdit(row.object, row.field) && isUntouched(row, present);
  });
  return rows.map((row): Fate => {
    const present = values[row.field] ?? null;
    const resolution = resolveWrite({
      field: row.field,
      sent: row.newValue,
      before: row.oldValue,
      present,
      peopleMayEdit: peopleMayEdit(row.object, row.field),
      moved: current.modifiedAt !== null && hasMoved(row, current.modifiedAt),
      missed,
    });
    if (resolution === 'landed') return { fate: 'landed', present };
    if (row.mayStillLand && !isRefusedByNow(row, current)) return { fate: 'open' };
    return resolution === 'not-landed' ? { fate: 'not-landed' } : { fate: 'unclear', present };
  });
}

/** A record takes all fields of a call or none: where one is as it was that nobody else may edit, none was taken. */
function isUntouched({ field, newValue, oldValue }: UnresolvedWrite, present: FieldValue): boolean {
  return sameValue(field, oldValue, present) && !couldHaveBecome(field, newValue, present);
}

function hasMoved({ baseModifiedAt }: UnresolvedWrite, modifiedAt: string): boolean {
  return baseModifiedAt !== null && Date.parse(modifiedAt) !== baseModifiedAt.getTime();
}

/** The platform compares whole seconds. */
function isRefusedByNow({ conditional, baseModifiedAt }: UnresolvedWrite, current: CurrentRecord): boolean {
  if (!conditional || baseModifiedAt === null || current.modifiedAt === null) return false;
  const second = (at: number): number => Math.floor(at / SECOND_MS);
  return second(Date.parse(current.modifiedAt)) > second(baseModifiedAt.getTime());
}

function explainUnread(reading: Reading | undefined): string {
  if (reading === undefined) return 'The CRM said nothing of this record';
  return 'refused' in reading ? reading.refused : explainGone(reading.current.unwritable ?? '');
}
