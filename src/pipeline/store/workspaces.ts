import type { Database } from '../../db.ts';

/** The workspace that one installation starts with. */
const DEFAULT_WORKSPACE = 'default';

/** The id of the workspace of that name, made if need be. Safe when several processes start together. */
export function ensureWorkspace(db: Database, name: string = DEFAULT_WORKSPACE): Promise<string> {
  return db.inDirectory(async (tx) => {
    await tx.query('insert into workspaces (name) values ($1) on conflict (name) do nothing', [name]);
    const { rows } = await tx.query<{ id: string }>('select id from workspaces where name = $1', [name]);
    if (rows[0] === undefined) throw new Error(`workspace ${name} vanished while it was being made`);
    return rows[0].id;
  });
}

/** Ids of all workspaces; there are few, one per customer. */
export function listWorkspaces(db: Database): Promise<string[]> {
  return db.inDirectory(async (tx) => {
    const { rows } = await tx.query<{ id: string }>('select id from workspaces order by created_at, id');
    return rows.map((row) => row.id);
  });
}
