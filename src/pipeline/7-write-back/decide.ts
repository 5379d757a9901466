import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { FieldLedger } from '../store/writes-ledger.ts';
import type { FieldPolicy } from './field-policy.ts';
import { couldHaveBecome, isEmpty, sameValue } from './same-value.ts';

export type Decision =
  /** `over`: in place of what somebody put there, since the field's policy says so. */
  | { verdict: 'send'; over?: string }
  /** The CRM holds the value already. */
  | { verdict: 'skip'; reason: string }
  /** A person's value stands. */
  | { verdict: 'conflict'; reason: string };

export type Question = {
  field: FieldKey;
  wanted: FieldValue;
  /** What the CRM holds now. */
  present: FieldValue | undefined;
  /** What we know of the field, this write apart. */
  ledger: FieldLedger | undefined;
  policy: FieldPolicy;
  /** The write that this one puts back, if it does. */
  undoes: number | null;
};

/**
 * Whether a planned value may be sent, by what the CRM holds at this moment: only over what it returned after our last
 * write, or into an empty field that was never ours. Emptying a field of ours is an edit, too. Pure.
 */
export function decideWrite(question: Question): Decision {
  const { field, wanted, present, ledger, policy, undoes } = question;
  const written = ledger?.written;
  if (undoes !== null && written?.id !== undoes)
    return { verdict: 'conflict', reason: 'A later run wrote this field; its value stays' };
  if (sameValue(field, present, wanted))
    return { verdict: 'skip', reason: 'The CRM holds this value already' };
  if (undoes === null && policy === 'never')
    return { verdict: 'skip', reason: 'This field is set never to be written' };
  const ours =
    holdsInherited(field, present, ledger) || (written !== undefined && isOurs(field, written, present));
  if (undoes === null && policy === 'fill-if-empty' && (ours || !isEmpty(field, present)))
    return { verdict: 'skip', reason: 'The field is filled, and is set to be filled only when empty' };
  if (ours || isFree(field, present, ledger)) return { verdict: 'send' };
  if (undoes === null && policy === 'always')
    return {
      verdict: 'send',
      over: isEmpty(field, present)
        ? 'Fills what somebody emptied: the field is set to be written always'
        : `Takes the place of ${written === undefined ? 'a value that we never wrote' : 'what somebody put there after our last write'}: the field is set to be written always`,
    };
  if (written === undefined && !isEmpty(field, present))
    return { verdict: 'conflict', reason: 'The field holds a value that we never wrote; it stays' };
  return {
    verdict: 'conflict',
    reason: isEmpty(field, present)
      ? 'Somebody emptied the field after our last write; it stays empty'
      : 'Somebody changed the field after our last write; their value stays',
  };
}

/** It holds what we left on a record that became this one. */
export function holdsInherited(
  field: FieldKey,
  present: FieldValue | undefined,
  ledger: FieldLedger | undefined,
): boolean {
  const inherited = ledger?.inherited ?? [];
  return inherited.some(({ value }) => !isEmpty(field, value) && sameValue(field, value, present));
}

/** It is empty, and no value of ours was ever there: also not on a record that goes on as this one. */
export function isFree(
  field: FieldKey,
  present: FieldValue | undefined,
  ledger: FieldLedger | undefined,
): boolean {
  if (ledger?.written !== undefined || !isEmpty(field, present)) return false;
  return !(ledger?.inherited ?? []).some(({ value, goesOn }) => goesOn && !isEmpty(field, value));
}

function isOurs(
  field: FieldKey,
  written: NonNullable<FieldLedger['written']>,
  present: FieldValue | undefined,
): boolean {
  return written.readBack
    ? sameValue(field, written.returned, present)
    : couldHaveBecome(field, written.value, present);
}

export type Resolution = 'landed' | 'not-landed' | 'unclear';

/**
 * What became of a write whose call never told: by what the CRM holds now. `moved` is true when somebody changed the record
 * after we read it: then a value that looks untouched may also have been ours and put back, unless the call is known to have
 * `missed`. Pure.
 */
export function resolveWrite(question: {
  field: FieldKey;
  sent: FieldValue;
  before: FieldValue;
  present: FieldValue | undefined;
  peopleMayEdit: boolean;
  moved: boolean;
  /** It is known from elsewhere that the call did not land. */
  missed: boolean;
}): Resolution {
  const { field, sent, before, present, peopleMayEdit, moved, missed } = question;
  if (missed) return 'not-landed';
  if (sameValue(field, sent, present)) return 'landed';
  if (sameValue(field, before, present)) return moved && peopleMayEdit ? 'unclear' : 'not-landed';
  return peopleMayEdit && !couldHaveBecome(field, sent, present) ? 'unclear' : 'landed';
}
