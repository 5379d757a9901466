import { setImmediate as letOthersOn } from 'node:timers/promises';
import type { CallOptions } from '../../connectors/call.ts';
import type { Crm, CrmObject, CrmRecord, SyncCursor } from '../../connectors/crm.ts';
import type { UnreadableRow } from '../../connectors/unreadable.ts';
import type { Database, Tx } from '../../db.ts';
import { ProviderError, describeError } from '../../errors.ts';
import { holdSettings, noteSynced } from '../store/connections.ts';
import type { Connection } from '../store/connections.ts';
import { askForFullSync, findCursor, saveCursor } from '../store/cursors.ts';
import { gatherRecords, mergeRecords, prepareRecord } from '../store/merge-records.ts';
import type { RecordKey } from '../store/write-records.ts';
import type { GatheredRecords, PreparedRecord } from '../store/merge-records.ts';
import { readClock, settleSeen } from '../store/record-hints.ts';
import { hasRecords } from '../store/records.ts';
import { openMergeLine } from './merge-line.ts';
import type { MergeLine } from './merge-line.ts';
import { mirrorRecord } from './mirror-record.ts';
import { readAhead } from './read-ahead.ts';
import { nameOfPlan } from './reading-plan.ts';
import { SettingsChanged } from './settings-changed.ts';
import { syncDeals } from './sync-deals.ts';
import { openUnreadable } from './tell-unreadable.ts';
import type { UnreadableAccount } from './tell-unreadable.ts';

export type SyncResult = {
  /** Rows that the CRM sent. */
  read: number;
  /** Rows that were new or changed in a way that matters. */
  changed: number;
  companiesAdded: number;
  companiesChanged: number;
  /** Rows among those that can't be taken and were left out. */
  unreadable: number;
};

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
  begunAt: Date;
};

export type SyncOptions = {
  db: Database;
  crm: Crm;
  connection: Connection;
  /** Everything is to be read anew: asked for once, and gone on with by whoever syncs after a stop, who does not ask again. */
  full: boolean;
  call: CallOptions;
  /** Sees each page, and which records lost their company, in the transaction that stores it. */
  onPage?: (tx: Tx, records: readonly CrmRecord[], strayed: readonly RecordKey[]) => Promise<void>;
  onProgress?: (progress: { object: CrmObject; read: number }) => void;
  /** Rows are stored, with where to go on behind them. */
  onStored?: () => void;
};

// COPY and merge of 5,000 rows a transaction is the fastest of what was measured (0.97 of a raw COPY on two connections).
const ROWS_PER_MERGE = 5_000;
// A database that waits for work gets what there is; with fewer rows a merge would cost more than it brings.
const ROWS_WORTH_MERGING = 1_000;
// A merge is a dozen statements, and the database waits while we are busy with anything else than its answer: rows are prepared in
// portions that take some milliseconds.
const ROWS_AT_ONCE = 200;
// HubSpot's search shows a change "a few moments" after it was made (search guide): a page says nothing of later ones.
const INDEX_LAG_MS = 60_000;

/**
 * CRM rows → records and companies. Streams page by page; the cursor moves in the transaction that stores the rows it
 * stands for, so a kill loses nothing, and what was read before a stop is stored all the same. An object whose mapping or
 * exclusions changed is read from its beginning. @throws SettingsChanged
 */
export async function syncConnection(options: SyncOptions): Promise<SyncResult> {
  const { db, connection } = options;
  const { workspaceId, id } = connection;
  const result = { read: 0, changed: 0, companiesAdded: 0, companiesChanged: 0, unreadable: 0 };
  const begunAt = await db.inWorkspace(workspaceId, readClock);
  if (options.full) await db.inWorkspace(workspaceId, (tx) => askForFullSync(tx, id));
  // Deals first: a company that somebody is selling to must be known as such before it is taken up.
  result.unreadable += await syncDeals(options);
  await syncObjects(options, result);
  const askedBefore = new Date(begunAt.getTime() - INDEX_LAG_MS);
  await db.inWorkspace(workspaceId, (tx) => noteSynced(tx, id, askedBefore));
  return result;
}

/** What the objects of one sync share: rows of the next one are read while those of the last are merged. */
type Shared = { line: MergeLine; result: SyncResult; accounts: UnreadableAccount[] };

/** An object that may not be read holds up no other, but where none may: then the connection's access is at fault. */
async function syncObjects(options: SyncOptions, result: SyncResult): Promise<void> {
  const { crm, call } = options;
  const shared: Shared = { line: openMergeLine(), result, accounts: [] };
  const forbidden: { object: CrmObject; error: ProviderError }[] = [];
  try {
    for (const object of crm.readObjects)
      try {
        await syncObject(options, object, shared);
      } catch (error) {
        if (!(error instanceof ProviderError) || !error.forbidden) throw error;
        forbidden.push({ object, error });
      }
  } finally {
    // Also when fetching failed: what was under way is stored, and nothing goes on behind the caller's back.
    try {
      await shared.line.end();
    } finally {
      for (const account of shared.accounts) {
        const notice = account.describe();
        if (notice !== null) call.onNotice?.(notice);
      }
    }
  }
  const [first] = forbidden;
  if (first !== undefined && forbidden.length === crm.readObjects.length) throw first.error;
  for (const { object, error } of forbidden) {
    const what = [describeError(error), error.fix].filter(Boolean).join('; ');
    call.onNotice?.(`${object} was not read, everything else was: ${what}`);
  }
}

/** Reads one object. Its last rows may still be on their way to the database when this is through. */
async function syncObject(options: SyncOptions, object: CrmObject, shared: Shared): Promise<void> {
  const { db, crm, connection } = options;
  const { line, result } = shared;
  const { settings, settingsVersion } = connection;
  const at = { workspaceId: connection.workspaceId, connectionId: connection.id };
  const plan = nameOfPlan(object, settings);
  const { cursor, begunAt, fresh, account } = await db.inWorkspace(at.workspaceId, async (tx) => {
    const found = await findCursor(tx, connection.id, object, plan);
    return {
      cursor: found?.cursor ?? null,
      begunAt: found?.begunAt ?? (await readClock(tx)),
      fresh: !(await hasRecords(tx, connection.id, object)),
      account: await openUnreadable(tx, at, { object, afresh: found === null }),
    };
  });
  shared.accounts.push(account);
  const merge = async (batch: Batch, gathered: GatheredRecords, reached: SyncCursor): Promise<void> => {
    const merged = await db.inWorkspace(at.workspaceId, async (tx) => {
      if (!(await holdSettings(tx, connection.id, settingsVersion))) throw new SettingsChanged();
      const counts = await mergeRecords(tx, at, gathered, { fresh });
      await settleSeen(tx, at.connectionId, batch.records, new Date(batch.begunAt.getTime() - INDEX_LAG_MS));
      await account.save(tx, batch.unreadable, batch.records);
      await options.onPage?.(tx, batch.records, counts.strayed);
      await saveCursor(tx, {
        ...at,
        object,
        cursor: reached,
        begunAt,
        plan,
        rowsRead: batch.records.length + batch.unreadable.length,
      });
      return counts;
    });
    result.changed += merged.changed;
    result.companiesAdded += merged.companies.added;
    result.companiesChanged += merged.companies.changed;
    options.onStored?.();
  };
  const startBatch = async (askedAt = performance.now()): Promise<Batch> => {
    const now = await db.inWorkspace(at.workspaceId, readClock);
    const begunAt = new Date(now.getTime() - (performance.now() - askedAt));
    return { records: [], prepared: [], unreadable: [], cursor: null, begunAt };
  };
  const handOver = async (batch: Batch): Promise<void> => {
    const { cursor: reached } = batch;
    if (reached === null) return;
    const gathered = gatherRecords(batch.prepared);
    await line.begin(() => merge(batch, gathered, reached));
  };
  let batch = await startBatch();
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
      const { unreadable = [] } = page;
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
  } finally {
    // Also where the day's calls are used up after a few pages: else a large org would begin behind the same row day after day.
    await handOver(batch);
  }
}
