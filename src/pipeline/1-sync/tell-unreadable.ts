import type { UnreadableRow } from '../../connectors/unreadable.ts';
import type { Tx } from '../../db.ts';
import {
  UNREADABLE_FIX,
  forgetUnreadable,
  listUnreadableIds,
  saveUnreadable,
} from '../store/unreadable-rows.ts';

// A log line that names more is no easier to act on.
const MOST_NAMED = 5;

/** Keeps account of the rows of one object that can't be taken, while a sync reads it. */
export type UnreadableAccount = {
  /** In the transaction that stores the rows which came with them: what can't be taken now, and what can be by now. */
  save(tx: Tx, unreadable: readonly UnreadableRow[], taken: readonly { externalId: string }[]): Promise<void>;
  /** One sentence about those that were not known before; null: there are none. Asked once, when all is read. */
  describe(): string | null;
};

/** `afresh`: the object is read from its beginning, so that what was known of it is found again, or is over. */
export async function openUnreadable(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
  { object, afresh }: { object: UnreadableRow['object']; afresh: boolean },
): Promise<UnreadableAccount> {
  const { connectionId } = at;
  const listed = new Set(await listUnreadableIds(tx, connectionId, object));
  let isForgotten = !afresh || listed.size === 0;
  const named: UnreadableRow[] = [];
  let count = 0;
  return {
    save: async (page, unreadable, taken) => {
      if (!isForgotten) await forgetUnreadable(page, connectionId, object, null);
      else if (listed.size > 0) {
        const over = taken.flatMap(({ externalId }) => (listed.has(externalId) ? externalId : []));
        if (over.length > 0) await forgetUnreadable(page, connectionId, object, over);
      }
      isForgotten = true;
      const added = (await saveUnreadable(page, at, unreadable)).filter(
        ({ shownId }) => !listed.has(shownId),
      );
      for (const { shownId } of added) listed.add(shownId);
      count += added.length;
      named.push(...added.slice(0, MOST_NAMED - named.length));
    },
    describe: () => {
      if (count === 0) return null;
      const rows = named.map(({ shownId, problem }) => `${shownId}: ${problem}`).join('; ');
      const more = count > named.length ? `; and ${count - named.length} more` : '';
      return `${count} ${object} ${count === 1 ? 'row' : 'rows'} can't be read and ${count === 1 ? 'is' : 'are'} left out (${rows}${more}); ${UNREADABLE_FIX}`;
    },
  };
}
