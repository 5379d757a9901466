import type { Refusal } from '../../connectors/crm.ts';
import type { RecordDecision } from './decide-record.ts';
import { explainRow, wordFor } from './explain-refusal.ts';

/** What is left to be sent of a record that is locked now, as the CRM will refuse it. */
export function refuseLocked({ settled, send }: RecordDecision, { code, message }: Refusal): RecordDecision {
  const reason = explainRow(code, message);
  const refused = (send?.rows ?? []).map((row) => ({
    ...row,
    state: 'rejected' as const,
    reason: wordFor(row.write, reason),
  }));
  return { settled: [...settled, ...refused], send: null };
}
