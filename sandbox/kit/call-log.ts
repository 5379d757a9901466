/** One request that a twin received. */
type LoggedCall = {
  n: number;
  /** Milliseconds since the epoch, real time (not the twin's clock). */
  at: number;
  method: string;
  path: string;
  status: number | null;
  /** The fault that was played on it, if any. */
  fault: string | null;
  /** What the twin understood: `search`, `collections update`, … */
  operation: string;
  /** Size of what it was about: rows, tokens, credits. */
  units: number;
  /** What it asked for, where the twin says so: a search's query and domains. */
  about: string | null;
  /** Arrived while an earlier 429's Retry-After still ran. */
  early: boolean;
  milliseconds: number;
};

export type CallLog = {
  add(call: Omit<LoggedCall, 'n'>): void;
  list(): LoggedCall[];
  summary(): { total: number; byOperation: Record<string, { calls: number; units: number; failed: number }> };
  clear(): void;
};

// Enough for the largest bench; older calls stay in the counts only.
const KEPT_CALLS = 50_000;

/** Counts every request and keeps the last 50,000 in full. */
export function createCallLog(): CallLog {
  let calls: LoggedCall[] = [];
  let total = 0;
  let byOperation: Record<string, { calls: number; units: number; failed: number }> = {};
  return {
    add: (call) => {
      total += 1;
      calls.push({ ...call, n: total });
      if (calls.length > KEPT_CALLS * 1.2) calls = calls.slice(-KEPT_CALLS);
      const sums = (byOperation[call.operation] ??= { calls: 0, units: 0, failed: 0 });
      sums.calls += 1;
      sums.units += call.units;
      if (call.status === null || call.status >= 400) sums.failed += 1;
    },
    list: () => calls,
    summary: () => ({ total, byOperation }),
    clear: () => {
      calls = [];
      total = 0;
      byOperation = {};
    },
  };
}
