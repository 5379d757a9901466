import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import type { FoundCursor } from '../store/cursors.ts';
import { saveHints } from '../store/record-hints.ts';
import { countUnseen, forgetSightings, hasSightings, listUnseen, saveSightings } from '../store/sightings.ts';

// Each is asked for by its id; what is beyond them waits for the next time that everything is read.
const MOST_ASKED = 10_000;
// Records that are purged are few. Where so many are missing, the login sees less of the org than it did.
const FEW = 20;
const LARGEST_SHARE = 0.2;

// No record's id: whoever goes on where the first page had no rows, and only named the bulk job that reads them, knows by it that all are counted.
const NOTHING_YET = [''];

/**
 * Finds what is in the CRM no more without a word of it, while an object is read from its beginning: what was purged, or erased for a
 * person's sake, stands in no list of deleted records.
 */
export type Recount = {
  /** In the transaction that stores what a page brought, in its workspace's turn. */
  see(tx: Tx, ids: readonly string[]): Promise<void>;
  /** Everything was read: what was not seen is to be looked at. Answers with what an administrator should know. In the workspace's turn. */
  end(tx: Tx): Promise<string | null>;
};

type At = { workspaceId: string; connectionId: string; object: CrmObject };

/**
 * Null where there is nothing to count: nothing was known of the object before (`fresh`), or this is no reading from its beginning.
 * @param now when a reading begins that was not begun yet
 */
export async function openRecount(
  tx: Tx,
  at: At,
  { found, fresh, now }: { found: FoundCursor | null; fresh: boolean; now: Date },
): Promise<Recount | null> {
  const begunAt = found?.begunAt ?? now;
  if (found === null ? fresh : !(await hasSightings(tx, at, begunAt))) return null;
  let sawAny = found !== null;
  return {
    see: async (page, ids) => {
      if (sawAny && ids.length === 0) return;
      // What one before came by that never ended. Not earlier: others may be storing at the moment.
      if (!sawAny) await forgetSightings(page, at);
      await saveSightings(page, at, begunAt, ids.length === 0 ? NOTHING_YET : ids);
      sawAny = true;
    },
    end: async (last) => {
      // Another reading began meanwhile, and counts by itself.
      if (sawAny && !(await hasSightings(last, at, begunAt))) return null;
      const { known, unseen } = await countUnseen(last, at, begunAt);
      const isPurge = unseen <= Math.max(FEW, known * LARGEST_SHARE);
      const ids = unseen > 0 && isPurge ? await listUnseen(last, at, { begunAt, limit: MOST_ASKED }) : [];
      await forgetSightings(last, at);
      if (ids.length > 0)
        await saveHints(
          last,
          at,
          ids.map((externalId) => ({ object: at.object, externalId, kind: 'gone' })),
        );
      return isPurge
        ? null
        : `${unseen} of the ${known} ${at.object} records that were known did not come when all were read. Nothing was done about them, since so many are hardly deleted: does the integration user still see every record? Once it does, read everything again (fieldnote sync --full).`;
    },
  };
}
