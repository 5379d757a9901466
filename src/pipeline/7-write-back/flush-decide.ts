import type { CrmObject, RecordWrite } from '../../connectors/crm.ts';
import { recordKey } from '../store/writes-ledger.ts';
import type { RecordLedger } from '../store/writes-ledger.ts';
import { renewLeases } from '../store/writes-outbox.ts';
import { releaseAndSettle } from '../store/writes-settle.ts';
import type { Release, Settlement } from '../store/writes-settle.ts';
import type { Write } from '../store/writes.ts';
import { decideRecord } from './decide-record.ts';
import type { DecidedRow } from './decide-record.ts';
import { readRecords } from './flush-read.ts';
import type { Reading } from './flush-read.ts';
import type { FlushSession } from './flush-session.ts';
import { followPutBacks } from './follow-put-backs.ts';
import { followUndos } from './follow-undos.ts';
import { hintGone } from './hint-gone.ts';
import { putOff } from './put-off.ts';

/** A record whose fields may be sent as they were decided. */
export type ReadyRecord = {
  key: string;
  rows: DecidedRow[];
  write: RecordWrite;
  modifiedAt: string | null;
};

// Salesforce compares whole seconds: a person's edit within the second in which the record was last modified would not be
// noticed. So that second must be over when we read. How far the clocks of the machines there may be apart:
const CLOCKS_APART_MS = 10_000;
const SECOND_MS = 1_000;
// Records in one claim, several times over. One that is forgotten waits for a second more.
const MOST_SEEN = 10_000;
// Renewing thousands of rows costs as much as claiming them; a call may take 0.8 of a lease at most, and mostly takes far less.
const RENEW_AFTER_SHARE = 0.1;

/** Reads the records of claimed rows, call by call, and decides field by field. Settles what is not to be sent; yields the rest. */
export async function* decideRecords(
  session: FlushSession,
  claimed: readonly Write[],
  ledgers: ReadonlyMap<string, RecordLedger>,
): AsyncGenerator<ReadyRecord[]> {
  for (const [object, records] of groupByObject(claimed)) {
    const ids = [...records.keys()];
    for (let at = 0; at < ids.length; at += session.crm.readBatch) {
      const batch = ids.slice(at, at + session.crm.readBatch);
      await renewClaims(session);
      const readings = await readRecords(session, object, batch, 'read');
      const read = { rows: batch.flatMap((id) => records.get(id) ?? []), readings };
      if (session.crm.history) await followPutBacks(session, session.crm.history, object, read);
      await followUndos(session, object, read);
      const verdicts = batch.map((id) =>
        judgeRecord(session, records.get(id) ?? [], readings.get(id), ledgers),
      );
      await settleVerdicts(session, verdicts);
      yield verdicts.flatMap((verdict) => (verdict.ready === null ? [] : [verdict.ready]));
    }
  }
}

function groupByObject(rows: readonly Write[]): Map<CrmObject, Map<string, Write[]>> {
  const objects = new Map<CrmObject, Map<string, Write[]>>();
  for (const row of rows) {
    const records = objects.get(row.object) ?? new Map<string, Write[]>();
    objects.set(row.object, records);
    records.set(row.externalId, [...(records.get(row.externalId) ?? []), row]);
  }
  return objects;
}

/** Keeps what is in our hands; forgets what another flusher has taken over meanwhile. */
export async function renewClaims(session: FlushSession): Promise<void> {
  const now = performance.now();
  if (session.claims.size === 0 || now - session.renewedAt < session.leaseMs * RENEW_AFTER_SHARE) return;
  session.renewedAt = now;
  const held = await session.inTx((tx) => renewLeases(tx, [...session.claims.values()], session.leaseMs));
  for (const id of session.claims.keys()) if (!held.has(id)) session.claims.delete(id);
}

type Verdict = {
  ready: ReadyRecord | null;
  settlements: Settlement[];
  releases: Release[];
  /** The record itself, where the CRM says that it is gone. */
  gone: { object: CrmObject; externalId: string }[];
};

function judgeRecord(
  session: FlushSession,
  held: readonly Write[],
  reading: Reading | undefined,
  ledgers: ReadonlyMap<string, RecordLedger>,
): Verdict {
  const rows = held.filter((row) => session.claims.has(row.id));
  const [first] = rows;
  const verdict: Verdict = { ready: null, settlements: [], releases: [], gone: [] };
  if (first === undefined) return verdict;
  const key = recordKey(first);
  const { settled, send } = decideRecord(rows, reading, ledgers.get(key), session);
  verdict.settlements = settled.map(({ write: { id, attempt }, state, reason, present }) => ({
    id,
    attempt,
    state,
    reason,
    ...(present === undefined ? {} : { oldValue: present }),
    ...(state === 'conflicted' ? changedBy(reading) : {}),
  }));
  if (reading !== undefined && 'current' in reading && reading.current.values === null)
    verdict.gone.push({ object: first.object, externalId: first.externalId });
  if (send === null || reading === undefined) return verdict;
  const { unmodifiedSince } = send.write;
  if (unmodifiedSince === null || secondIsOver(session, key, unmodifiedSince, reading)) {
    verdict.ready = { key, ...send };
    return verdict;
  }
  for (const { write } of send.rows) {
    const later = putOff(write, 'The record is being edited', SECOND_MS);
    if ('state' in later) verdict.settlements.push(later);
    else verdict.releases.push(later);
  }
  return verdict;
}

/** Who changed the record last, where the CRM tells of records. */
export function changedBy(reading: Reading | undefined): Pick<Settlement, 'changedBy'> {
  const by = reading !== undefined && 'current' in reading ? reading.current.modifiedBy : undefined;
  return by === undefined ? {} : { changedBy: by };
}

/**
 * True when the second in which the record was last modified was over before this read began. A record last modified long
 * ago by the CRM's own clock (ours, where it does not tell) is past it; else it must have been seen like this a second
 * earlier, whatever the clocks say.
 */
function secondIsOver(
  session: FlushSession,
  key: string,
  modifiedAt: string,
  { startedAt, clockAt }: Pick<Reading, 'startedAt' | 'clockAt'>,
): boolean {
  if (Date.parse(modifiedAt) < clockAt - CLOCKS_APART_MS) return true;
  const seen = session.seen.get(key);
  if (seen?.modifiedAt === modifiedAt) return startedAt - seen.at >= SECOND_MS;
  session.seen.set(key, { modifiedAt, at: performance.now() });
  const [oldest] = session.seen.keys();
  if (session.seen.size > MOST_SEEN && oldest !== undefined) session.seen.delete(oldest);
  return false;
}

async function settleVerdicts(session: FlushSession, verdicts: readonly Verdict[]): Promise<void> {
  const settlements = verdicts.flatMap((verdict) => verdict.settlements);
  const releases = verdicts.flatMap((verdict) => verdict.releases);
  if (settlements.length === 0 && releases.length === 0) return;
  const settled = await session.inTx(async (tx) => {
    const ours = await releaseAndSettle(tx, 'planned', { releases, settlements });
    await hintGone(
      tx,
      session,
      verdicts.flatMap((verdict) => verdict.gone),
    );
    return ours;
  });
  for (const { id } of [...settlements, ...releases]) session.claims.delete(id);
  for (const { id, state } of settlements) if (settled.has(id)) session.count(state, 1);
}
