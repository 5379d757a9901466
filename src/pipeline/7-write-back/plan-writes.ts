import type { FieldValues } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { findLedgers, lastOutcome, recordKey } from '../store/writes-ledger.ts';
import type { FieldLedger, LedgerEntry, RecordAddress, RecordLedger } from '../store/writes-ledger.ts';
import { insertWrites } from '../store/writes-insert.ts';
import { NOTE } from '../store/writes.ts';
import type { WantedWrite } from '../store/writes.ts';
import { findFault } from './check-value.ts';
import { policyOf } from './field-policy.ts';
import type { WritePolicies, FieldPolicy } from './field-policy.ts';
import { fieldDefinition, sameValue } from './same-value.ts';

export const NOT_ENOUGH_EVIDENCE = 'Not enough evidence';
// A score that no longer holds misleads more than none: with the band at "not enough evidence" these are emptied, where
// the value there is ours. Everything else keeps its last value when there is no new one.
const EMPTIED_WITH_BAND: readonly FieldKey[] = ['score', 'confidence'];

export type PlanRequest = {
  desired: FieldValues;
  record: RecordAddress;
  companyId: string;
  ledger: RecordLedger | undefined;
  policies?: WritePolicies;
  /** A person asked for this run: what was undone may be written again. */
  explicit: boolean;
};

/**
 * Which fields of one record should be written, and which values our own check refuses. Pure.
 * - an empty value never erases (but see above), except what is another company's: the record means this one now
 * - a value that we wrote, that is waiting, or that the CRM already held, is not planned again
 * - where a person's value stands nothing is planned until that value is gone
 * - an undone value is not planned again by a scheduled run until another is wanted; while it is being undone the same holds, and what is
 *   planned goes behind the undo
 * - the time of scoring goes along with other changes and never causes one
 * Throws on a field that is not ours.
 */
export function planWrites(request: PlanRequest): WantedWrite[] {
  const { desired, record, companyId, ledger, policies, explicit } = request;
  for (const field of Object.keys(desired)) fieldDefinition(field);
  const wanted: WantedWrite[] = [];
  const consider = (field: FieldKey): void => {
    const value = desired[field];
    const known = ledger?.[field];
    if (value === undefined || (value === null && !mayEmpty(field, desired, known, companyId))) return;
    if (!isWanted(field, value, known, policyOf(policies, record.object, field), explicit)) return;
    const fault = findFault(field, value);
    if (fault === null) wanted.push({ ...record, field, companyId, value });
    else if (known?.settled?.reason !== fault)
      wanted.push({ ...record, field, companyId, value, rejected: fault });
  };
  for (const { key } of FIELDS) if (key !== 'scoredAt') consider(key);
  const waits = (field: FieldKey): boolean => isUndo(ledger?.[field]?.open);
  const going = wanted.filter((write) => write.rejected === undefined);
  if (
    going.some((write) => waits('scoredAt') || !FIELDS.some(({ key }) => key === write.field && waits(key)))
  )
    consider('scoredAt');
  return wanted;
}

const isUndo = (open: LedgerEntry | undefined): boolean => (open?.undoes ?? null) !== null;

function mayEmpty(
  field: FieldKey,
  desired: FieldValues,
  known: FieldLedger | undefined,
  companyId: string,
): boolean {
  const last = known?.open ?? known?.written;
  // What another company's result left there says nothing of this one.
  if (last !== undefined && last.companyId !== companyId && last.value !== null) return true;
  if (!EMPTIED_WITH_BAND.includes(field) || desired.band !== NOT_ENOUGH_EVIDENCE) return false;
  return known?.open !== undefined || (known?.written?.value ?? null) !== null;
}

function isWanted(
  field: FieldKey,
  value: FieldValue,
  known: FieldLedger | undefined,
  policy: FieldPolicy,
  explicit: boolean,
): boolean {
  if (policy === 'never') return false;
  if (known?.open !== undefined && !isUndo(known.open)) return !sameValue(field, known.open.value, value);
  if (isUndo(known?.open) && sameValue(field, known?.written?.value ?? null, value)) return explicit;
  if (known?.undone !== undefined && !explicit && sameValue(field, known.undone.value, value)) return false;
  const last = lastOutcome(known);
  if (last?.state === 'applied') {
    const unchanged = sameValue(field, last.value, value) || sameValue(field, last.returned, value);
    return !unchanged && policy !== 'fill-if-empty';
  }
  if (policy === 'always') return true;
  if (last?.state === 'conflicted') return false;
  return last?.state !== 'skipped' || !sameValue(field, last.value, value);
}

/**
 * The note that tells of a new band, where a band of ours for this company stands on the record already: nobody needs to be told
 * of a first one. One that was refused is planned again with the same words while the band that it tells of stands. Pure.
 */
export function planNote(
  request: Pick<PlanRequest, 'record' | 'companyId' | 'ledger' | 'desired'>,
  wanted: readonly WantedWrite[],
  describe: BandNote,
): WantedWrite[] {
  const band = wanted.find((write) => write.field === 'band' && write.rejected === undefined);
  const written = request.ledger?.band?.written;
  if (written === undefined || written.companyId !== request.companyId) return [];
  const { record, companyId, desired, ledger } = request;
  if (band === undefined) {
    const refused = findRefused(ledger?.note);
    const stands = sameValue('band', written.value, desired.band);
    return refused === null || !stands ? [] : [{ ...record, field: NOTE, companyId, value: refused }];
  }
  const [from, to] = [written.value, band.value];
  if (typeof from !== 'string' || typeof to !== 'string' || sameValue('band', from, to)) return [];
  return [{ ...record, field: NOTE, companyId, value: describe({ from, to }) }];
}

/** The text of the last note, if the CRM refused it. */
function findRefused(notes: FieldLedger | undefined): FieldValue {
  const last = lastOutcome(notes);
  if (notes?.open !== undefined || last?.state !== 'rejected') return null;
  return (notes?.undone?.id ?? 0) > last.id ? null : last.value;
}

/** Says what a note about a change of band says. */
export type BandNote = (change: { from: string; to: string }) => string;

type PlannedRecord = RecordAddress & {
  desired: FieldValues;
  policies?: WritePolicies;
  /** A note is wanted when the band changes. */
  noteOnBandChange?: boolean;
};

/** Plans what a company's records should hold and stores it for the flusher. Returns how many fields are newly planned. */
export async function planCompanyWrites(
  tx: Tx,
  company: {
    runId: string;
    companyId: string;
    explicit: boolean;
    records: readonly PlannedRecord[];
    describeBandChange?: BandNote;
  },
): Promise<number> {
  const ledgers = await findLedgers(tx, company.records);
  const { describeBandChange } = company;
  const wanted = company.records.flatMap(({ desired, policies, noteOnBandChange, ...address }) => {
    const { connectionId, object, externalId } = address;
    const record = { connectionId, object, externalId };
    const request = { ...company, desired, policies, record, ledger: ledgers.get(recordKey(record)) };
    const fields = planWrites(request);
    return noteOnBandChange === true && describeBandChange !== undefined
      ? [...fields, ...planNote(request, fields, describeBandChange)]
      : fields;
  });
  return insertWrites(tx, company.runId, wanted);
}
