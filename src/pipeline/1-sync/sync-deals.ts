import { holdSettings } from '../store/connections.ts';
import { findCursor, forgetCursor, saveCursor } from '../store/cursors.ts';
import { updateExclusionsOfAccounts } from '../store/exclusions.ts';
import { readClock } from '../store/record-hints.ts';
import { clearDeals, mergeDeals } from '../store/open-deals.ts';
import { forgetUnreadable } from '../store/unreadable-rows.ts';
import { SettingsChanged } from './settings-changed.ts';
import type { SyncOptions } from './sync.ts';
import { openUnreadable } from './tell-unreadable.ts';

const OBJECT = 'Opportunity';
// Deals are read in one way only.
const PLAN = '';

/**
 * Open deals, where the CRM keeps them as records of their own: their accounts' companies are left out for as long as they are
 * open, if the settings say so. Otherwise what was known of them is forgotten. Answers how many could not be taken.
 */
export async function syncDeals({ db, crm, connection, call }: SyncOptions): Promise<number> {
  if (crm.readDeals === undefined) return 0;
  const { workspaceId, id: connectionId, settings, settingsVersion } = connection;
  const at = { workspaceId, connectionId };
  if (!settings.exclude.openDeals) {
    await db.inWorkspace(workspaceId, async (tx) => {
      await forgetCursor(tx, connectionId, OBJECT);
      await updateExclusionsOfAccounts(tx, connectionId, await clearDeals(tx, connectionId));
      await forgetUnreadable(tx, connectionId, OBJECT, null);
    });
    return 0;
  }
  const { cursor, begunAt, account } = await db.inWorkspace(workspaceId, async (tx) => {
    const found = await findCursor(tx, connectionId, OBJECT, PLAN);
    return {
      cursor: found?.cursor ?? null,
      begunAt: found?.begunAt ?? (await readClock(tx)),
      account: await openUnreadable(tx, at, { object: OBJECT, afresh: found === null }),
    };
  });
  let count = 0;
  // From the beginning only open ones are read: one that was closed in between would stay.
  let fresh = cursor === null;
  for await (const page of crm.readDeals(cursor, call)) {
    const { unreadable = [] } = page;
    await db.inWorkspace(workspaceId, async (tx) => {
      if (!(await holdSettings(tx, connectionId, settingsVersion))) throw new SettingsChanged();
      const forgotten = fresh ? await clearDeals(tx, connectionId) : [];
      const merged = await mergeDeals(tx, at, page.deals);
      await account.save(tx, unreadable, page.deals);
      await updateExclusionsOfAccounts(tx, connectionId, [...forgotten, ...merged]);
      await saveCursor(tx, {
        ...at,
        object: OBJECT,
        cursor: page.cursor,
        begunAt,
        plan: PLAN,
        rowsRead: page.deals.length + unreadable.length,
      });
      fresh = false;
    });
    count += unreadable.length;
  }
  const notice = account.describe();
  if (notice !== null) call.onNotice?.(notice);
  return count;
}
