import type { Database } from './db.ts';
import { UserError } from './errors.ts';
import { findWorkspace, makeWorkspace } from './pipeline/store/workspaces.ts';

/**
 * The workspace that a command acts on, and whether it was made for it: the named one, or home where none is named.
 * Throws UserError where there is none of that name and the command may not make it.
 */
export async function chooseWorkspace(
  db: Database,
  options: { workspace?: string | undefined; makeWorkspace?: boolean },
  homeWorkspaceId: string,
): Promise<{ id: string; made: boolean }> {
  const { workspace, makeWorkspace: mayMake = false } = options;
  if (workspace === undefined) return { id: homeWorkspaceId, made: false };
  if (mayMake) return makeWorkspace(db, workspace);
  const found = await findWorkspace(db, workspace);
  if (found !== null) return { id: found, made: false };
  throw new UserError(
    `There is no workspace "${workspace}"`,
    'A workspace comes to be with its first connection: fieldnote connect salesforce|hubspot --name NAME --workspace NAME',
  );
}
