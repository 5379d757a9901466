import type { Database } from '../../db.ts';

/** The workspace that one installation starts with. */
export const DEFAULT_WORKSPACE = 'default';

/** The id of the workspace of that name, made if need be. Safe when several processes start together. */
export function ensureWorkspace(db: Database, name: string = DEFAULT_WORKSPACE): Promise<string> {
  return db.inDirectory(async (tx) => {
    await tx.query('insert into workspaces (name) values ($1) on conflict (name) do nothing', [name]);
    const { rows } = await tx.query<{ id: string }>('select id from workspaces where name = $1', [name]);
    if (rows[0] === undefined) throw new Error(`workspace ${name} vanished while it was being made`);
    return rows[0].id;
  });
}

/** The id of the workspace of that name; null when there is none. */
export async function findWorkspace(db: Database, name: string): Promise<string | null> {
  const found = await readWorkspaces(db);
  return found.find((workspace) => workspace.name === name)?.id ?? null;
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
