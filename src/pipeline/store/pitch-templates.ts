import type { Tx } from '../../db.ts';

/** A pitch template of the workspace's own. */
export type CustomTemplate = { name: string; source: string; updatedAt: Date };

const COLUMNS = 'name, source, updated_at as "updatedAt"';

export async function listCustomTemplates(tx: Tx): Promise<CustomTemplate[]> {
  const { rows } = await tx.query<CustomTemplate>(`select ${COLUMNS} from pitch_templates order by name`);
  return rows;
}

export async function findCustomTemplate(tx: Tx, name: string): Promise<CustomTemplate | null> {
  const { rows } = await tx.query<CustomTemplate>(`select ${COLUMNS} from pitch_templates where name = $1`, [
    name,
  ]);
  return rows[0] ?? null;
}

/** Stores a template that was checked; null when the workspace has `most` others already. The same text again changes nothing. */
export async function saveCustomTemplate(
  tx: Tx,
  workspaceId: string,
  { name, source, most }: { name: string; source: string; most: number },
): Promise<CustomTemplate | null> {
  const { rows } = await tx.query<CustomTemplate>(
    `insert into pitch_templates (workspace_id, name, source)
     select $1, $2, $3 where (select count(*) from pitch_templates where name <> $2) < $4
     on conflict (workspace_id, name) do update set source = excluded.source,
       updated_at = case when pitch_templates.source = excluded.source then pitch_templates.updated_at else now() end
     returning ${COLUMNS}`,
    [workspaceId, name, source, most],
  );
  return rows[0] ?? null;
}

/** True when there was one. */
export async function removeCustomTemplate(tx: Tx, name: string): Promise<boolean> {
  const { rowCount } = await tx.query('delete from pitch_templates where name = $1', [name]);
  return rowCount === 1;
}
