import type { RecordWrite } from '../../connectors/crm.ts';
import { chunksOf } from '../store/chunks.ts';
import { recordKey } from '../store/writes-ledger.ts';
import type { FlushSession } from './flush-session.ts';

/** The groups that one call each may carry, and of these the ones that no further record would fit into. */
export function groupRecords<T extends { write: RecordWrite; key: string }>(
  { crm, connectionId, writeGroup }: Pick<FlushSession, 'crm' | 'connectionId' | 'writeGroup'>,
  records: readonly T[],
): { full: T[][]; rest: T[][] } {
  const byKey = new Map(records.map((record) => [record.key, record]));
  const groups = { full: [] as T[][], rest: [] as T[][] };
  for (const whole of crm.groupWrites(records.map((record) => record.write)))
    for (const group of chunksOf(whole, writeGroup ?? whole.length)) {
      const [first] = group;
      if (first === undefined) continue;
      const more = { ...first, externalId: `${first.externalId}+` };
      const isFull = group.length === writeGroup || crm.groupWrites([...group, more]).length > 1;
      (isFull ? groups.full : groups.rest).push(
        group.flatMap((write) => byKey.get(recordKey({ connectionId, ...write })) ?? []),
      );
    }
  return groups;
}
