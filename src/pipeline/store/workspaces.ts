import type { Database } from '../../db.ts';

/** The workspace that one installation starts with. */
export const DEFAULT_WORKSPACE = 'default';

/** The id of the workspace of that name, made if need be. Safe when several processes start together. */
export async function ensureWorkspace(db: Database, name: string = DEFAULT_WORKSPACE): Promise<string> {
  return (await makeWorkspace(db, name)).id;
}

/** The same, and whether it was made just now. */
export function makeWorkspace(db: Database, name: string): Promise<{ id: string; made: boolean }> {
  return db.inDirectory(async (tx) => {
    const made = await tx.query('insert into workspaces (name) values ($1) on conflict (name) do nothing', [
      name,
    ]);
    const { rows } = await tx.query<{ id: string }>('select id from workspaces where name = $1', [name]);
    if (rows[0] === undefined) throw new Error(`workspace ${name} vanished while it was being made`);
    return { id: rows[0].id, made: made.rowCount === 1 };
  });
}

/** Takes a workspace away again that was made for a connection which did not come to be; one that has any stays. */
export async function dropUnconnected(db: Database, workspaceId: string): Promise<void> {
  await db.inWorkspace(workspaceId, async (tx) => {
    // Whoever is making its first connection at this moment goes first, and is seen below.
    await tx.query('select from workspaces where id = $1 for update', [workspaceId]);
    await tx.query(
      `delete from workspaces where id = $1
         and not exists (select from connections) and not exists (select from slack_installations)`,
      [workspaceId],
    );
  });
}

/** The id of the workspace of that name; null when there is none. */
export async function findWorkspace(db: Database, name: string): Promise<string | null> {
  const found = await readWorkspaces(db);
  return found.find((workspace) => workspace.name === name)?.id ?? null;
}

/** The name of a workspace; null when there is none of that id. */
export async function findWorkspaceName(db: Database, id: string): Promise<string | null> {
  const found = await readWorkspaces(db);
  return found.find((workspace) => workspace.id === id)?.name ?? null;
}

/** All workspaces, oldest first; there are few, one per customer. */
export function readWorkspaces(db: Database): Promise<{ id: string; name: string }[]> {
  return db.inDirectory(async (tx) => {
    const { rows } = await tx.query<{ id: string; name: string }>(
      'select id, name from workspaces order by created_at, id',
    );
    return rows;
  });
}

/** Ids of all workspaces. */
export async function listWorkspaces(db: Database): Promise<string[]> {
  return (await readWorkspaces(db)).map(({ id }) => id);
}
