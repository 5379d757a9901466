import type { z } from 'zod';
import type { CrmKind, FieldAccess } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import type { Sealed } from '../../seal.ts';
import { ConnectionSettings } from './connection-settings.ts';

/** Credentials as they are stored; `version` counts their changes. */
export type StoredCredentials = Sealed & { version: number };

/** The credentials of one CRM org in a workspace, as the app sees them: who, and whether it may be used. */
export type Connection = {
  workspaceId: string;
  id: string;
  kind: CrmKind;
  name: string;
  organization: string | null;
  /** The org's own id, as the last check found. */
  organizationId: string | null;
  /** Whose limits it shares with whatever else leads there (`hubspot:HOST/PORTAL`); its own until a check found out. */
  account: string;
  /** `removed`: without credentials and records; what was written stays to be read. */
  status: 'active' | 'paused' | 'removed';
  pausedBecause: string | null;
  pausedAt: Date | null;
  /** As the last check found; empty before the first one. */
  fieldAccess: FieldAccess;
  /** How long ago that was asked last, in milliseconds; null: never. */
  accessAgeMs: number | null;
  checkedAt: Date | null;
  syncedAt: Date | null;
  /** Since then a sync is wanted at once; null: none is, and it comes with the interval. */
  syncAskedAt: Date | null;
  /** Sealed; null where the environment gives them. */
  credentials: StoredCredentials | null;
  settings: ConnectionSettings;
  /** Counts the changes of the settings. */
  settingsVersion: number;
};

const SELECT = `select c.workspace_id as "workspaceId", c.id, c.kind, c.name, c.organization,
    c.organization_id as "organizationId", c.account, c.status, c.paused_because as "pausedBecause", c.paused_at as "pausedAt",
    c.field_access as "fieldAccess", (extract(epoch from now() - c.access_checked_at) * 1000)::float8 as "accessAgeMs", c.checked_at as "checkedAt", c.synced_at as "syncedAt",
    c.sync_asked_at as "syncAskedAt",
    c.settings, c.settings_version as "settingsVersion", k.version, k.key_id as "keyId", k.sealed as box
  from connections c left join credentials k on k.workspace_id = c.workspace_id and k.connection_id = c.id`;

type Row = Omit<Connection, 'credentials' | 'settings'> & { settings: unknown } & (
    | { version: null; keyId: null; box: null }
    | { version: number; keyId: string; box: Buffer }
  );

async function read(tx: Tx, rest: string, values: unknown[] = []): Promise<Connection[]> {
  const { rows } = await tx.query<Row>(`${SELECT} ${rest}`, values);
  return rows.map(({ version, keyId, box, settings, ...connection }) => ({
    ...connection,
    settings: ConnectionSettings.parse(settings),
    credentials: version === null ? null : { version, keyId, box },
  }));
}

/** How people call a connection: `hubspot`, or `hubspot emea` when it is not the environment's. */
export function nameConnection({ kind, name }: Pick<Connection, 'kind' | 'name'>): string {
  return name === DEFAULT_CONNECTION ? kind : `${kind} ${name}`;
}

/** An object as people find it: `Account`, or `emea Account` where the connection is not the environment's. */
export const nameObject = (connection: string, object: string): string =>
  connection === DEFAULT_CONNECTION ? object : `${connection} ${object}`;

/** The connection whose credentials the environment gives. */
export const DEFAULT_CONNECTION = 'default';

/** The connection of that kind and name, made if need be; one that was removed comes back. */
export async function ensureConnection(
  tx: Tx,
  workspaceId: string,
  kind: CrmKind,
  name: string,
): Promise<Connection> {
  await tx.query(
    `insert into connections (workspace_id, kind, name) values ($1, $2, $3)
     on conflict (workspace_id, kind, name) do update set status = 'active' where connections.status = 'removed'`,
    [workspaceId, kind, name],
  );
  const found = await findNamedConnection(tx, kind, name);
  if (found === null) throw new Error(`connection ${kind} ${name} vanished while it was being made`);
  return found;
}

/** All connections of the workspace that were not removed, in the order in which they were made. */
export function listConnections(tx: Tx): Promise<Connection[]> {
  return read(tx, `where c.status <> 'removed' order by c.created_at, c.id`);
}

/** All of them, those that were removed included: what was written through these can still be read. */
export function listConnectionsEver(tx: Tx): Promise<Connection[]> {
  return read(tx, 'order by c.created_at, c.id');
}

export async function findConnection(tx: Tx, id: string): Promise<Connection | null> {
  const [found] = await read(tx, 'where c.id = $1', [id]);
  return found ?? null;
}

export async function findNamedConnection(tx: Tx, kind: CrmKind, name: string): Promise<Connection | null> {
  const [found] = await read(tx, 'where c.kind = $1 and c.name = $2', [kind, name]);
  return found ?? null;
}

/** Notes what a check found. */
export async function saveCheck(
  tx: Tx,
  id: string,
  check: {
    organization: string;
    organizationId: string;
    server: string;
    fieldAccess: Connection['fieldAccess'];
  },
): Promise<void> {
  await tx.query(
    `update connections set organization = $2, organization_id = $3, server = $4, field_access = $5, checked_at = now(),
       access_checked_at = now() where id = $1`,
    [id, check.organization, check.organizationId, check.server, JSON.stringify(check.fieldAccess)],
  );
}

/** Notes who may edit our fields as it stands now. */
export async function saveFieldAccess(tx: Tx, id: string, access: FieldAccess): Promise<void> {
  await tx.query(`update connections set field_access = $2, access_checked_at = now() where id = $1`, [
    id,
    JSON.stringify(access),
  ]);
}

/** The connection of the workspace that had that org before this one did; null when there is none. */
export async function findTwin(
  tx: Tx,
  organizationId: string,
  { id, kind }: { id: string | null; kind: CrmKind },
): Promise<Connection | null> {
  const [found] = await read(
    tx,
    `where c.status <> 'removed' and c.kind = $1 and c.organization_id = $2 and c.id is distinct from $3
       and not exists (select from connections own where own.id = $3 and (own.created_at, own.id) < (c.created_at, c.id))
     order by c.created_at, c.id limit 1`,
    [kind, organizationId, id],
  );
  return found ?? null;
}

/**
 * Stops all work on one connection, with the reason that people see. True when it was at work until now, with the credentials that it
 * was found with.
 */
export async function pauseConnection(
  tx: Tx,
  { id, credentials }: Pick<Connection, 'id' | 'credentials'>,
  because: string,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update connections set status = 'paused', paused_because = $2, paused_at = now() where id = $1 and status = 'active'
     and (select k.version from credentials k where k.connection_id = $1) is not distinct from $3`,
    [id, because, credentials?.version ?? null],
  );
  return rowCount === 1;
}

// The first sync of a large org takes hours. One that does not come about in a day must not hold up the other connections.
const FIRST_SYNC_HOURS = 24;

/** Is there a connection at work that was not read to its end yet, and that is not older than a day? */
export async function isFirstSyncUnderWay(tx: Tx): Promise<boolean> {
  const { rowCount } = await tx.query(
    `select from connections where status = 'active' and synced_at is null
       and created_at > now() - $1 * interval '1 hour' limit 1`,
    [FIRST_SYNC_HOURS],
  );
  return rowCount === 1;
}

/** Takes a connection out of its pause. True when it was in one. */
export async function resumeConnection(tx: Tx, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update connections set status = 'active', paused_because = null, paused_at = null where id = $1 and status = 'paused'`,
    [id],
  );
  return rowCount === 1;
}

/**
 * Stores settings in place of those before. False when somebody else changed them since `version` was read.
 * @param settings what differs from the usual
 */
export async function saveSettings(
  tx: Tx,
  id: string,
  settings: z.input<typeof ConnectionSettings>,
  version: number,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    'update connections set settings = $2, settings_version = settings_version + 1 where id = $1 and settings_version = $3',
    [id, JSON.stringify(settings), version],
  );
  return rowCount === 1;
}

/** A sync is through. `askedBefore`: who asked for one before then has got what they wanted. */
export async function noteSynced(tx: Tx, id: string, askedBefore: Date): Promise<void> {
  await tx.query(
    `update connections set synced_at = now(),
       sync_asked_at = case when sync_asked_at < $2 then null else sync_asked_at end
     where id = $1`,
    [id, askedBefore],
  );
}

/** Notes that a sync is wanted at once. Asked every moment, it is written once in ten seconds. */
export async function askForSync(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update connections set sync_asked_at = clock_timestamp()
     where id = $1 and (sync_asked_at is null or sync_asked_at < clock_timestamp() - interval '10 seconds')`,
    [id],
  );
}

/** Connections that still have writes of this company to send. */
export async function listConnectionsToFlush(tx: Tx, companyId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    // In the order of listConnections: two that ask for several flushes at once never wait for each other in a circle.
    // "offset 0" is a fence: the company's writes are looked up by their own index, not all that wait.
    `select c.id from connections c where c.id in (
       select connection_id from (select connection_id, state from writes where company_id = $1 offset 0) as w
       where state = 'planned')
     order by c.created_at, c.id`,
    [companyId],
  );
  return rows.map((row) => row.id);
}
