import type { Database } from '../../db.ts';
import type { Stage } from '../stage.ts';
import { findCurrentExtraction, listSignals } from '../store/extractions.ts';
import { replacePersonas } from '../store/personas.ts';
import { listContacts } from '../store/records.ts';
import { choosePersonas, findReadRoles } from './choose-personas.ts';
import { matchContacts } from './match-contacts.ts';

/** Signals and CRM contacts → personas. */
export function createPersonasStage(deps: { db: Database }): Stage {
  return {
    name: 'personas',
    tries: 3,
    run: async ({ workspaceId, companyId, model }) => {
      await deps.db.inWorkspace(workspaceId, async (tx) => {
        const extraction = await findCurrentExtraction(tx, companyId);
        if (extraction === null) throw new Error('nothing was extracted before personas');
        const signals = await listSignals(tx, extraction.id);
        const personas = choosePersonas({ model, signals, read: findReadRoles(extraction) });
        const people = await listContacts(tx, companyId);
        await replacePersonas(tx, workspaceId, companyId, matchContacts({ personas, people, model }));
      });
    },
  };
}
