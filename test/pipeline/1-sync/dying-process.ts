import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { SalesforceOptions } from '../../../src/connectors/salesforce/salesforce.ts';
import type { Crm } from '../../../src/connectors/crm.ts';
import type { Database } from '../../../src/db.ts';
import { connect } from '../../connectors/salesforce/connect.ts';
import { Killed } from '../../harness/killable.ts';

export type DyingProcess = { db: Database; crm: Crm; isDead: () => boolean };

/** A process that dies at its nth step, a step being one side of a transaction or of a request; from then on nothing answers it. */
export function startProcess(
  within: { db: Database; twin: SalesforceTwin },
  diesAt: number,
  { fetch: send = fetch, ...settings }: Partial<SalesforceOptions> = {},
): DyingProcess {
  let steps = 0;
  let dead = false;
  const live = (): void => {
    steps += 1;
    if (dead || steps === diesAt) {
      dead = true;
      throw new Killed('killed');
    }
  };
  const db: Database = {
    ...within.db,
    inWorkspace: async (workspace, act) => {
      live();
      const result = await within.db.inWorkspace(workspace, act);
      live();
      return result;
    },
  };
  const crm = connect(within.twin, {
    ...settings,
    fetch: async (input, init) => {
      live();
      const answer = await send(input, init);
      live();
      return answer;
    },
  });
  return { db, crm, isDead: () => dead };
}
