import type { Tx } from '../../db.ts';
import type { Seen } from './seen.ts';

/** A pitch template of the workspace's own. Its version is another one after each change. */
export type CustomTemplate = { name: string; source: string; updatedAt: Date; version: string };

const COLUMNS = 'name, source, updated_at as "updatedAt", version';

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

/**
 * Stores a template that was checked. The same text again changes nothing.
 * @param request `most`: how many others the workspace may have; `mayMake`: did its writer see that there was none of that name?
 * @returns null when there are as many others already, or when what stands is none that its writer saw
 */
export async function saveCustomTemplate(
  tx: Tx,
  workspaceId: string,
  {
    name,
    source,
    most,
    seen,
    mayMake,
  }: { name: string; source: string; most: number; seen: Seen; mayMake: boolean },
): Promise<CustomTemplate | null> {
  const same = 'pitch_templates.source = excluded.source';
  const { rows } = await tx.query<CustomTemplate>(
    // Held until the end: nobody takes it away between this look at it and the write.
    `with held as (select from pitch_templates where name = $2 for update)
     insert into pitch_templates (workspace_id, name, source)
     select $1, $2, $3 where (select count(*) from pitch_templates where name <> $2) < $4 and ($6 or exists (select from held))
     on conflict (workspace_id, name) do update set source = excluded.source,
       version = case when ${same} then pitch_templates.version else excluded.version end,
       updated_at = case when ${same} then pitch_templates.updated_at else now() end
     where $5::text[] is null or $5 && array[pitch_templates.version::text, '*'] or ${same}
     returning ${COLUMNS}`,
    [workspaceId, name, source, most, seen, mayMake],
  );
  return rows[0] ?? null;
}

/** True when there was one, and it was one that the writer saw. */
export async function removeCustomTemplate(tx: Tx, name: string, seen: Seen): Promise<boolean> {
  const { rowCount } = await tx.query(
    `delete from pitch_templates where name = $1 and ($2::text[] is null or $2 && array[version::text, '*'])`,
    [name, seen],
  );
  return rowCount === 1;
}
