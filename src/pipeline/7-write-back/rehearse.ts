import type { ProviderCall } from '../../connectors/call.ts';
import type { Crm, CrmObject } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Database } from '../../db.ts';
import { ProviderDownError, ProviderError, UserError, describeError } from '../../errors.ts';
import { findLedgers, recordKey } from '../store/writes-ledger.ts';
import { endRehearsal } from '../store/rehearsals.ts';
import type { RehearsedCalls, UnreadConnection } from '../store/rehearsals.ts';
import { findRun } from '../store/runs.ts';
import { listRehearsed, listRehearsedObjects, saveRehearsal } from '../store/writes-rehearsal.ts';
import type { Verdict } from '../store/writes-rehearsal.ts';
import type { Write, WriteField } from '../store/writes.ts';
import { findFault } from './check-value.ts';
import { countMoreReadings } from './count-readings.ts';
import { countCalls } from './count-calls.ts';
import type { SentRecords } from './count-calls.ts';
import { decideRecord } from './decide-record.ts';
import type { RecordDecision } from './decide-record.ts';
import { readRecords } from './flush-read.ts';
import { openSession } from './flush-session.ts';
import type { FlushSession, OpenConnection } from './flush-session.ts';
import { refuseLocked } from './refuse-locked.ts';
import { rehearseMerged } from './rehearse-merged.ts';
import { isField, openNotes } from './rehearse-notes.ts';
import type { RehearsedNotes } from './rehearse-notes.ts';

export type RehearsedField = {
  id: number;
  connectionId: string;
  object: CrmObject;
  externalId: string;
  companyId: string;
  field: WriteField;
  /** What the CRM holds now; null also when it could not be read. */
  old: FieldValue;
  new: FieldValue;
  verdict: Verdict;
  reason: string | null;
};

export type Rehearsal = {
  /** Platform calls that the run itself would make for what was rehearsed. */
  calls: RehearsedCalls;
  /** Connections that could not be read to the end, so that nothing is known of the rest of their fields; and why. */
  unread: UnreadConnection[];
};

export type RehearseRequest = {
  workspaceId: string;
  runId: string;
  signal: AbortSignal;
  onCall?: (call: ProviderCall) => void;
  /** Told field by field, all of a record at once, one object of one connection after the other. */
  onFields: (fields: readonly RehearsedField[]) => void;
};

// Several full reading calls of HubSpot (100), one of Salesforce (2,000).
const LEAST_RECORDS = 500;

/**
 * What a dry run would have written: reads every record's present values and decides as a real flush would, without a
 * single write. Each verdict is kept with its row, and what it came to with the run. A CRM that cannot be read keeps none of the others from it. Holds no more than
 * some thousand records at a time, whatever the run's size.
 */
export async function rehearse(
  deps: { db: Database; openCrm: (workspaceId: string, connectionId: string) => Promise<OpenConnection> },
  request: RehearseRequest,
): Promise<Rehearsal> {
  const { workspaceId, runId, signal } = request;
  const rehearsal: Rehearsal = {
    calls: {
      read: 0,
      write: 0,
      readBack: 0,
      mostRead: 0,
      mostReadBack: 0,
      writeEachFiveMinutes: 0,
      readEachFiveMinutes: 0,
    },
    unread: [],
  };
  const { run, planned } = await deps.db.inWorkspace(workspaceId, async (tx) => ({
    run: await findRun(tx, runId),
    planned: await listRehearsedObjects(tx, runId),
  }));
  for (const [connectionId, ofConnection] of Map.groupBy(planned, (one) => one.connectionId)) {
    try {
      const opened = await deps.openCrm(workspaceId, connectionId);
      const session = openSession({ ...request, connectionId, db: deps.db, opened });
      const objects = ofConnection.map(({ object }) => object);
      const calls = await rehearseConnection(session, objects, request, run?.kind === 'undo');
      rehearsal.calls = addCalls(rehearsal.calls, calls);
    } catch (error) {
      const isTheirs =
        error instanceof ProviderError || error instanceof ProviderDownError || error instanceof UserError;
      if (signal.aborted || !isTheirs) throw error;
      rehearsal.unread.push({ connectionId, because: describeError(error) });
    }
  }
  await deps.db.inWorkspace(workspaceId, (tx) => endRehearsal(tx, runId, rehearsal));
  return rehearsal;
}

function addCalls(one: RehearsedCalls, other: RehearsedCalls): RehearsedCalls {
  const plus = (a: number | null, b: number | null): number => (a ?? 0) + (b ?? 0);
  return {
    read: one.read + other.read,
    write: one.write + other.write,
    readBack: one.readBack + other.readBack,
    mostRead: plus(one.mostRead, other.mostRead),
    mostReadBack: plus(one.mostReadBack, other.mostReadBack),
    writeEachFiveMinutes: one.writeEachFiveMinutes + other.writeEachFiveMinutes,
    readEachFiveMinutes: one.readEachFiveMinutes + other.readEachFiveMinutes,
  };
}

type Tally = {
  sent: SentRecords;
  /** Records of the present object that are sent; of all objects those that are looked at, and those that are sent. */
  records: number;
  seen: number;
  going: number;
  notes: RehearsedNotes;
};

async function rehearseConnection(
  session: FlushSession,
  objects: readonly CrmObject[],
  { runId, onFields }: RehearseRequest,
  isUndo: boolean,
): Promise<RehearsedCalls> {
  const { crm, connectionId } = session;
  const limit = Math.max(crm.readBatch, LEAST_RECORDS);
  const findLocks = await crm.openLocks?.({ signal: session.signal });
  const tally: Tally = {
    sent: countCalls(crm, { whole: true }),
    records: 0,
    seen: 0,
    going: 0,
    notes: openNotes(session),
  };
  let readBack = 0;
  for (const object of objects) {
    tally.records = 0;
    for (let behind = ''; ;) {
      const page = await session.inTx((tx) =>
        listRehearsed(tx, runId, { connectionId, object, behind, limit }),
      );
      const last = page.at(-1);
      if (last === undefined) break;
      behind = last.externalId;
      const fields = await rehearsePage(session, object, page, { tally, findLocks });
      await session.inTx((tx) =>
        saveRehearsal(
          tx,
          fields.map(({ id, old, verdict, reason }) => ({ id, oldValue: old, verdict, reason })),
        ),
      );
      onFields(fields);
    }
    readBack += Math.ceil(tally.records / (crm.history?.batch ?? crm.readBatch));
    tally.going += tally.records;
  }
  const { read } = session.calls;
  const [records, sent] = [tally.seen, tally.going];
  const more = countMoreReadings({
    records,
    sent,
    objects: objects.length,
    readBatch: crm.readBatch,
    isUndo,
  });
  return {
    read,
    write: tally.sent.fewestCalls() + tally.notes.writeCalls(),
    readBack,
    mostRead: read + more,
    mostReadBack: readBack + more,
    // An undo is planned as a whole before anything of it is sent: no value of it waits for others.
    writeEachFiveMinutes: isUndo ? 0 : tally.sent.countKinds() + tally.notes.countKinds(),
    readEachFiveMinutes: isUndo ? 0 : objects.length,
  };
}

type Locks = Awaited<ReturnType<NonNullable<Crm['openLocks']>>>;

/** All fields and notes of some records of one object. */
async function rehearsePage(
  session: FlushSession,
  object: CrmObject,
  page: readonly Write<WriteField>[],
  { tally, findLocks }: { tally: Tally; findLocks: Locks | undefined },
): Promise<RehearsedField[]> {
  const records = Map.groupBy(page.filter(isField), (write) => write.externalId);
  const ids = [...records.keys()];
  const addresses = ids.map((externalId) => ({ connectionId: session.connectionId, object, externalId }));
  const ledgers = await session.inTx((tx) => findLedgers(tx, addresses));
  const readings = await readRecords(session, object, ids, 'read');
  const merged = await rehearseMerged(session, object, page.filter(isField), readings);
  for (const { key, write } of merged.sent) tally.sent.add(key, write);
  tally.records += merged.sent.length;
  tally.seen += ids.length;
  const locked = await findLocks?.(ids);
  const fields: RehearsedField[] = [];
  for (const address of addresses) {
    const rows = records.get(address.externalId) ?? [];
    const sound = rows.filter((row) => faultOf(row) === null && !merged.fields.has(row.id));
    const reading = readings.get(address.externalId);
    const key = recordKey(address);
    const open = decideRecord(sound, reading, ledgers.get(key), session);
    // The real run sends it, and is told.
    if (open.send !== null) {
      tally.sent.add(key, open.send.write);
      tally.records += 1;
    }
    const lock = locked?.get(address.externalId);
    const decision = lock === undefined ? open : refuseLocked(open, lock);
    const values = reading !== undefined && 'current' in reading ? reading.current.values : null;
    for (const row of rows)
      fields.push(merged.fields.get(row.id) ?? describeField(row, values?.[row.field] ?? null, decision));
  }
  return [...fields, ...(await tally.notes.rehearse(page, fields))];
}

// What stood in the CRM before is judged by the CRM alone.
const faultOf = ({ undoes, field, newValue }: Write): string | null =>
  undoes === null ? findFault(field, newValue) : null;

const VERDICTS = { skipped: 'unchanged', conflicted: 'would-conflict', rejected: 'would-reject' } as const;

function describeField(row: Write, old: FieldValue, decision: RecordDecision): RehearsedField {
  const { id, connectionId, object, externalId, companyId, field, newValue } = row;
  const at = { id, connectionId, object, externalId, companyId, field, old, new: newValue };
  const fault = faultOf(row);
  if (fault !== null) return { ...at, verdict: 'would-reject', reason: fault };
  const settled = decision.settled.find((one) => one.write.id === id);
  if (settled === undefined) {
    const over = decision.send?.rows.find((one) => one.write.id === id)?.over ?? null;
    return { ...at, verdict: 'would-apply', reason: over };
  }
  return { ...at, verdict: VERDICTS[settled.state], reason: settled.reason };
}
