import type { Database } from '../../src/db.ts';

/** What a killed process's code gets to see: from then on nothing it calls answers. */
export class Killed extends Error {
  override name = 'Killed';
}

export type Process = { db: Database; isDead(): boolean; steps(): number };

/**
 * A process that dies at its nth step (0: never): before or after a transaction commits, or at any moment of a CRM call,
 * of which `listen` tells. Afterwards neither database nor CRM answers it, so none of its clean-up runs, as with kill -9.
 * `onMoment` acts at each moment of a CRM call, which are counted from 0: a rep who edits, say.
 */
export function startProcess(
  db: Database,
  listen: (act: () => Promise<void> | void) => void,
  diesAt: number,
  onMoment: (moment: number) => Promise<void> | void = () => undefined,
): Process {
  let steps = 0;
  let moments = 0;
  let dead = false;
  const live = (): void => {
    steps += 1;
    if (dead || steps === diesAt) {
      dead = true;
      throw new Killed('killed');
    }
  };
  listen(async () => {
    // What the dead still send is heard by nobody.
    if (!dead) await onMoment(moments++);
    live();
  });
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
