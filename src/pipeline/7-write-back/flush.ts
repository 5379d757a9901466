import type { ProviderCall } from '../../connectors/call.ts';
import type { Crm, CrmObject } from '../../connectors/crm.ts';
import type { FieldKey } from '../../connectors/crm-fields.ts';
import type { Database } from '../../db.ts';
import type { FieldPolicies } from './field-policy.ts';

/** One connection, opened for writing. */
export type OpenConnection = {
  crm: Crm;
  /** Fields that people may edit, per object, as the last check found; empty before the first one. */
  fieldAccess: Partial<Record<CrmObject, FieldKey[]>>;
  policies?: FieldPolicies;
};

export type FlusherOptions = {
  db: Database;
  openCrm(workspaceId: string, connectionId: string): Promise<OpenConnection>;
  /** How long a claimed row is one flusher's own, in milliseconds; also the longest that one call may take. Default 30,000. */
  leaseMs?: number;
  /** How long after a broken call the CRM is given to finish it before the record is read, in milliseconds. Default 5,000. */
  uncertainMs?: number;
};

export type FlushRequest = {
  workspaceId: string;
  connectionId: string;
  signal: AbortSignal;
  /** `full-batches-only` leaves a group that one call could still take more into for later. */
  mode: 'now' | 'full-batches-only';
  onCall?: (call: ProviderCall) => void;
  onProgress?: (counts: FlushCounts) => void;
};

/** Fields (not records) by what became of them in this flush. */
export type FlushCounts = { applied: number; conflicted: number; rejected: number; skipped: number };

export type FlushResult = FlushCounts & {
  /** Fields still to be sent after this flush. */
  waiting: number;
  /** Platform calls: reading before, writing, reading back after. */
  calls: { read: number; write: number; readBack: number };
  /** The fewest write calls that the same records would have taken, all known at once. */
  minimumWriteCalls: number;
  /** Why it stopped early; null when it went through. */
  stopped: { because: string; fix?: string } | null;
  /** When there is more to do; null when only new plans make work. */
  comeBackAt: Date | null;
};

export type Flusher = { flushConnection(request: FlushRequest): Promise<FlushResult> };

export declare function createFlusher(options: FlusherOptions): Flusher;
