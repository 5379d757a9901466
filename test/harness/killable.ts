import type { Database } from '../../src/db.ts';
import type { FakeCrm } from './fake-crm.ts';

/** What a killed process's code gets to see: from then on nothing it calls answers. */
export class Killed extends Error {
  override name = 'Killed';
}

export type Process = { db: Database; isDead(): boolean; steps(): number };

/**
 * A process that dies at its nth step (0: never): before or after a transaction commits, or at any moment of a CRM call.
 * Afterwards neither database nor CRM answers it, so none of its clean-up runs, as with kill -9. `onMoment` acts at each
 * moment of a CRM call: a rep who edits, say.
 */
export function startProcess(
  db: Database,
  fake: FakeCrm,
  diesAt: number,
  onMoment: (step: number) => void = () => undefined,
): Process {
  let steps = 0;
  let dead = false;
  const live = (): void => {
    steps += 1;
    if (dead || steps === diesAt) {
      dead = true;
      throw new Killed('killed');
    }
  };
  fake.at = () => {
    onMoment(steps);
    live();
  };
  return {
    isDead: () => dead,
    steps: () => steps,
    db: {
      ...db,
      inWorkspace: async (workspaceId, act) => {
        live();
        const result = await db.inWorkspace(workspaceId, act);
        live();
        return result;
      },
    },
  };
}
