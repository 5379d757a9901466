import type { CrmRecord } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { findLedgers, lastOutcome, recordKey } from '../store/writes-ledger.ts';
import { closeConflicts } from '../store/writes-settle.ts';
import { holdsInherited, isFree } from './decide.ts';
import { sameValue } from './same-value.ts';

/**
 * Closes conflicts that people have resolved themselves: the field holds again what we left there, or on a record that became this
 * one, or is empty and was never ours. From then on it is planned like any other. Takes rows as a sync reads them; returns how many were closed.
 */
export async function reopenConflicts(
  tx: Tx,
  connectionId: string,
  seen: readonly Pick<CrmRecord, 'object' | 'externalId' | 'ours'>[],
): Promise<number> {
  const ledgers = await findLedgers(
    tx,
    seen.map(({ object, externalId }) => ({ connectionId, object, externalId })),
  );
  const closed: number[] = [];
  for (const { object, externalId, ours } of seen) {
    const ledger = ledgers.get(recordKey({ connectionId, object, externalId }));
    for (const { key } of FIELDS) {
      const last = lastOutcome(ledger?.[key]);
      const known = ledger?.[key];
      if (last?.state !== 'conflicted' || !(key in ours)) continue;
      const isBack =
        known?.written === undefined
          ? isFree(key, ours[key], known) || holdsInherited(key, ours[key], known)
          : sameValue(key, known.written.returned, ours[key]);
      if (isBack) closed.push(last.id);
    }
  }
  return closeConflicts(tx, closed);
}
