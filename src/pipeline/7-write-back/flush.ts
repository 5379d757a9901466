import { setTimeout as wait } from 'node:timers/promises';
import type { ProviderCall } from '../../connectors/call.ts';
import type { Database, Tx } from '../../db.ts';
import { findLedgers, recordKey } from '../store/writes-ledger.ts';
import type { RecordLedger } from '../store/writes-ledger.ts';
import { listDueRecords } from '../store/writes-due.ts';
import type { OpenRecord } from '../store/writes-due.ts';
import { readOutbox } from '../store/writes-open.ts';
import { cancelPlanned, claimPlanned, lockConnection } from '../store/writes-outbox.ts';
import { releaseWrites } from '../store/writes-settle.ts';
import { settleWithdrawn } from '../store/writes-undo.ts';
import type { Write } from '../store/writes.ts';
import { RECORDS_AT_ONCE, leastWorthReading } from './count-readings.ts';
import { renewAccess } from './flush-access.ts';
import { decideRecords, renewClaims } from './flush-decide.ts';
import type { ReadyRecord } from './flush-decide.ts';
import { flushNotes } from './flush-notes.ts';
import { readBackLanded, readBackLeftovers } from './flush-read-back.ts';
import { resolveUnresolved } from './flush-resolve.ts';
import { sendGroups } from './flush-send.ts';
import { groupRecords } from './group-records.ts';
import { openSession } from './flush-session.ts';
import type { FlushCalls, FlushCounts, FlushSession, OpenConnection } from './flush-session.ts';
import { explainStop } from './explain-stop.ts';
import type { Stop } from './explain-stop.ts';

export type { FlushCounts, OpenConnection } from './flush-session.ts';

export type FlusherOptions = {
  db: Database;
  openCrm: (workspaceId: string, connectionId: string) => Promise<OpenConnection>;
  /** How long a claimed row is one flusher's own, in milliseconds; no call may take longer than 0.8 of it. Default 30,000. */
  leaseMs?: number;
  /** How long after a broken call the record is first looked at, in milliseconds. Default 5,000. */
  uncertainMs?: number;
  /** How long a write call may take before the next ones carry fewer records, in milliseconds. Default 5,000. */
  slowMs?: number;
};

export type FlushRequest = {
  workspaceId: string;
  connectionId: string;
  signal: AbortSignal;
  /**
   * `full-batches-only` leaves a group that one call could still take more into for later; `all-once` sends what waits, and leaves what
   * is planned meanwhile to a later flush where it makes no full batch; `asked-only` sends what a person's own
   * request planned, with the calls of the day that are kept for people.
   */
  mode: 'now' | 'full-batches-only' | 'all-once' | 'asked-only';
  onCall?: (call: ProviderCall) => void;
  onProgress?: (counts: FlushCounts) => void;
};

export type FlushResult = FlushCounts & {
  /** Fields still to be sent after this flush, up to MOST_COUNTED. */
  waiting: number;
  /** Platform calls: reading before, writing, reading back after. */
  calls: FlushCalls;
  /** The fewest write calls that the same records would have taken, all known at once. */
  minimumWriteCalls: number;
  /** Why it stopped early; null when it went through. */
  stopped: Omit<Stop, 'comeBackAt'> | null;
  /** When there is more to do, reading back included; null when only new plans make work. */
  comeBackAt: Date | null;
};

export type Flusher = { flushConnection(request: FlushRequest): Promise<FlushResult> };

// A million in one statement would outlast the time that a statement has.
const CANCELLED_AT_ONCE = 10_000;
// What is due within this time is waited for; anything later is for the next flush.
const PATIENCE_MS = 3_000;
const SHORTEST_WAIT_MS = 20;

/**
 * Makes the one that sends planned writes. Any number of flushers, in any number of processes, may work on a connection.
 * Answers also when the CRM is down or the signal stops it: then `stopped` says why and everything else stays planned.
 * Throws only for mistakes of ours and a dead database; nothing is lost then either.
 */
export function createFlusher(options: FlusherOptions): Flusher {
  return {
    flushConnection: async (request) => {
      const { workspaceId, connectionId, signal } = request;
      const session = openSession({
        ...request,
        db: options.db,
        opened: await options.openCrm(workspaceId, connectionId),
        interactive: request.mode === 'asked-only',
        leaseMs: options.leaseMs,
        uncertainMs: options.uncertainMs,
        slowMs: options.slowMs,
      });
      let stopped: Stop | null = null;
      try {
        await flush(session, request.mode);
      } catch (error) {
        stopped = explainStop(error, signal);
        if (stopped === null) throw error;
      } finally {
        await letGo(session);
      }
      return summarise(session, request.mode, stopped);
    },
  };
}

async function flush(session: FlushSession, mode: FlushRequest['mode']): Promise<void> {
  const { connectionId } = session;
  for (const settle of [
    (tx: Tx) => cancelPlanned(tx, connectionId, CANCELLED_AT_ONCE),
    (tx: Tx) => settleWithdrawn(tx, { connectionId }, CANCELLED_AT_ONCE),
  ])
    while ((await session.inTx(settle)) === CANCELLED_AT_ONCE) session.signal.throwIfAborted();
  const forAll = mode !== 'asked-only';
  if (forAll) await readBackLeftovers(session);
  let ready: ReadyRecord[] = [];
  let takesAll = mode !== 'full-batches-only';
  for (;;) {
    session.signal.throwIfAborted();
    if (forAll) await resolveUnresolved(session);
    await renewClaims(session);
    const claimed = await claim(session, { askedOnly: !forAll, takesAll });
    if (mode === 'all-once' && claimed.records < RECORDS_AT_ONCE) takesAll = false;
    if (claimed.writes.length > 0) {
      await renewAccess(session);
      // A lease that ran out while a record waited for company: it was claimed and is read anew.
      const anew = new Set(claimed.writes.map((write) => recordKey(write)));
      ready = ready.filter((record) => !anew.has(record.key));
      // What was read goes out before the next records are read: the less time between, the fewer races are lost.
      for await (const decided of decideRecords(session, claimed.writes, claimed.ledgers)) {
        const groups = groupRecords(session, [...ready, ...decided]);
        await sendGroups(session, groups.full);
        ready = groups.rest.flat();
      }
      continue;
    }
    const rest = groupRecords(session, ready).rest.filter(
      (group) => mode !== 'full-batches-only' || group.some(isUrgent),
    );
    if (rest.length > 0) {
      await sendGroups(session, rest);
      const sent = new Set(rest.flat());
      ready = ready.filter((record) => !sent.has(record));
      continue;
    }
    if (session.landed.length > 0) {
      // What comes out may have to be put back, and what waited for it may go.
      await readBackLanded(session, 'all');
      continue;
    }
    if (await flushNotes(session, { askedOnly: !forAll, fullOnly: mode === 'full-batches-only' })) continue;
    if (mode !== 'now') break;
    const { dueInMs } = await readOpen(session);
    if (dueInMs === null || dueInMs > PATIENCE_MS) break;
    await wait(Math.max(dueInMs, SHORTEST_WAIT_MS), undefined, { signal: session.signal });
  }
}

const isUrgent = (record: ReadyRecord): boolean => record.rows.some(({ write }) => write.undoes !== null);

type Claimed = { writes: Write[]; ledgers: Map<string, RecordLedger>; records: number };

async function claim(
  session: FlushSession,
  { askedOnly, takesAll }: { askedOnly: boolean; takesAll: boolean },
): Promise<Claimed> {
  const { connectionId } = session;
  const claimed = await session.inTx(async (tx): Promise<Claimed> => {
    session.writeGroup = (await lockConnection(tx, connectionId)).writeGroup;
    const { records: due } = await listDueRecords(tx, connectionId, {
      limit: RECORDS_AT_ONCE,
      askedOnly,
      readBackFirst: session.crm.history !== undefined,
    });
    const chosen = takesAll ? due : chooseWorthwhile(session, due);
    if (chosen.length === 0) return { writes: [], ledgers: new Map(), records: 0 };
    const writes = await claimPlanned(tx, connectionId, chosen, session.leaseMs);
    const records = chosen.map(({ object, externalId }) => ({ connectionId, object, externalId }));
    return { writes, ledgers: await findLedgers(tx, records), records: records.length };
  });
  if (session.claims.size === 0) session.renewedAt = performance.now();
  for (const { id, attempt } of claimed.writes) session.claims.set(id, { id, attempt });
  return claimed;
}

/** What need not wait for more: records that make full calls, enough of them to be worth reading, and what is put back. */
function chooseWorthwhile(session: FlushSession, due: readonly OpenRecord[]): OpenRecord[] {
  const { connectionId, crm } = session;
  const urgent = due.filter((record) => record.urgent);
  const least = leastWorthReading(crm.readBatch);
  if (due.length < least) return urgent;
  const now = new Date().toISOString();
  const shaped = due.map((record) => {
    const editable = record.fields.some((field) => session.peopleMayEdit(record.object, field));
    const fields = Object.fromEntries(record.fields.map((field) => [field, null]));
    const write = { ...record, fields, unmodifiedSince: editable && session.conditional ? now : null };
    return { key: recordKey({ connectionId, ...record }), write, record };
  });
  const full = groupRecords(session, shaped).full.flat();
  if (full.length < least) return urgent;
  return [...new Set([...full.map(({ record }) => record), ...urgent])];
}

/** Rows that this flush took and did not come to go back at once, not only when their lease runs out. */
async function letGo(session: FlushSession): Promise<void> {
  const held = [...session.claims.values()].map((row) => ({ ...row, delayMs: 0, failed: false }));
  if (held.length > 0) await session.inTx((tx) => releaseWrites(tx, held));
}

const readOpen = ({ connectionId, crm, inTx }: FlushSession) =>
  inTx((tx) => readOutbox(tx, connectionId, crm.history !== undefined));

async function summarise(
  session: FlushSession,
  mode: FlushRequest['mode'],
  stopped: Stop | null,
): Promise<FlushResult> {
  const { waiting, dueInMs, unreadSince } = await readOpen(session);
  const later = [
    ...(dueInMs !== null && (mode === 'now' || dueInMs > 0) ? [Date.now() + dueInMs] : []),
    ...(unreadSince === null ? [] : [unreadSince.getTime() + session.leaseMs]),
  ];
  const comeBackAt = later.length === 0 ? null : new Date(Math.min(...later));
  return {
    ...session.counts,
    waiting,
    calls: session.calls,
    minimumWriteCalls: session.sent.fewestCalls(),
    stopped,
    comeBackAt: stopped?.comeBackAt ?? comeBackAt,
  };
}
