import type { ProviderCall } from '../../connectors/call.ts';
import type { CrmObject, RecordWrite, Refusal } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Database } from '../../db.ts';
import { ProviderDownError, ProviderError, UserError, describeError } from '../../errors.ts';
import { findLedgers, recordKey } from '../store/writes-ledger.ts';
import { listRunWrites } from '../store/writes-list.ts';
import { saveRehearsal } from '../store/writes-rehearsal.ts';
import type { Write, WriteField } from '../store/writes.ts';
import { findFault } from './check-value.ts';
import { decideRecord } from './decide-record.ts';
import type { RecordDecision } from './decide-record.ts';
import { explainRow } from './explain-refusal.ts';
import { readRecords } from './flush-read.ts';
import { openSession } from './flush-session.ts';
import type { FlushCalls, FlushSession, OpenConnection } from './flush-session.ts';
import { isField, rehearseNotes } from './rehearse-notes.ts';

type Verdict = 'would-apply' | 'would-conflict' | 'would-reject' | 'unchanged';

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
  /** In the order in which they would go out. */
  fields: RehearsedField[];
  /** Platform calls that the run itself would make for them. */
  calls: FlushCalls;
  /** Connections whose records could not be read now, so that nothing is known of their fields; and why. */
  unread: { connectionId: string; because: string }[];
};

const PAGE = 5_000;

/**
 * What a dry run would have written: reads every record's present values and decides as a real flush would, without a
 * single write. Each verdict is kept with its row. A CRM that cannot be read keeps none of the others from it.
 */
export async function rehearse(
  deps: { db: Database; openCrm: (workspaceId: string, connectionId: string) => Promise<OpenConnection> },
  request: {
    workspaceId: string;
    runId: string;
    signal: AbortSignal;
    onCall?: (call: ProviderCall) => void;
  },
): Promise<Rehearsal> {
  const { workspaceId, runId } = request;
  const writes: Write<WriteField>[] = [];
  for (let afterId = 0; ; afterId = writes.at(-1)?.id ?? 0) {
    const page = await deps.db.inWorkspace(workspaceId, (tx) =>
      listRunWrites(tx, runId, { state: 'rehearsed', afterId, limit: PAGE }),
    );
    writes.push(...page);
    if (page.length < PAGE) break;
  }
  const rehearsal: Rehearsal = { fields: [], calls: { read: 0, write: 0, readBack: 0 }, unread: [] };
  for (const connectionId of new Set(writes.map((write) => write.connectionId))) {
    const ofConnection = writes.filter((write) => write.connectionId === connectionId);
    try {
      const opened = await deps.openCrm(workspaceId, connectionId);
      const session = openSession({ ...request, connectionId, db: deps.db, opened });
      const part: Rehearsal = { fields: [], calls: { read: 0, write: 0, readBack: 0 }, unread: [] };
      await rehearseConnection(session, ofConnection, part);
      rehearsal.fields.push(...part.fields);
      for (const kind of ['read', 'write', 'readBack'] as const) rehearsal.calls[kind] += part.calls[kind];
    } catch (error) {
      const isTheirs =
        error instanceof ProviderError || error instanceof ProviderDownError || error instanceof UserError;
      if (request.signal.aborted || !isTheirs) throw error;
      rehearsal.unread.push({ connectionId, because: describeError(error) });
    }
  }
  rehearsal.fields.sort((one, other) => one.id - other.id);
  return rehearsal;
}

async function rehearseConnection(
  session: FlushSession,
  planned: readonly Write<WriteField>[],
  rehearsal: Rehearsal,
): Promise<void> {
  const { crm, calls } = session;
  const writes = planned.filter(isField);
  const sent: RecordWrite[] = [];
  const locked = await crm.listLocked?.({ signal: session.signal });
  for (const object of new Set(writes.map((write) => write.object))) {
    const ofObject = writes.filter((write) => write.object === object);
    const records = Map.groupBy(ofObject, (write) => write.externalId);
    const addresses = [...records.keys()].map((externalId) => ({
      connectionId: session.connectionId,
      object,
      externalId,
    }));
    const ledgers = await session.inTx((tx) => findLedgers(tx, addresses));
    const readings = await readRecords(session, object, [...records.keys()], 'read');
    for (const address of addresses) {
      const rows = records.get(address.externalId) ?? [];
      const sound = rows.filter((row) => faultOf(row) === null);
      const reading = readings.get(address.externalId);
      const ledger = ledgers.get(recordKey(address));
      const open = decideRecord(sound, reading, ledger, session);
      // The real run sends it, and is told.
      if (open.send !== null) sent.push(open.send.write);
      const lock = locked?.get(address.externalId);
      const decision = lock === undefined ? open : refuseLocked(open, lock);
      const values = reading !== undefined && 'current' in reading ? reading.current.values : null;
      for (const row of rows)
        rehearsal.fields.push(describeField(row, values?.[row.field] ?? null, decision));
    }
    const ofThisObject = sent.filter((write) => write.object === object).length;
    rehearsal.calls.readBack += Math.ceil(ofThisObject / (crm.history?.batch ?? crm.readBatch));
  }
  const notes = await rehearseNotes(session, planned, rehearsal.fields);
  rehearsal.fields.push(...notes.fields);
  rehearsal.calls.read += calls.read;
  rehearsal.calls.write += crm.groupWrites(sent).length + notes.writeCalls;
  await session.inTx((tx) =>
    saveRehearsal(
      tx,
      rehearsal.fields.map(({ id, old, reason }) => ({ id, oldValue: old, reason })),
    ),
  );
}

/** What is left to be sent of a record that is locked now, as the CRM will refuse it. */
function refuseLocked({ settled, send }: RecordDecision, { code, message }: Refusal): RecordDecision {
  const reason = explainRow(code, message);
  const refused = (send?.rows ?? []).map((row) => ({ ...row, state: 'rejected' as const, reason }));
  return { settled: [...settled, ...refused], send: null };
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
  if (settled === undefined) return { ...at, verdict: 'would-apply', reason: null };
  return { ...at, verdict: VERDICTS[settled.state], reason: settled.reason };
}
