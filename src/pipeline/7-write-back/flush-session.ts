import type { CallOptions } from '../../connectors/call.ts';
import type { Crm, CrmObject, FieldAccess } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import { isDeadlock, repeat } from '../../db.ts';
import type { Database, Tx } from '../../db.ts';
import { ProviderError } from '../../errors.ts';
import type { Claim } from '../store/writes-outbox.ts';
import type { Write } from '../store/writes.ts';
import { countCalls } from './count-calls.ts';
import type { SentRecords } from './count-calls.ts';
import type { WritePolicies } from './field-policy.ts';

export type FlushCounts = { applied: number; conflicted: number; rejected: number; skipped: number };
export type FlushCalls = { read: number; write: number; readBack: number };

/** A value that the CRM took in this flush and that is still to be read back. */
export type Landed = Pick<Write, 'id' | 'object' | 'externalId' | 'field' | 'undoes'> & {
  value: FieldValue;
  /** What it was meant to replace. */
  before: FieldValue;
  /** The record's own last-modified time when that was read. */
  baseModifiedAt: Date | null;
};

/** Everything that the steps of one flush share. */
export type FlushSession = {
  workspaceId: string;
  connectionId: string;
  crm: Crm;
  policies: WritePolicies | undefined;
  conditional: boolean;
  /** Who may edit our fields, and when that was asked (milliseconds of a steady clock). */
  access: { fields: FieldAccess; askedAt: number };
  peopleMayEdit(object: CrmObject, field: FieldKey): boolean;
  leaseMs: number;
  uncertainMs: number;
  /** A write call that takes longer is too large (milliseconds). */
  slowMs: number;
  /** Most records in one write call; null: as many as the platform takes. */
  writeGroup: number | null;
  signal: AbortSignal;
  counts: FlushCounts;
  calls: FlushCalls;
  /** Rows in our hands that are neither on their way nor settled. */
  claims: Map<number, Claim>;
  /** When their leases were last renewed (milliseconds of a steady clock). */
  renewedAt: number;
  landed: Landed[];
  /** What was sent, for reckoning the fewest calls possible. */
  sent: SentRecords;
  /** When a record was first seen with that last-modified time (milliseconds of a steady clock). */
  seen: Map<string, { modifiedAt: string; at: number }>;
  /** Write calls in a row of which we do not know what became. */
  brokenCalls: number;
  inTx<T>(act: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * One platform call: counted, stoppable, and over before the lease of its rows is, which began at `leasedAt` (milliseconds of
   * performance.now(); now, unless told).
   */
  call<T>(kind: keyof FlushCalls, act: (options: CallOptions) => Promise<T>, leasedAt?: number): Promise<T>;
  /** How long a call may still take whose rows were leased at that moment, in milliseconds; nothing may be sent from 0 on. */
  timeLeft(leasedAt: number): number;
  count(state: keyof FlushCounts, fields: number): void;
};

/** One connection, opened for writing. */
export type OpenConnection = {
  crm: Crm;
  /** As it was asked last; empty before the first time. */
  fieldAccess: FieldAccess;
  /** How long ago that was, in milliseconds; null: never. Just now, where it is absent. */
  accessAgeMs?: number | null;
  policies?: WritePolicies;
};

export type SessionOptions = {
  db: Database;
  opened: OpenConnection;
  workspaceId: string;
  connectionId: string;
  signal: AbortSignal;
  /** A person waits for it. */
  interactive?: boolean | undefined;
  leaseMs?: number | undefined;
  uncertainMs?: number | undefined;
  slowMs?: number | undefined;
  onCall?: CallOptions['onCall'] | undefined;
  onProgress?: ((counts: FlushCounts) => void) | undefined;
};

// A call must end before its rows' lease does, or another flusher would read the record while ours is still being applied.
const CALL_SHARE_OF_LEASE = 0.8;
const LEASE_MS = 30_000;
const UNCERTAIN_MS = 5_000;
// A quarter of what one attempt has (app-crms.ts): twice as many records then take half of it.
const SLOW_MS = 5_000;

export function openSession(options: SessionOptions): FlushSession {
  const { db, opened, workspaceId, connectionId, signal, interactive = false, onCall, onProgress } = options;
  const { crm, fieldAccess, accessAgeMs = 0, policies } = opened;
  const access = { fields: fieldAccess, askedAt: performance.now() - (accessAgeMs ?? Infinity) };
  const leaseMs = options.leaseMs ?? LEASE_MS;
  const counts: FlushCounts = { applied: 0, conflicted: 0, rejected: 0, skipped: 0 };
  const calls: FlushCalls = { read: 0, write: 0, readBack: 0 };
  const timeLeft = (leasedAt: number): number => leasedAt + leaseMs * CALL_SHARE_OF_LEASE - performance.now();
  return {
    workspaceId,
    connectionId,
    crm,
    policies,
    conditional: crm.history === undefined,
    access,
    // Before the first check nobody knows. HubSpot lets people edit any property that is not read-only by design.
    peopleMayEdit: (object, field) =>
      crm.kind === 'hubspot' || (access.fields[object]?.includes(field) ?? true),
    leaseMs,
    uncertainMs: options.uncertainMs ?? UNCERTAIN_MS,
    slowMs: options.slowMs ?? SLOW_MS,
    writeGroup: null,
    signal,
    counts,
    calls,
    claims: new Map(),
    renewedAt: performance.now(),
    landed: [],
    sent: countCalls(crm),
    seen: new Map(),
    brokenCalls: 0,
    inTx: (act) => repeat(() => db.inWorkspace(workspaceId, act), lostARace),
    call: async (kind, act, leasedAt = performance.now()) => {
      signal.throwIfAborted();
      calls[kind] += 1;
      const left = timeLeft(leasedAt);
      const late = AbortSignal.timeout(Math.max(0, Math.ceil(left)));
      try {
        return await act({
          signal: AbortSignal.any([signal, late]),
          sendBefore: performance.now() + left,
          interactive,
          ...(onCall === undefined ? {} : { onCall }),
        });
      } catch (error) {
        if (!late.aborted || signal.aborted || error !== late.reason) throw error;
        throw new ProviderError({
          provider: crm.kind,
          operation: kind,
          kind: 'unavailable',
          message: 'no answer within the time that its rows were held',
          maybeApplied: kind === 'write',
          cause: error,
        });
      }
    },
    timeLeft,
    count: (state, fields) => {
      counts[state] += fields;
      if (fields > 0) onProgress?.({ ...counts });
    },
  };
}

// unique_violation (PostgreSQL, appendix A): a newer value was planned between our look and our update.
const lostARace = (error: unknown): boolean =>
  isDeadlock(error) || (error instanceof Error && 'code' in error && error.code === '23505');
