import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { findRunIds } from '../pipeline/store/runs.ts';

/**
 * The id of the run that a person means: all of it, or its beginning as lists and pages show it.
 * @throws UserError where there is no such run, or more than one
 */
export async function findRunId({ db, workspaceId }: App, typed: string): Promise<string> {
  const [id, other] = await db.inWorkspace(workspaceId, (tx) => findRunIds(tx, typed));
  const lists = '"fieldnote runs" lists them.';
  if (id === undefined) throw new UserError(`There is no run ${typed}`, lists);
  if (other !== undefined)
    throw new UserError(`Several runs begin with ${typed}`, `Type more of its id: ${lists}`);
  return id;
}
