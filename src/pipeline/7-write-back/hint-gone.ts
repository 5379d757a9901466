import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import { countHints, saveHints } from '../store/record-hints.ts';
import type { FlushSession } from './flush-session.ts';

// What is left out is found gone again with the next run: a table of hints is no place for a mass deletion.
const MOST_WAITING = 1_000;

/**
 * Records that a write found gone are looked at by themselves. Neither CRM lists what was purged, or deleted for good on a person's
 * request, so no sync ever would; the company would be due, and paid for, week after week. The last that a transaction does: whoever
 * removes the connection has its writes before its hints.
 */
export async function hintGone(
  tx: Tx,
  { workspaceId, connectionId }: Pick<FlushSession, 'workspaceId' | 'connectionId'>,
  records: readonly { object: CrmObject; externalId: string }[],
): Promise<void> {
  if (records.length === 0) return;
  const room = Math.max(0, MOST_WAITING - (await countHints(tx, connectionId)));
  const hints = records.map(({ object, externalId }) => ({ object, externalId, kind: 'gone' as const }));
  await saveHints(tx, { workspaceId, connectionId }, hints.slice(0, room));
}
