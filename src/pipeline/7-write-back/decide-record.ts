import type { CrmObject, RecordWrite } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import type { RecordLedger } from '../store/writes-ledger.ts';
import type { Write } from '../store/writes.ts';
import { decideWrite } from './decide.ts';
import { explainConvertedUndo, explainGone, explainRow, wordFor } from './explain-refusal.ts';
import { policyOf } from './field-policy.ts';
import type { WritePolicies } from './field-policy.ts';
import type { Reading } from './flush-read.ts';

/** What may be sent, by which rule, as far as one connection is concerned. */
export type WriteRules = {
  policies: WritePolicies | undefined;
  /** The platform can refuse a write to a record that was modified meanwhile. */
  conditional: boolean;
  peopleMayEdit(object: CrmObject, field: FieldKey): boolean;
};

export type DecidedRow = {
  write: Write;
  present: FieldValue;
  /** As of a Decision; null: over nobody's. */
  over: string | null;
};
type SettledRow = {
  write: Write;
  state: 'skipped' | 'conflicted' | 'rejected';
  reason: string;
  /** What the CRM holds; undefined when it could not be read. */
  present?: FieldValue;
};

export type RecordDecision = {
  settled: SettledRow[];
  /** Everything that is left to be sent, in one write; null when nothing is. */
  send: { rows: DecidedRow[]; write: RecordWrite; modifiedAt: string | null } | null;
};

/** Decides all planned fields of one record by what the CRM holds. Pure. */
export function decideRecord(
  rows: readonly Write[],
  reading: Reading | undefined,
  ledger: RecordLedger | undefined,
  rules: WriteRules,
): RecordDecision {
  const unreadable = explainUnreadable(reading);
  if (reading === undefined || 'refused' in reading || unreadable !== null) {
    const reason = unreadable ?? 'The CRM said nothing of this record';
    const converted = reading !== undefined && 'current' in reading ? reading.current.convertedTo : undefined;
    const settled = rows.map((write) => ({
      write,
      state: 'rejected' as const,
      reason:
        write.undoes === null || converted === undefined
          ? wordFor(write, reason)
          : explainConvertedUndo(converted),
    }));
    return { settled, send: null };
  }
  const { values, modifiedAt } = reading.current;
  const settled: SettledRow[] = [];
  const sendable: DecidedRow[] = [];
  for (const write of rows) {
    const closed = reading.current.closedFields?.[write.field];
    if (closed !== undefined) {
      settled.push({
        write,
        state: 'rejected',
        reason: wordFor(write, explainRow(closed.code, closed.message)),
      });
      continue;
    }
    const present = values?.[write.field] ?? null;
    const decision = decideWrite({
      field: write.field,
      wanted: write.newValue,
      present,
      ledger: ledger?.[write.field],
      policy: policyOf(rules.policies, write.object, write.field),
      undoes: write.undoes,
    });
    const { findUnfit } = reading.current;
    const unfit = findUnfit?.(write.field, write.newValue, write.undoes !== null) ?? null;
    if (decision.verdict === 'send' && unfit !== null)
      settled.push({
        write,
        state: 'rejected',
        reason: wordFor(write, explainRow(unfit.code, unfit.message)),
        present,
      });
    else if (decision.verdict === 'send') sendable.push({ write, present, over: decision.over ?? null });
    else {
      const state = decision.verdict === 'skip' ? 'skipped' : 'conflicted';
      settled.push({ write, state, reason: decision.reason, present });
    }
  }
  const [first, second] = sendable;
  if (first === undefined) return { settled, send: null };
  if (second === undefined && first.write.field === 'scoredAt' && first.write.undoes === null) {
    const reason = 'Nothing else was to be written; the time of scoring only goes along';
    const { write, present } = first;
    return { settled: [...settled, { write, present, state: 'skipped', reason }], send: null };
  }
  const { object, externalId } = first.write;
  const conditional =
    rules.conditional && sendable.some(({ write }) => rules.peopleMayEdit(write.object, write.field));
  const restores = sendable.flatMap(({ write }) => (write.undoes === null ? [] : [write.field]));
  const write = {
    object,
    externalId,
    fields: Object.fromEntries(sendable.map((row) => [row.write.field, row.write.newValue])),
    unmodifiedSince: conditional ? modifiedAt : null,
    ...(restores.length === 0 ? {} : { restores }),
  };
  return { settled, send: { rows: sendable, write, modifiedAt } };
}

function explainUnreadable(reading: Reading | undefined): string | null {
  if (reading === undefined) return null;
  if ('refused' in reading) return reading.refused;
  const { values, unwritable } = reading.current;
  if (values === null) return explainGone(unwritable ?? '');
  return unwritable === undefined ? null : explainRow('', unwritable);
}
