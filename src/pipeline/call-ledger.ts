import { setTimeout as wait } from 'node:timers/promises';
import type { ProviderCall } from '../connectors/call.ts';
import { isDatabaseGone } from '../db.ts';
import type { Database, Tx } from '../db.ts';
import { describeError } from '../errors.ts';
import type { Observer } from './run-company.ts';
import type { Connection } from './store/connections.ts';
import { priceOf, saveUsage } from './store/usage.ts';
import type { Prices, UsageContext } from './store/usage.ts';

type LedgerDeps = { db: Database; prices: Prices; observer?: Observer };

const TRY_AGAIN_MS = 250;
// What a few calls cost is booked together, at a tenth of the price of booking each.
const GATHER_MS = 100;
// Nobody's work waits longer than this for its calls to be booked; they are booked later then.
const BOOKING_PATIENCE_MS = 15_000;
// An answer that was paid for is worth waiting for a database that restarts or is moved.
const ANSWER_PATIENCE_MS = 5 * 60_000;

/** Books calls, however long the database is gone. A process that ends before takes them with it. */
async function book(deps: LedgerDeps, context: UsageContext, calls: readonly ProviderCall[]): Promise<void> {
  for (;;) {
    try {
      await deps.db.inWorkspace(context.workspaceId, (tx) => saveUsage(tx, context, calls, deps.prices));
      return;
    } catch (error) {
      if (!isDatabaseGone(error)) throw error;
      await wait(TRY_AGAIN_MS);
    }
  }
}

/** Takes a connection's calls into the usage ledger as they are made, one after another. */
export type CallLedger = {
  add(call: ProviderCall): void;
  /** Everything so far is booked, or will be once the database is back. */
  saved(): Promise<void>;
};

export function openCallLedger(
  deps: LedgerDeps,
  connection: Pick<Connection, 'workspaceId' | 'id'>,
): CallLedger {
  const context = { workspaceId: connection.workspaceId, connectionId: connection.id };
  let waiting: ProviderCall[] = [];
  let saving = Promise.resolve();
  let gathering = new AbortController();
  return {
    add: (call) => {
      waiting.push(call);
      deps.observer?.countCall(call, priceOf(call, deps.prices));
      // The one who waits takes it along.
      if (waiting.length > 1) return;
      const { signal } = gathering;
      saving = saving.then(async () => {
        await wait(GATHER_MS, undefined, { signal }).catch(() => undefined);
        const calls = waiting;
        waiting = [];
        await book(deps, context, calls);
      });
      // A failure is told by `saved`, which its owner always awaits.
      saving.catch(() => undefined);
    },
    saved: async () => {
      gathering.abort();
      gathering = new AbortController();
      const enough = new AbortController();
      const patience = wait(BOOKING_PATIENCE_MS, undefined, { signal: enough.signal }).catch(() => undefined);
      await Promise.race([saving, patience]).finally(() => enough.abort());
    },
  };
}

/** The calls of one company at work: each is saved with the answer that it brought, or at the next checkpoint. */
export type CompanyLedger = {
  add: (call: ProviderCall) => void;
  /** One transaction for what `act` saves and these calls (unless told, all that wait). Rolled back, they wait again. */
  save: <T>(act: (tx: Tx) => Promise<T>, calls?: readonly ProviderCall[]) => Promise<T>;
  /** The work is over, also when it failed: calls that still wait are booked as soon as the database takes them. */
  close: () => void;
};

/** @param signal stops the waiting for a database that is gone */
export function openCompanyLedger(deps: LedgerDeps, job: UsageContext, signal: AbortSignal): CompanyLedger {
  const waiting = new Set<ProviderCall>();
  return {
    add: (call) => {
      waiting.add(call);
      deps.observer?.countCall(call, priceOf(call, deps.prices));
    },
    save: async (act, calls = [...waiting]) => {
      const deadline = performance.now() + ANSWER_PATIENCE_MS;
      // Nobody else takes them meanwhile: what is saved in another's transaction would be lost with it.
      for (const call of calls) waiting.delete(call);
      for (;;) {
        try {
          return await deps.db.inWorkspace(job.workspaceId, async (tx) => {
            const saved = await act(tx);
            await saveUsage(tx, job, calls, deps.prices);
            return saved;
          });
        } catch (error) {
          if (!isDatabaseGone(error) || signal.aborted || performance.now() > deadline) {
            for (const call of calls) waiting.add(call);
            throw error;
          }
          await wait(TRY_AGAIN_MS);
        }
      }
    },
    close: () => {
      const calls = [...waiting];
      waiting.clear();
      if (calls.length === 0) return;
      book(deps, job, calls).catch((error: unknown) =>
        process.emitWarning(`${calls.length} calls are missing in the ledger: ${describeError(error)}`),
      );
    },
  };
}
