import { setTimeout as wait } from 'node:timers/promises';
import type { ProviderCall } from '../../connectors/call.ts';
import type { Database } from '../../db.ts';
import { findLedgers, recordKey } from '../store/writes-ledger.ts';
import type { RecordLedger } from '../store/writes-ledger.ts';
import {
  cancelPlanned,
  claimPlanned,
  listDueRecords,
  lockConnection,
  readOutbox,
} from '../store/writes-outbox.ts';
import type { OpenRecord } from '../store/writes-outbox.ts';
import { releaseWrites } from '../store/writes-settle.ts';
import type { Write } from '../store/writes.ts';
import { decideRecords, renewClaims } from './flush-decide.ts';
import type { ReadyRecord } from './flush-decide.ts';
import { readBackLanded, readBackLeftovers } from './flush-read-back.ts';
import { resolveUnresolved } from './flush-resolve.ts';
import { groupRecords, sendGroups } from './flush-send.ts';
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
  /** How long after a broken call the CRM is given to finish it before the record is read, in milliseconds. Default 5,000. */
  uncertainMs?: number;
};

export type FlushRequest = {
  workspaceId: string;
  connectionId: string;
  signal: AbortSignal;
  /**
   * `full-batches-only` leaves a group that one call could still take more into for later; `asked-only` sends what a person's own
   * request planned, with the calls of the day that are kept for people.
   */
  mode: 'now' | 'full-batches-only' | 'asked-only';
  onCall?: (call: ProviderCall) => void;
  onProgress?: (counts: FlushCounts) => void;
};

export type FlushResult = FlushCounts & {
  /** Fields still to be sent after this flush. */
  waiting: number;
  /** Platform calls: reading before, writing, reading back after. */
  calls: FlushCalls;
  /** The fewest write calls that the same records would have taken, all known at once. */
  minimumWriteCalls: number;
  /** Why it stopped early; null when it went through. */
  stopped: Omit<Stop, 'comeBackAt'> | null;
  /** When there is more to do; null when only new plans make work. */
  comeBackAt: Date | null;
};

export type Flusher = { flushConnection(request: FlushRequest): Promise<FlushResult> };

// Salesforce reads 2,000 records in one call; with fewer in hand a call would go out half full.
const RECORDS_AT_ONCE = 2_000;
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
  const { crm, connectionId } = session;
  await session.inTx((tx) => cancelPlanned(tx, connectionId));
  const forAll = mode !== 'asked-only';
  if (forAll) await readBackLeftovers(session);
  let ready: ReadyRecord[] = [];
  for (;;) {
    session.signal.throwIfAborted();
    if (forAll) await resolveUnresolved(session);
    await renewClaims(session);
    const claimed = await claim(session, mode);
    if (claimed.writes.length > 0) {
      const decided = await decideRecords(session, claimed.writes, claimed.ledgers);
      // A lease that ran out while a record waited for company: it was claimed and read anew.
      const anew = new Set(claimed.writes.map((write) => recordKey(write)));
      ready = [...ready.filter((record) => !anew.has(record.key)), ...decided];
      const groups = groupRecords(crm, connectionId, ready);
      await sendGroups(session, groups.full);
      ready = groups.rest.flat();
      continue;
    }
    if (mode === 'full-batches-only') break;
    if (ready.length > 0) {
      await sendGroups(session, groupRecords(crm, connectionId, ready).rest);
      ready = [];
      continue;
    }
    if (!forAll) break;
    const { dueInMs } = await session.inTx((tx) => readOutbox(tx, connectionId));
    if (dueInMs === null || dueInMs > PATIENCE_MS) break;
    await wait(Math.max(dueInMs, SHORTEST_WAIT_MS), undefined, { signal: session.signal });
  }
  await readBackLanded(session, 'all');
}

type Claimed = { writes: Write[]; ledgers: Map<string, RecordLedger> };

async function claim(session: FlushSession, mode: FlushRequest['mode']): Promise<Claimed> {
  const { connectionId } = session;
  const claimed = await session.inTx(async (tx): Promise<Claimed> => {
    await lockConnection(tx, connectionId);
    const askedOnly = mode === 'asked-only';
    const due = await listDueRecords(tx, connectionId, { limit: RECORDS_AT_ONCE, askedOnly });
    const chosen = mode === 'full-batches-only' ? chooseFullGroups(session, due) : due;
    if (chosen.length === 0) return { writes: [], ledgers: new Map() };
    const writes = await claimPlanned(tx, connectionId, chosen, session.leaseMs);
    const records = chosen.map(({ object, externalId }) => ({ connectionId, object, externalId }));
    return { writes, ledgers: await findLedgers(tx, records) };
  });
  if (session.claims.size === 0) session.renewedAt = performance.now();
  for (const { id, attempt } of claimed.writes) session.claims.set(id, { id, attempt });
  return claimed;
}

function chooseFullGroups(session: FlushSession, due: readonly OpenRecord[]): OpenRecord[] {
  const { connectionId, crm } = session;
  const now = new Date().toISOString();
  const shaped = due.map((record) => {
    const editable = record.fields.some((field) => session.peopleMayEdit(record.object, field));
    const fields = Object.fromEntries(record.fields.map((field) => [field, null]));
    const write = { ...record, fields, unmodifiedSince: editable ? now : null };
    return { key: recordKey({ connectionId, ...record }), write, record };
  });
  return groupRecords(crm, connectionId, shaped).full.flatMap((group) => group.map(({ record }) => record));
}

/** Rows that this flush took and did not come to go back at once, not only when their lease runs out. */
async function letGo(session: FlushSession): Promise<void> {
  const held = [...session.claims.values()].map((row) => ({ ...row, delayMs: 0, failed: false }));
  if (held.length > 0) await session.inTx((tx) => releaseWrites(tx, held));
}

async function summarise(
  session: FlushSession,
  mode: FlushRequest['mode'],
  stopped: Stop | null,
): Promise<FlushResult> {
  const { waiting, dueInMs } = await session.inTx((tx) => readOutbox(tx, session.connectionId));
  const isLater = dueInMs !== null && (mode === 'now' || dueInMs > 0);
  const comeBackAt = isLater ? new Date(Date.now() + dueInMs) : null;
  return {
    ...session.counts,
    waiting,
    calls: session.calls,
    minimumWriteCalls: session.crm.groupWrites([...session.sent.values()]).length,
    stopped,
    comeBackAt: stopped?.comeBackAt ?? comeBackAt,
  };
}
