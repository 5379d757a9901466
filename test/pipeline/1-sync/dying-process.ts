import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { SalesforceOptions } from '../../../src/connectors/salesforce/salesforce.ts';
import type { Crm } from '../../../src/connectors/crm.ts';
import type { Database } from '../../../src/db.ts';
import { connect } from '../../connectors/salesforce/connect.ts';
import { startProcess } from '../../harness/killable.ts';

export type DyingProcess = { db: Database; crm: Crm; isDead: () => boolean };

/** A process that dies at its nth step, a step being one side of a transaction or of a request; from then on nothing answers it. */
export function startSyncing(
  within: { db: Database; twin: SalesforceTwin },
  diesAt: number,
  { fetch: send = fetch, ...settings }: Partial<SalesforceOptions> = {},
): DyingProcess {
  let live: () => Promise<void> | void = () => undefined;
  const { db, isDead } = startProcess(within.db, (act) => (live = act), diesAt);
  const crm = connect(within.twin, {
    ...settings,
    fetch: async (input, init) => {
      await live();
      const answer = await send(input, init);
      await live();
      return answer;
    },
  });
  return { db, crm, isDead };
}
