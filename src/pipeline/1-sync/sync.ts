import type { CallOptions } from '../../connectors/call.ts';
import type { Crm, CrmObject, CrmRecord } from '../../connectors/crm.ts';
import type { Database, Tx } from '../../db.ts';
import { ProviderError, describeError } from '../../errors.ts';
import { noteSynced } from '../store/connections.ts';
import type { Connection } from '../store/connections.ts';
import { forgetSeen } from '../store/cursors.ts';
import { forgetOldGone } from '../store/gone-records.ts';
import { readClock } from '../store/record-hints.ts';
import { forgoDisk, takeTurn } from '../store/turns.ts';
import type { RecordKey } from '../store/write-records.ts';
import { judgeAgain } from './judge-again.ts';
import { openMergeLine } from './merge-line.ts';
import { DEALS, syncDeals } from './sync-deals.ts';
import { INDEX_LAG_MS, syncObject } from './sync-object.ts';
import type { Pass, Seen, Shared } from './sync-object.ts';

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

export type SyncOptions = {
  db: Database;
  crm: Crm;
  connection: Connection;
  call: CallOptions;
  /** Sees each page, and which records lost their company, in the transaction that stores it. */
  onPage?: (tx: Tx, records: readonly CrmRecord[], strayed: readonly RecordKey[]) => Promise<void>;
  onProgress?: (progress: { object: CrmObject; read: number }) => void;
  /** Rows are stored, with where to go on behind them. */
  onStored?: () => void;
};

/**
 * CRM rows → records and companies. Streams page by page; the cursor moves in the transaction that stores the rows it
 * stands for, so a kill loses nothing, and what was read before a stop is stored all the same. Where one was stopped, what it had not
 * come to goes first: however few calls a day allows, each object has its turn. An object whose mapping or
 * exclusions changed is read from its beginning. @throws SettingsChanged, SyncedElsewhere
 */
export async function syncConnection(options: SyncOptions): Promise<SyncResult> {
  const { db, connection } = options;
  const { workspaceId, id } = connection;
  const result = { read: 0, changed: 0, companiesAdded: 0, companiesChanged: 0, unreadable: 0 };
  const begunAt = await db.inWorkspace(workspaceId, async (tx) => {
    const now = await readClock(tx);
    await forgetOldGone(tx, id);
    return now;
  });
  const through = (from: Date): Promise<void> =>
    db.inWorkspace(workspaceId, async (tx) => {
      await takeTurn(tx, workspaceId);
      await forgoDisk(tx);
      await noteSynced(tx, id, new Date(from.getTime() - INDEX_LAG_MS));
      await forgetSeen(tx, id);
    });
  await judgeAgain(options, result);
  const seen = await syncAll(options, result, { wanted: () => true, skipSeen: true });
  await through(seen.reduce((oldest, { since }) => (since < oldest ? since : oldest), begunAt));
  // What was read to its end before a stop, or begun before it, may have changed since.
  const before = new Set(seen.flatMap(({ object, since }) => (since < begunAt ? object : [])));
  if (before.size === 0) return result;
  await syncAll(options, result, { wanted: (object) => before.has(object), skipSeen: false });
  await through(begunAt);
  return result;
}

async function syncAll(options: SyncOptions, result: SyncResult, pass: Pass): Promise<Seen[]> {
  const seen: Seen[] = [];
  // Deals first: a company that somebody is selling to must be known as such before it is taken up.
  if (pass.wanted(DEALS)) {
    const deals = await syncDeals(options, pass);
    result.unreadable += deals.unreadable;
    if (deals.since !== null) seen.push({ object: DEALS, since: deals.since });
  }
  await syncObjects(options, { line: openMergeLine(), result, accounts: [], pass, seen });
  return seen;
}

/** An object that may not be read holds up no other, but where none may: then the connection's access is at fault. */
async function syncObjects(options: SyncOptions, shared: Shared): Promise<void> {
  const { crm, call } = options;
  const objects = crm.readObjects.filter(shared.pass.wanted);
  const forbidden: { object: CrmObject; error: ProviderError }[] = [];
  try {
    for (const object of objects)
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
  if (first !== undefined && forbidden.length === objects.length) throw first.error;
  for (const { object, error } of forbidden) {
    const what = [describeError(error), error.fix].filter(Boolean).join('; ');
    call.onNotice?.(`${object} was not read, everything else was: ${what}`);
  }
}
