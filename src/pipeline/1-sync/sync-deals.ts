import { findCursor, forgetCursor, noteSeen, saveCursor } from '../store/cursors.ts';
import { updateExclusionsOfAccounts } from '../store/exclusions.ts';
import { readClock } from '../store/record-hints.ts';
import { clearDeals, mergeDeals } from '../store/open-deals.ts';
import { beginStoring, forgoDisk, takeTurn } from '../store/turns.ts';
import { forgetUnreadable } from '../store/unreadable-rows.ts';
import { SettingsChanged } from './settings-changed.ts';
import type { SyncOptions } from './sync.ts';
import { SyncedElsewhere } from './synced-elsewhere.ts';
import { openUnreadable } from './tell-unreadable.ts';

/** What they are called among the objects. */
export const DEALS = 'Opportunity';
// Deals are read in one way only.
const PLAN = '';

/**
 * Open deals, where the CRM keeps them as records of their own: their accounts' companies are left out for as long as they are
 * open, if the settings say so. Otherwise what was known of them is forgotten. Answers how many could not be taken, and since when they were
 * read (null: they were not). `skipSeen`: not where they were read to their end since a sync was through last.
 */
export async function syncDeals(
  { db, crm, connection, call }: SyncOptions,
  { skipSeen }: { skipSeen: boolean },
): Promise<{ unreadable: number; since: Date | null }> {
  if (crm.readDeals === undefined) return { unreadable: 0, since: null };
  const { workspaceId, id: connectionId, settings } = connection;
  const at = { workspaceId, connectionId };
  if (!settings.exclude.openDeals) {
    await db.inWorkspace(workspaceId, async (tx) => {
      await takeTurn(tx, workspaceId);
      await forgetCursor(tx, connectionId, DEALS);
      await updateExclusionsOfAccounts(tx, connectionId, await clearDeals(tx, connectionId));
      await forgetUnreadable(tx, connectionId, DEALS, null);
    });
    return { unreadable: 0, since: null };
  }
  const { found, now, account } = await db.inWorkspace(workspaceId, async (tx) => {
    const known = await findCursor(tx, connectionId, DEALS, PLAN);
    return {
      found: known,
      now: await readClock(tx),
      account: await openUnreadable(tx, at, { object: DEALS, afresh: known === null }),
    };
  });
  if (skipSeen && found !== null && found.seenUntil !== null)
    return { unreadable: 0, since: found.seenUntil };
  const cursor = found?.cursor ?? null;
  const begunAt = found?.begunAt ?? now;
  const readingSince = found?.readingSince ?? now;
  let count = 0;
  for await (const page of crm.readDeals(cursor, call)) {
    const { unreadable = [] } = page;
    await db.inWorkspace(workspaceId, async (tx) => {
      if (!(await beginStoring(tx, connection))) throw new SettingsChanged();
      const merged = await mergeDeals(tx, { ...at, begunAt }, page.deals);
      await account.save(tx, unreadable, page.deals);
      await updateExclusionsOfAccounts(tx, connectionId, merged);
      const isLatest = await saveCursor(tx, {
        ...at,
        object: DEALS,
        cursor: page.cursor,
        begunAt,
        asOf: readingSince,
        readingSince,
        plan: PLAN,
        rowsRead: page.deals.length + unreadable.length,
      });
      if (!isLatest) throw new SyncedElsewhere();
    });
    count += unreadable.length;
  }
  await db.inWorkspace(workspaceId, async (tx) => {
    await takeTurn(tx, workspaceId);
    await forgoDisk(tx);
    const isThrough = await noteSeen(tx, { connectionId, object: DEALS, begunAt, readingSince });
    // From the beginning only open ones are read: what did not come is over. Not earlier: that reading may take hours, or days with
    // stops, and the companies of those that are open would be taken up meanwhile.
    if (isThrough && begunAt.getTime() === readingSince.getTime())
      await updateExclusionsOfAccounts(tx, connectionId, await clearDeals(tx, connectionId, begunAt));
  });
  const notice = account.describe();
  if (notice !== null) call.onNotice?.(notice);
  return { unreadable: count, since: readingSince };
}
