import type { CallOptions } from '../../connectors/call.ts';
import type { Crm, CrmObject, CrmRecord, FoundRecords } from '../../connectors/crm.ts';
import type { Database, Tx } from '../../db.ts';
import type { Connection } from '../store/connections.ts';
import { gatherRecords, mergeRecords, prepareRecord } from '../store/merge-records.ts';
import type { RecordKey } from '../store/write-records.ts';
import { saveGone } from '../store/gone-records.ts';
import { listHints, readClock, settleHints } from '../store/record-hints.ts';
import type { WaitingHint } from '../store/record-hints.ts';
import { beginStoring } from '../store/turns.ts';
import { mirrorRecord } from './mirror-record.ts';
import { SettingsChanged } from './settings-changed.ts';
import { openUnreadable } from './tell-unreadable.ts';

export type CatchUpResult = {
  /** Records that were looked at. */
  read: number;
  /** Rows that were new or changed in a way that matters. */
  changed: number;
};

export type CatchUpOptions = {
  db: Database;
  crm: Crm;
  connection: Connection;
  /** What was told by then is looked at; what is told later asks for another round. */
  toldBy: Date;
  call: CallOptions;
  /** Sees the records, and which of them lost their company, in the transaction that stores them. */
  onPage?: (tx: Tx, records: readonly CrmRecord[], strayed: readonly RecordKey[]) => Promise<void>;
  /** Told after each batch whose records are stored and whose hints are gone. */
  onProgress?: (progress: { read: number }) => void;
};

/**
 * Records that somebody told us to look at → records and companies, as a page of a sync. They are read by their ids in the platform's
 * batches, accounts before people; a hint goes in the transaction that stores what it was about, so a kill loses none.
 * @throws SettingsChanged, and what the CRM throws
 */
export async function catchUp(options: CatchUpOptions): Promise<CatchUpResult> {
  const result = { read: 0, changed: 0 };
  for (const object of options.crm.readObjects)
    for (;;) {
      options.call.signal.throwIfAborted();
      const { hints, askedAt } = await findHints(options, object);
      if (hints.length === 0) break;
      const found = await options.crm.readRecords(
        object,
        hints.map(({ externalId }) => externalId),
        options.call,
      );
      result.read += hints.length;
      result.changed += await store(options, object, { hints, askedAt }, found);
      options.onProgress?.({ read: result.read });
    }
  return result;
}

/** What waits, and when it was looked at, by the database's clock: before the CRM is asked. */
type Asked = { hints: readonly WaitingHint[]; askedAt: Date };

function findHints(options: CatchUpOptions, object: CrmObject): Promise<Asked> {
  const { db, crm, connection, toldBy } = options;
  const asked = { connectionId: connection.id, object, toldBy, limit: crm.recordBatch };
  return db.inWorkspace(connection.workspaceId, async (tx) => ({
    hints: await listHints(tx, asked),
    askedAt: await readClock(tx),
  }));
}

async function store(
  { db, connection, call, onPage }: CatchUpOptions,
  object: CrmObject,
  { hints, askedAt }: Asked,
  { records: read, unreadable = [] }: FoundRecords,
): Promise<number> {
  const { workspaceId, id: connectionId, settings } = connection;
  const asked = new Set(hints.map(({ externalId }) => externalId));
  const found = new Set([
    ...read.map(({ externalId }) => externalId),
    ...unreadable.map((row) => row.shownId),
  ]);
  // A row whose very id can't be read may be any of them.
  const isTold = unreadable.every(({ shownId }) => asked.has(shownId));
  const gone = hints.filter(({ externalId }) => isTold && !found.has(externalId));
  const records = [...read, ...gone.flatMap(asGone)];
  const prepared = records.map((record) => prepareRecord(mirrorRecord(record, settings.exclude)));
  let notice: string | null = null;
  const changed = await db.inWorkspace(workspaceId, async (tx) => {
    if (!(await beginStoring(tx, connection))) throw new SettingsChanged();
    const account = await openUnreadable(tx, { workspaceId, connectionId }, { object, afresh: false });
    await account.save(tx, unreadable, read);
    notice = account.describe();
    const merged = await mergeRecords(tx, { workspaceId, connectionId }, gatherRecords(prepared));
    await onPage?.(tx, records, merged.strayed);
    const externalIds = gone.flatMap(({ kind, externalId }) => (kind === 'gone' ? externalId : []));
    await saveGone(tx, { workspaceId, connectionId }, { object, externalIds, askedAt });
    await settleHints(tx, connectionId, hints);
    return merged.changed;
  });
  if (notice !== null) call.onNotice?.(notice);
  return changed;
}

/**
 * The CRM knows nothing of it any more: what we mirror of it is gone as it was known before the read, so that a row which came
 * meanwhile stays. Nothing for one that we never knew.
 */
function asGone({ object, externalId, knownModifiedAt }: WaitingHint): CrmRecord[] {
  if (knownModifiedAt === null) return [];
  return [
    {
      object,
      externalId,
      name: null,
      companyName: null,
      website: null,
      email: null,
      title: null,
      industry: null,
      employees: null,
      country: null,
      ownerId: null,
      parentId: null,
      modifiedAt: knownModifiedAt,
      deleted: true,
      mergedInto: null,
      convertedTo: null,
      isPerson: false,
      signs: { customer: null, optedOut: false, openDeals: 0 },
      others: {},
      ours: {},
    },
  ];
}
