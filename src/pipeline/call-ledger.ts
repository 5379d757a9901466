import type { ProviderCall } from '../connectors/call.ts';
import { setTimeout as wait } from 'node:timers/promises';
import { isDatabaseGone } from '../db.ts';
import type { Database, Tx } from '../db.ts';
import type { CompanyJob } from './queue/jobs.ts';
import type { Observer } from './run-company.ts';
import type { Connection } from './store/connections.ts';
import { priceOf, saveUsage } from './store/usage.ts';
import type { Prices } from './store/usage.ts';

/** Takes a connection's calls into the usage ledger as they are made, one after another. */
export type CallLedger = { add(call: ProviderCall): void; saved(): Promise<void> };

export function openCallLedger(
  deps: { db: Database; prices: Prices; observer?: Observer },
  connection: Pick<Connection, 'workspaceId' | 'id'>,
): CallLedger {
  const { workspaceId, id: connectionId } = connection;
  let waiting: ProviderCall[] = [];
  let saving = Promise.resolve();
  return {
    add: (call) => {
      waiting.push(call);
      deps.observer?.countCall(call, priceOf(call, deps.prices));
      saving = saving.then(async () => {
        // Whatever came while the last save was under way goes into one.
        const calls = waiting;
        waiting = [];
        if (calls.length > 0)
          await deps.db.inWorkspace(workspaceId, (tx) =>
            saveUsage(tx, { workspaceId, connectionId }, calls, deps.prices),
          );
      });
      // A failure is told by `saved`, which its owner always awaits.
      saving.catch(() => undefined);
    },
    saved: () => saving,
  };
}

/** The calls of one company at work: each is saved with the answer that it brought, or at the next checkpoint. */
export type CompanyLedger = {
  add: (call: ProviderCall) => void;
  /** One transaction for what `act` saves and these calls (unless told, all that wait). Rolled back, they wait again. */
  save: <T>(act: (tx: Tx) => Promise<T>, calls?: readonly ProviderCall[]) => Promise<T>;
};

// An answer that was paid for is worth waiting for a database that restarts.
const PATIENCE_MS = 15_000;
const TRY_AGAIN_MS = 250;

export function openCompanyLedger(
  deps: { db: Database; prices: Prices; observer?: Observer },
  job: CompanyJob,
): CompanyLedger {
  const waiting = new Set<ProviderCall>();
  return {
    add: (call) => {
      waiting.add(call);
      deps.observer?.countCall(call, priceOf(call, deps.prices));
    },
    save: async (act, calls = [...waiting]) => {
      const deadline = performance.now() + PATIENCE_MS;
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
          if (!isDatabaseGone(error) || performance.now() > deadline) {
            for (const call of calls) waiting.add(call);
            throw error;
          }
          await wait(TRY_AGAIN_MS);
        }
      }
    },
  };
}
