import { setImmediate as letOthersOn } from 'node:timers/promises';
import type { CrmObject, CrmRecord, SyncCursor } from '../../connectors/crm.ts';
import type { UnreadableRow } from '../../connectors/unreadable.ts';
import type { Tx } from '../../db.ts';
import { findCursor, noteSeen, saveCursor } from '../store/cursors.ts';
import type { CursorObject } from '../store/cursors.ts';
import { listGoneSince } from '../store/gone-records.ts';
import { NOTHING_MERGED, gatherRecords, mergeRecords, prepareRecord } from '../store/merge-records.ts';
import type { GatheredRecords, Merged, PreparedRecord } from '../store/merge-records.ts';
import { readClock, settleSeen } from '../store/record-hints.ts';
import { hasRecords } from '../store/records.ts';
import { beginStoring, takeTurn } from '../store/turns.ts';
import type { MergeLine } from './merge-line.ts';
import { mirrorRecord } from './mirror-record.ts';
import { readAhead } from './read-ahead.ts';
import { nameOfPlan } from './reading-plan.ts';
import { openRecount } from './recount.ts';
import { SettingsChanged } from './settings-changed.ts';
import type { SyncOptions, SyncResult } from './sync.ts';
import { SyncedElsewhere } from './synced-elsewhere.ts';
import { openUnreadable } from './tell-unreadable.ts';
import type { UnreadableAccount } from './tell-unreadable.ts';

/**
 * Rows on their way to the database, mirrored as they come, while it merges those before; and where to go on when they are there
 * (null: nothing was read).
 */
type Batch = {
  records: CrmRecord[];
  prepared: PreparedRecord[];
  unreadable: UnreadableRow[];
  cursor: SyncCursor | null;
  /** By the database's clock, before its first page was asked for. */
  asked: Date;
  /** So old may its rows be; and so old those of its last page. */
  asOf: Date;
  lastAsOf: Date;
};

/** Which objects a pass reads; `skipSeen`: not those that were read to their end since a sync was through last. */
export type Pass = { wanted: (object: CursorObject) => boolean; skipSeen: boolean };
/** What was changed before then was seen. */
export type Seen = { object: CursorObject; since: Date };

/** What the objects of one pass share: rows of the next one are read while those of the last are merged. */
export type Shared = {
  line: MergeLine;
  result: SyncResult;
  accounts: UnreadableAccount[];
  pass: Pass;
  seen: Seen[];
};

// Half as many took a twentieth longer (docs/performance.md); three such batches at most are in memory (merge-line.ts).
const ROWS_PER_MERGE = 10_000;
// A database that waits for work gets what there is; with fewer rows a merge would cost more than it brings.
const ROWS_WORTH_MERGING = 1_000;
// A merge is a dozen statements, and the database waits while we are busy with anything else than its answer: rows are prepared in
// portions that take some milliseconds.
const ROWS_AT_ONCE = 200;
// HubSpot's search shows a change "a few moments" after it was made (search guide): a page says nothing of later ones.
export const INDEX_LAG_MS = 60_000;

/** Reads one object. Its last rows may still be on their way to the database when this is through. */
export async function syncObject(options: SyncOptions, object: CrmObject, shared: Shared): Promise<void> {
  const { db, crm, connection } = options;
  const { line, result } = shared;
  const { settings } = connection;
  const at = { workspaceId: connection.workspaceId, connectionId: connection.id };
  const plan = nameOfPlan(object, settings);
  const { found, now, fresh, account, recount } = await db.inWorkspace(at.workspaceId, async (tx) => {
    const known = await findCursor(tx, connection.id, object, plan);
    const opened = {
      found: known,
      now: await readClock(tx),
      fresh: !(await hasRecords(tx, connection.id, object)),
    };
    return {
      ...opened,
      account: await openUnreadable(tx, at, { object, afresh: known === null }),
      recount: await openRecount(tx, { ...at, object }, opened),
    };
  });
  if (shared.pass.skipSeen && found !== null && found.seenUntil !== null) {
    shared.seen.push({ object, since: found.seenUntil });
    return;
  }
  const cursor = found?.cursor ?? null;
  const begunAt = found?.begunAt ?? now;
  const readingSince = found?.readingSince ?? now;
  shared.accounts.push(account);
  /** The object was read to its end, and all that came of it is stored: answers with what an administrator should know. */
  const endReading = async (tx: Tx): Promise<string | null> => {
    const said = (await recount?.end(tx)) ?? null;
    await noteSeen(tx, { connectionId: at.connectionId, object, begunAt, readingSince });
    return said;
  };
  const tell = (notice: string | null): void => {
    if (notice !== null) options.call.onNotice?.(notice);
  };
  /** Rows of one batch; those that were found to be gone since they were read are not among them any more. */
  const store = async (tx: Tx, batch: Batch, gathered: GatheredRecords): Promise<Merged> => {
    const gone = await listGoneSince(tx, connection.id, object, batch.asOf);
    const isThere = ({ externalId }: { externalId: string }): boolean => !gone.has(externalId);
    const records = gone.size === 0 ? batch.records : batch.records.filter(isThere);
    const rows =
      gone.size === 0 ? gathered : gatherRecords(batch.prepared.filter(({ record }) => isThere(record)));
    const merged = await mergeRecords(tx, at, rows, { fresh });
    await settleSeen(tx, at.connectionId, records, new Date(batch.asOf.getTime() - INDEX_LAG_MS));
    await options.onPage?.(tx, records, merged.strayed);
    return merged;
  };
  const merge = async (
    batch: Batch,
    { gathered, reached, isLast }: { gathered: GatheredRecords; reached: SyncCursor; isLast: boolean },
  ): Promise<void> => {
    const merged = await db.inWorkspace(at.workspaceId, async (tx) => {
      if (!(await beginStoring(tx, connection))) throw new SettingsChanged();
      const counts = await (batch.records.length === 0 ? NOTHING_MERGED : store(tx, batch, gathered));
      await account.save(tx, batch.unreadable, batch.records);
      await recount?.see(tx, [
        ...batch.records.map(({ externalId }) => externalId),
        ...batch.unreadable.map(({ shownId }) => shownId),
      ]);
      const isLatest = await saveCursor(tx, {
        ...at,
        object,
        cursor: reached,
        begunAt,
        asOf: batch.lastAsOf,
        readingSince,
        plan,
        rowsRead: batch.records.length + batch.unreadable.length,
      });
      if (!isLatest) throw new SyncedElsewhere();
      return { ...counts, notice: isLast ? await endReading(tx) : null };
    });
    tell(merged.notice);
    result.changed += merged.changed;
    result.companiesAdded += merged.companies.added;
    result.companiesChanged += merged.companies.changed;
    options.onStored?.();
  };
  const startBatch = async (askedAt = performance.now()): Promise<Batch> => {
    const clock = await db.inWorkspace(at.workspaceId, readClock);
    const asked = new Date(clock.getTime() - (performance.now() - askedAt));
    return { records: [], prepared: [], unreadable: [], cursor: null, asked, asOf: asked, lastAsOf: asked };
  };
  /** The last one ends the reading in its own transaction: apart it would be one more for which the next object waits. */
  const handOver = async (batch: Batch, isLast = false): Promise<void> => {
    const { cursor: reached } = batch;
    if (reached !== null) {
      const gathered = gatherRecords(batch.prepared);
      await line.begin(() => merge(batch, { gathered, reached, isLast }));
    } else if (isLast)
      await line.begin(async () =>
        tell(
          await db.inWorkspace(at.workspaceId, async (tx) => {
            await takeTurn(tx, at.workspaceId);
            return endReading(tx);
          }),
        ),
      );
  };
  let batch = await startBatch();
  let asOf = found?.asOf ?? batch.asked;
  let isThrough = false;
  try {
    const open = (signal: AbortSignal) => crm.readChanges(object, cursor, { ...options.call, signal });
    for await (const page of readAhead(open, options.call.signal)) {
      // Its successor is under way: it says nothing of what happens while this one waits for the database.
      const nextAskedAt = performance.now();
      for (const [index, record] of page.records.entries()) {
        if (index % ROWS_AT_ONCE === 0) await letOthersOn();
        batch.records.push(record);
        batch.prepared.push(prepareRecord(mirrorRecord(record, settings.exclude)));
      }
      const { unreadable = [], continues = false } = page;
      asOf = continues ? asOf : batch.asked;
      batch.lastAsOf = asOf;
      if (asOf < batch.asOf) batch.asOf = asOf;
      batch.unreadable.push(...unreadable);
      batch.cursor = page.cursor;
      result.read += page.records.length + unreadable.length;
      result.unreadable += unreadable.length;
      options.onProgress?.({ object, read: result.read });
      const rows = batch.records.length + batch.unreadable.length;
      const worthwhile = rows >= (line.isFree() ? ROWS_WORTH_MERGING : ROWS_PER_MERGE);
      // A page without rows says where to go on and nothing else: that is kept before a long wait for the next one.
      if (worthwhile || page.records.length === 0) {
        await handOver(batch);
        batch = await startBatch(nextAskedAt);
      }
    }
    isThrough = true;
  } finally {
    // Also where the day's calls are used up after a few pages: else a large org would begin behind the same row day after day.
    await handOver(batch, isThrough);
  }
  shared.seen.push({ object, since: readingSince });
}
