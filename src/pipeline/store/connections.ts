import type { CrmKind, CrmObject } from '../../connectors/crm.ts';
import type { FieldKey } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';

/** The credentials of one CRM org in a workspace, as the app sees them: who, and whether it may be used. */
export type Connection = {
  workspaceId: string;
  id: string;
  kind: CrmKind;
  name: string;
  organization: string | null;
  status: 'active' | 'paused';
  pausedBecause: string | null;
  /** Fields that people may edit, per object, as the last check found; empty before the first check. */
  fieldAccess: Partial<Record<CrmObject, FieldKey[]>>;
  checkedAt: Date | null;
  syncedAt: Date | null;
};

const COLUMNS = `workspace_id as "workspaceId", id, kind, name, organization, status, paused_because as "pausedBecause",
  field_access as "fieldAccess", checked_at as "checkedAt", synced_at as "syncedAt"`;

/** The connection of that kind and name, made if need be. */
export async function ensureConnection(
  tx: Tx,
  workspaceId: string,
  kind: CrmKind,
  name: string,
): Promise<Connection> {
  await tx.query(
    'insert into connections (workspace_id, kind, name) values ($1, $2, $3) on conflict (workspace_id, kind, name) do nothing',
    [workspaceId, kind, name],
  );
  const { rows } = await tx.query<Connection>(
    `select ${COLUMNS} from connections where workspace_id = $1 and kind = $2 and name = $3`,
    [workspaceId, kind, name],
  );
  if (rows[0] === undefined) throw new Error(`connection ${kind} ${name} vanished while it was being made`);
  return rows[0];
}

/** All connections of the workspace, in the order in which they were made. */
export async function listConnections(tx: Tx): Promise<Connection[]> {
  const { rows } = await tx.query<Connection>(`select ${COLUMNS} from connections order by created_at, id`);
  return rows;
}

export async function findConnection(tx: Tx, id: string): Promise<Connection | null> {
  const { rows } = await tx.query<Connection>(`select ${COLUMNS} from connections where id = $1`, [id]);
  return rows[0] ?? null;
}

/** Notes what a check found. */
export async function saveCheck(
  tx: Tx,
  id: string,
  check: { organization: string; fieldAccess: Connection['fieldAccess'] },
): Promise<void> {
  await tx.query(
    'update connections set organization = $2, field_access = $3, checked_at = now() where id = $1',
    [id, check.organization, JSON.stringify(check.fieldAccess)],
  );
}

/** Stops all work on one connection, with the reason that people see; null resumes it. */
export async function pauseConnection(tx: Tx, id: string, because: string | null): Promise<void> {
  await tx.query(
    `update connections set status = case when $2::text is null then 'active' else 'paused' end, paused_because = $2 where id = $1`,
    [id, because],
  );
}

export async function noteSynced(tx: Tx, id: string): Promise<void> {
  await tx.query('update connections set synced_at = now() where id = $1', [id]);
}

/** Connections that still have writes of this company to send. */
export async function listConnectionsToFlush(tx: Tx, companyId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `select distinct connection_id as id from writes where company_id = $1 and state = 'planned'`,
    [companyId],
  );
  return rows.map((row) => row.id);
}
