import type { ProviderCall } from '../connectors/call.ts';
import type { Database } from '../db.ts';
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
