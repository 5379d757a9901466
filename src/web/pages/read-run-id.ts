import type { Request } from 'express';
import { findRun } from '../../pipeline/store/runs.ts';
import { HttpError } from '../http-error.ts';
import type { PageDeps } from './page-deps.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Has it the form of an id: nothing else may be asked of the database. */
export const isRunId = (text: string): boolean => UUID.test(text);

/** The id of an existing run from the path. Throws HttpError 404. */
export async function readRunId({ db, workspaceId }: PageDeps, request: Request): Promise<string> {
  const id = String(request.params['id']).toLowerCase();
  const run = isRunId(id) ? await db.inWorkspace(workspaceId, (tx) => findRun(tx, id)) : null;
  if (run === null)
    throw new HttpError(404, `There is no run ${id}`, 'The list of runs shows the newest ones.');
  return id;
}
