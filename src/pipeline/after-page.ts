import type { CrmObject, CrmRecord } from '../connectors/crm.ts';
import type { Tx } from '../db.ts';
import { emptyStrayed } from './7-write-back/empty-strayed.ts';
import { reopenConflicts } from './7-write-back/reopen-conflicts.ts';
import type { Connection } from './store/connections.ts';
import { hasConflicts } from './store/writes-list.ts';

/**
 * What rows that were read mean for what we wrote, in the transaction that stores them: a conflict that a person has resolved in the CRM
 * is over, and a record that belongs to no company any more keeps nothing of it.
 */
export async function settleWrites(
  tx: Tx,
  { workspaceId, id: connectionId }: Pick<Connection, 'workspaceId' | 'id'>,
  records: readonly CrmRecord[],
  strayed: readonly { object: CrmObject; externalId: string }[],
): Promise<void> {
  if (await hasConflicts(tx, connectionId)) await reopenConflicts(tx, connectionId, records);
  await emptyStrayed(tx, { workspaceId, connectionId }, strayed);
}
