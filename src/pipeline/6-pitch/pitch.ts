import type { Stage } from '../stage.ts';
import { makePitch } from './make-pitch.ts';
import type { PitchMakers } from './make-pitch.ts';
import { MAIN_PITCH } from './prepare-pitch.ts';

/** Score, personas and competitors → pitch. A company without a score gets none: there is nothing to say that could be proven. */
export function createPitchStage(deps: PitchMakers): Stage {
  return {
    name: 'pitch',
    tries: 3,
    run: async (work) => {
      await makePitch(deps, work, MAIN_PITCH, {
        anew: null,
        spent: null,
        store: (act) => deps.db.inWorkspace(work.workspaceId, act),
      });
    },
  };
}
